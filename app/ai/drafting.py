"""The messages that a model is given for the draft of an answer to a client."""

import secrets
from dataclasses import dataclass
from typing import Any

from app.ai.phrases import LANGUAGES, load, render
from app.ai.prompts import Message, fenced
from app.ai.question import person_name, visible

TALK_LIMIT = 12
TEAM_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class PastReading:
    date: str
    spread: str
    cards: tuple[str, ...]
    question: str | None


@dataclass(frozen=True, slots=True)
class DraftBrief:
    """`talk` holds (whether the client said it, the words), the oldest first; `about` is what the project says."""

    project_name: str
    voice: str
    about: str
    language: str
    address: str
    gender: str
    first_name: str
    readings: tuple[PastReading, ...]
    balance: dict[str, int]
    talk: tuple[tuple[bool, str], ...]


def build(brief: DraftBrief) -> list[Message]:
    """System and user messages in the client's language. What the client wrote is fenced in a tag of this call."""
    texts: dict[str, Any] = load("draft", brief.language)
    tag = f"client-{secrets.token_hex(4)}"
    values = {
        "project": brief.project_name,
        "voice": brief.voice,
        "language": _language(brief.language),
        "address": texts["address"][brief.address],
        "gender": texts["gender"][brief.gender],
        "tag": tag,
    }
    system = "\n".join(render(line, formal=False, values=values).strip() for line in texts["system"])
    return [{"role": "system", "content": system}, {"role": "user", "content": _material(brief, texts, tag)}]


def _material(brief: DraftBrief, texts: dict[str, Any], tag: str) -> str:
    def fill(key: str, **values: str) -> str:
        return render(texts[key], formal=False, values={"tag": tag, **values})

    name = person_name(brief.first_name)
    parts = [fill("about", about=brief.about) if brief.about else "", fill("name", name=name) if name else ""]
    parts.append(texts["readings"] if brief.readings else texts["no_readings"])
    parts += [
        fill(
            "reading",
            date=reading.date,
            spread=reading.spread,
            cards=", ".join(reading.cards) or "—",
            question=fenced(reading.question or "—"),
        )
        for reading in brief.readings
    ]
    parts.append(fill("balance", **{unit: str(amount) for unit, amount in brief.balance.items()}))
    talk = brief.talk[-TALK_LIMIT:]
    if not talk:
        return "\n".join([*(part for part in parts if part), texts["silent"]])
    parts.append(texts["talk"])
    parts += [
        fill("client", text=fenced(words)) if is_client else fill("team", text=visible(words)[:TEAM_CHARACTERS])
        for is_client, words in talk
    ]
    return "\n".join([*(part for part in parts if part), texts["please"]])


def _language(code: str) -> str:
    return {"ru": "русский", "en": "English"}[code] if code in LANGUAGES else f"the language “{code}”"
