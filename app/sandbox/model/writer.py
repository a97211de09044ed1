"""Writes the text of the sandbox: reads the cards out of the prompt, as a model would, and tells them."""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.kit import json

_FOLDER = Path(__file__).parent
_CARD = re.compile(
    r"^\d+\. (?:Позиция|Position): [«“](?P<position>.*?)[»”]\.[^\n]*\n"
    r"\s*(?:Карта|Card): (?P<name>[^\n]+)\n"
    r"\s*(?:Положение|Orientation): (?P<orientation>[^\n]+)\n"
    r"\s*(?:Ключевые слова|Key words): (?P<keywords>[^\n]*)\n"
    r"\s*(?:Значение|Meaning): ?(?P<meaning>[^\n]*)",
    re.MULTILINE,
)
_QUESTION = re.compile(r"<(question-\w+)>\n(.*?)\n</\1>", re.DOTALL)
# Words of a client, in the prompt of a draft.
_CLIENT = re.compile(r"<(client-\w+)>(.*?)</\1>", re.DOTALL)
_SLOT = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Card:
    position: str
    name: str
    reversed: bool
    keywords: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What the prompt says. `turn` counts the follow-ups: 0 is the reading itself."""

    language: str
    formal: bool
    name: str
    question: str
    cards: tuple[Card, ...]
    turn: int
    instructions: str
    is_draft: bool = False

    def translated(self) -> "Reading":
        """The same reading in the language that was not asked for."""
        return replace(self, language="en" if self.language == "ru" else "ru", question="", name="")


def read(messages: list[dict[str, str]]) -> Reading:
    system = "\n".join(entry["content"] for entry in messages if entry.get("role") == "system")
    said = [entry["content"] for entry in messages if entry.get("role") == "user"] or [""]
    cards = tuple(
        Card(
            found["position"],
            found["name"].strip(),
            found["orientation"].strip() in ("перевёрнутое", "reversed"),
            tuple(word.strip() for word in found["keywords"].split(",") if word.strip()),
            found["meaning"].strip(),
        )
        for found in _CARD.finditer(said[0])
    )
    if "client-" in system:
        return _draft(system, said[-1])
    asked = _QUESTION.search(said[-1])
    name = re.search(r"^(?:Имя человека|The person's name): (.+)\.$", said[0], re.MULTILINE)
    return Reading(
        language="ru" if "\nКарты:\n" in said[0] else "en",
        formal="на «вы»" in system or "politely" in system,
        name=name[1] if name else "",
        question=asked[2] if asked else "",
        cards=cards,
        turn=len(said) - 1,
        instructions=system,
    )


def _draft(system: str, told: str) -> Reading:
    """The prompt of an answer to a client: his last words, which stand behind his readings."""
    said = [found[2] for found in _CLIENT.finditer(told)]
    name = re.search(r"^(?:Имя клиента|The client's name): (.+)\.$", told, re.MULTILINE)
    return Reading(
        language="ru" if "черновик" in system else "en",
        formal="на «вы»" in system or "polite" in system,
        name=name[1] if name else "",
        question=said[-1].strip() if said else "",
        cards=(),
        turn=0,
        instructions=system,
        is_draft=True,
    )


def write(reading: Reading) -> str:
    """The whole text, the same for the same prompt."""
    return _Writer(reading).text()


def tokens(text: str) -> list[str]:
    """Pieces of about the size of a token: a short word, or half of a long one, with the space before it."""
    return re.findall(r"\s*\S{1,6}|\s+$", text)


class _Writer:
    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._phrases: dict[str, Any] = json.loads((_FOLDER / f"phrases.{reading.language}.json").read_bytes())
        self._used: dict[str, int] = {}

    def text(self) -> str:
        reading = self._reading
        if reading.is_draft:
            return self._hello("draft" if reading.question else "draft_silent")
        if not reading.cards:
            return self._phrase("no_cards")
        return self._follow_up() if reading.turn else self._whole()

    def _whole(self) -> str:
        cards = self._reading.cards
        last = len(cards) - 1
        parts = [self._hello("opening" if self._reading.question else "opening_silent")]
        for place, card in enumerate(cards):
            step = "first" if place == 0 else "last" if place == last else "next"
            mood = "reversed" if card.reversed else "upright"
            placed = self._phrase(step, card)
            parts.append(" ".join((placed, card.meaning, self._phrase(f"link_{mood}", card))))
        if last:
            parts.append(self._phrase("together", cards[0], cards[last]))
        elif self._reading.question:
            parts.append(self._phrase("answer", cards[0]))
        parts.append(self._phrase("action", cards[last]))
        return "\n\n".join(parts)

    def _follow_up(self) -> str:
        cards = self._reading.cards
        asked = self._reading.question.lower()
        named = [card for card in cards if card.name.lower().removeprefix("the ")[:5] in asked]
        card = (named or [cards[-self._reading.turn % len(cards)]])[0]
        told = f"{self._phrase('focus', card)} {card.meaning}"
        parts = (self._hello("again"), told, self._phrase("answer", card), self._phrase("action", card))
        return "\n\n".join(parts)

    def _hello(self, slot: str) -> str:
        line = self._phrase(slot)
        return f"{self._reading.name}, {line}" if self._reading.name else line[:1].upper() + line[1:]

    def _phrase(self, slot: str, card: Card | None = None, other: Card | None = None) -> str:
        options: list[str] = self._phrases[slot]
        turn = self._used.get(slot, 0)
        self._used[slot] = turn + 1
        seed = hashlib.sha256(f"{slot}{self._reading.turn}{self._reading.question}".encode()).digest()[0]
        values = {"question": self._reading.question, "other": other.name if other else ""}
        if card:
            mood = "reversed" if card.reversed else "upright"
            values |= {
                "card": card.name,
                "position": card.position,
                "orientation": self._phrases["orientation"][mood],
                "key": card.keywords[0] if card.keywords else card.name,
            }

        def fill(found: re.Match[str]) -> str:
            informal, polite, formal = found[1].partition("|")
            return (formal if self._reading.formal else informal) if polite else values[informal]

        return _SLOT.sub(fill, options[(seed + turn) % len(options)])
