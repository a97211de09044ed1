"""The messages that a model is given. The question is fenced in a tag that nobody can guess or close."""

import secrets
from dataclasses import dataclass
from typing import Any

from app.ai.brief import Brief, DrawnCard
from app.ai.phrases import LANGUAGES, load, render
from app.ai.question import person_name, says_something, visible

QUESTION_LIMIT = 500
HISTORY_LIMIT = 6
# What a model is told to write instead of a reading when it sees a person in danger.
CRISIS_MARK = "[CRISIS]"
Message = dict[str, str]


@dataclass(frozen=True, slots=True)
class Prompt:
    """`instructions` is the part that must never appear in an answer."""

    messages: list[Message]
    instructions: str


def build(brief: Brief) -> Prompt:
    """System and user messages in the reading's language; for a follow-up, the conversation so far."""
    texts: dict[str, Any] = load("prompt", brief.language)
    # A new tag for every call: text that was written beforehand cannot close it.
    tag = f"question-{secrets.token_hex(4)}"
    instructions = "\n".join(_fill(line, brief, texts, tag) for line in texts["system"])
    messages = [
        {"role": "system", "content": instructions},
        {"role": "user", "content": _reading(brief, texts, tag)},
    ]
    if brief.follow_up is not None:
        messages.append({"role": "assistant", "content": brief.interpretation or ""})
        for question, answer in brief.exchanges[-HISTORY_LIMIT:]:
            messages += [
                {"role": "user", "content": _follow_up(question, texts, tag)},
                {"role": "assistant", "content": answer},
            ]
        messages.append({"role": "user", "content": _follow_up(brief.follow_up, texts, tag)})
    return Prompt(messages, instructions)


def word_count(cards: int) -> int:
    """How long a reading should be: about 160 words for one card, 610 for ten."""
    return 110 + 50 * cards


def fenced(text: str) -> str:
    """Untrusted text fit to stand in a tag: one line, no brackets that could open or close one, bounded."""
    return visible(text)[:QUESTION_LIMIT].replace("<", "‹").replace(">", "›")


def _fill(line: str, brief: Brief, texts: dict[str, Any], tag: str) -> str:
    return render(
        line,
        formal=brief.address == "formal",
        values={
            "project": brief.project_name,
            "voice": brief.voice,
            # The Russian texts need no name of the language; the English ones serve every other language too.
            "language": "English" if brief.language in LANGUAGES else f"the language “{brief.language}”",
            "address": texts["address"][brief.address],
            "gender": texts["gender"][brief.gender],
            "words": str(word_count(len(brief.cards))),
            "tag": tag,
        },
    ).strip()


def _reading(brief: Brief, texts: dict[str, Any], tag: str) -> str:
    spread = {"spread": brief.spread_name, "description": brief.spread_description}
    name = person_name(brief.first_name)
    parts = [
        render(texts["spread"], formal=False, values=spread),
        render(texts["name"], formal=False, values={"name": name}) if name else "",
        texts["cards"],
        *(_card(number, card, texts) for number, card in enumerate(brief.cards, 1)),
        _question(brief.question, texts, tag),
    ]
    return "\n".join(part for part in parts if part)


def _card(number: int, card: DrawnCard, texts: dict[str, Any]) -> str:
    values = {
        "number": str(number),
        "position": card.position_name,
        "position_meaning": card.position_meaning,
        "card": card.card_name,
        "orientation": texts["orientation"]["reversed" if card.reversed else "upright"],
        "keywords": ", ".join(card.keywords),
        "meaning": card.meaning,
    }
    return render(texts["card"], formal=False, values=values)


def _question(question: str | None, texts: dict[str, Any], tag: str) -> str:
    if not says_something(question):
        return str(texts["silent"])
    return render(texts["question"], formal=False, values={"tag": tag, "question": fenced(question or "")})


def _follow_up(question: str, texts: dict[str, Any], tag: str) -> str:
    return render(texts["follow_up"], formal=False, values={"tag": tag, "question": fenced(question)})
