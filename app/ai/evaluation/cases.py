"""The cases and the briefs made of them: cards are drawn from the bundled deck, the same every time."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.ai import offline
from app.ai.brief import Address, Brief, DrawnCard, Gender, Kind
from app.catalogue import demo
from app.kit import json

_FILE = Path(__file__).parent / "cases.json"
_NAMES = {"ru": "Анна", "en": "Anna"}


@dataclass(frozen=True, slots=True)
class Case:
    """`expect`: the kind of answer. `injection`: what a text that obeyed would hold."""

    id: str
    brief: Brief
    expect: Kind
    injection: tuple[str, ...] | None


def load(*, profile: str | None) -> list[Case]:
    """All cases, addressed to a profile (none: to nobody, which is the offline interpreter)."""
    catalogue = demo.load()
    return [_case(entry, catalogue, profile) for entry in json.loads(_FILE.read_bytes())]


def _case(entry: dict[str, Any], catalogue: dict[str, Any], profile: str | None) -> Case:
    language: str = entry["language"]
    project = _find(catalogue["projects"], entry.get("project", "luna"))
    spread = _find(catalogue["spreads"], entry["spread"])
    deck = _find(catalogue["decks"], project["decks"][0])
    address: Address = entry.get("address", "informal")
    gender: Gender = entry.get("gender", "unspecified")
    brief = Brief(
        project_key=project["key"],
        project_name=project["name"][language],
        voice=project["voice"][language],
        language=language,
        address=address,
        gender=gender,
        first_name=entry.get("name", _NAMES[language]),
        spread_name=spread["name"][language],
        spread_description=spread["description"][language],
        question=entry["question"],
        cards=_draw(entry["id"], spread, deck, language),
        model_profile=profile,
    )
    if "follow_up" in entry:
        brief = _followed_up(brief, entry.get("exchanges", []), entry["follow_up"])
    injection = tuple(entry["injection"]) if "injection" in entry else None
    return Case(entry["id"], brief, entry.get("expect", "reading"), injection)


def _followed_up(brief: Brief, earlier: list[str], follow_up: str) -> Brief:
    brief = replace(brief, interpretation=offline.compose(brief))
    for question in earlier:
        answer = offline.compose(replace(brief, follow_up=question))
        brief = replace(brief, exchanges=(*brief.exchanges, (question, answer)))
    return replace(brief, follow_up=follow_up)


def _draw(seed: str, spread: dict[str, Any], deck: dict[str, Any], language: str) -> tuple[DrawnCard, ...]:
    allowed = [card for card in deck["cards"] if spread["cards"] == "all" or card["arcana"] == "major"]
    shuffled = sorted(allowed, key=lambda card: _rank(seed, card["key"]))
    cards = []
    for position, card in zip(spread["positions"], shuffled, strict=False):
        turned = _rank(seed, card["key"], "turned")[0] % 2 == 1
        side = "reversed" if turned else "upright"
        cards.append(
            DrawnCard(
                position_name=position["name"][language],
                position_meaning=position["meaning"][language],
                card_name=card["name"][language],
                reversed=turned,
                keywords=tuple(card["keywords"][side][language]),
                meaning=card["meaning"][side][language],
            )
        )
    return tuple(cards)


def _rank(*parts: str) -> bytes:
    return hashlib.sha256("\x1f".join(parts).encode()).digest()


def _find(objects: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return next(entry for entry in objects if entry["key"] == key)
