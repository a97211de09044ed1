"""Kind, safe answers to what no card should answer."""

from typing import Any

from app.ai.brief import Brief, Kind
from app.ai.phrases import Picker, load, render
from app.ai.question import person_name
from app.ai.safety import Danger, Subject

_KINDS: dict[Subject, Kind] = {
    "injection": "refused",
    "unspecified": "refused",
    "medical": "medical",
    "legal": "legal",
    "financial": "financial",
}
# The provider's own filter stopped the text and does not say why.
UNSPECIFIED = Danger("unspecified", crisis=False)
# A model saw what our own patterns did not; the answer to despair is fit for whatever it was.
NOTICED = Danger("suicide", crisis=True)


def kind_of(danger: Danger) -> Kind:
    return "crisis" if danger.crisis else _KINDS[danger.subject]


def comfort(danger: Danger, *, language: str, formal: bool, first_name: str) -> str:
    """Paragraphs for somebody in a crisis: kind words, help lines, and one thing to do."""
    texts: dict[str, Any] = load("answers", language)
    name = person_name(first_name)

    def said(template: str) -> str:
        line = render(template, formal=formal, values={"name": f"{name}, " if name else ""})
        return line[:1].upper() + line[1:]

    parts = [said(part) for part in texts["crisis"][danger.subject]]
    return "\n\n".join([*parts, "\n".join(texts["lines"]), said(texts["crisis_step"])])


def compose(brief: Brief, danger: Danger) -> str:
    """Paragraphs. A crisis gets help lines and no cards; the rest takes the cards as prompts for thought."""
    formal = brief.address == "formal"
    if danger.crisis:
        return comfort(danger, language=brief.language, formal=formal, first_name=brief.first_name)
    texts: dict[str, Any] = load("answers", brief.language)
    name = person_name(brief.first_name)

    def said(template: str) -> str:
        line = render(template, formal=formal, values={"name": f"{name}, " if name else ""})
        return line[:1].upper() + line[1:]

    kind = kind_of(danger)
    # Whoever asks a follow-up has the cards before him already.
    cards = [] if brief.follow_up is not None else [said(texts["cards"]), *_cards(brief, texts)]
    return "\n\n".join([*(said(part) for part in texts["opening"][kind]), *cards, said(texts["step"][kind])])


def _cards(brief: Brief, texts: dict[str, Any]) -> list[str]:
    picker = Picker(brief.project_key, brief.question or "", *(card.card_name for card in brief.cards))
    formal = brief.address == "formal"
    return [
        render(
            texts["card"],
            formal=formal,
            values={
                "card": card.card_name,
                "position": card.position_name,
                "orientation": texts["orientation"]["reversed" if card.reversed else "upright"],
                "prompt": render(picker.pick("prompt", texts["prompts"]), formal=formal),
            },
        )
        for card in brief.cards
    ]
