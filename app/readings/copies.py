"""What a reading keeps of the catalogue: its own copy of spread and deck, in one language."""

import hashlib
from dataclasses import dataclass
from typing import Any

from app.catalogue.library import Card, Deck, Project, Spread
from app.kit import json


@dataclass(frozen=True, slots=True)
class DeckCopyContent:
    """`content`: {key, name, cards: {card key: {…}}}; `keys` is the deck's own order for this spread."""

    hash: bytes
    content: dict[str, Any]
    keys: tuple[str, ...]


def spread_copy(project: Project, spread: Spread, language: str) -> dict[str, Any]:
    return {
        "key": spread.key,
        "name": project.text(spread.name, language),
        "description": project.text(spread.description, language),
        "positions": [
            {
                "key": position.key,
                "name": project.text(position.name, language),
                "meaning": project.text(position.meaning, language),
                "x": position.x,
                "y": position.y,
                "rotation": position.rotation,
            }
            for position in spread.positions
        ],
    }


def card_copy(project: Project, card: Card, language: str) -> dict[str, Any]:
    default = project.default_language
    return {
        "key": card.key,
        "number": card.number,
        "arcana": card.arcana,
        "suit": card.suit,
        "rank": card.rank,
        "name": project.text(card.name, language),
        "keywords": {
            "upright": card.keywords(language, default),
            "reversed": card.keywords(language, default, reversed=True),
        },
        "meaning": {
            "upright": card.meaning(language, default),
            "reversed": card.meaning(language, default, reversed=True),
        },
        "picture": card.picture.image(language, default) if card.picture else None,
    }


class DeckCopies:
    """Copies are the same for everybody until the catalogue changes, so each process makes each of them once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str, str, str], DeckCopyContent] = {}
        self._stored: set[tuple[int, bytes]] = set()

    def make(self, stamp: str, project: Project, deck: Deck, spread: Spread, language: str) -> DeckCopyContent:
        """`stamp` names the revision of the catalogue."""
        key = (stamp, f"{project.key}/{deck.key}", spread.cards, language)
        made = self._made.get(key)
        if made is None:
            if len(self._made) > 256:
                self._made.clear()
            content = {
                "key": deck.key,
                "name": project.text(deck.name, language),
                "cards": {card.key: card_copy(project, card, language) for card in deck.cards_for(spread)},
            }
            digest = hashlib.sha256(json.canonical(content)).digest()
            made = self._made[key] = DeckCopyContent(digest, content, tuple(content["cards"]))
        return made

    def is_stored(self, project_id: int, copy: DeckCopyContent) -> bool:
        return (project_id, copy.hash) in self._stored

    def mark_stored(self, project_id: int, copy: DeckCopyContent) -> None:
        """Call only after the transaction that stored it has committed."""
        self._stored.add((project_id, copy.hash))
