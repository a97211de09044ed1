"""What the world may see: bodies built field by field, so that nothing internal gets out by being added."""

from collections.abc import Mapping
from typing import Any

from app.catalogue.library import Deck, MirroredPicture, Package, Project, Spread
from app.kit import json

API = "/api/v1"


def catalogue_body(project: Project, lang: str) -> dict[str, Any]:
    """One project in one language. `version` is a hash of the rest: it moves only with this project."""
    body = {
        "lang": lang,
        "languages": list(project.languages),
        "project": _project(project, lang),
        "spreads": [_spread(project, spread, lang) for spread in project.spreads],
        "decks": [_deck(project, deck, lang) for deck in project.decks],
        "packages": [_package(project, package, lang) for package in project.packages],
    }
    return {"version": json.digest(body)[:32], **body}


def deck_body(project: Project, deck: Deck, lang: str) -> dict[str, Any]:
    """All cards of one deck with their meanings, in one language."""
    default = project.default_language
    return {
        "key": deck.key,
        "name": project.text(deck.name, lang),
        "description": project.text(deck.description, lang),
        "reversals": deck.reversals,
        "back": _image(project, deck.back, lang),
        "cards": [
            {
                "key": card.key,
                "number": card.number,
                "arcana": card.arcana,
                "suit": card.suit,
                "rank": card.rank,
                "name": project.text(card.name, lang),
                "keywords": {
                    "upright": list(card.keywords(lang, default)),
                    "reversed": list(card.keywords(lang, default, reversed=True)),
                },
                "meaning": {
                    "upright": card.meaning(lang, default),
                    "reversed": card.meaning(lang, default, reversed=True),
                },
                "picture": _image(project, card.picture, lang),
            }
            for card in deck.cards
        ],
    }


def catalogue_path(slug: str) -> str:
    return f"{API}/projects/{slug}/catalogue"


def deck_path(slug: str, deck_key: str) -> str:
    return f"{API}/projects/{slug}/catalogue/decks/{deck_key}"


def _project(project: Project, lang: str) -> dict[str, Any]:
    theme = project.theme
    return {
        "key": project.key,
        "slug": project.slug,
        "name": project.text(project.name, lang),
        "tagline": project.text(project.tagline, lang),
        "description": project.text(project.description, lang),
        "welcome": project.text(project.welcome, lang),
        "notice": project.text(project.notice, lang) or None,
        "theme": {
            "scheme": theme.scheme,
            "background": theme.background,
            "surface": theme.surface,
            "text": theme.text,
            "muted": theme.muted,
            "accent": theme.accent,
            "accent_text": theme.accent_text,
            "font": theme.font,
            "pattern": theme.pattern,
        },
        "logo": _image(project, project.logo, lang),
        "cover": _image(project, project.cover, lang),
        "bot_username": project.bot.username if project.bot else None,
        "free_readings": project.free_readings,
        "free_follow_ups": project.free_follow_ups,
    }


def _spread(project: Project, spread: Spread, lang: str) -> dict[str, Any]:
    return {
        "key": spread.key,
        "name": project.text(spread.name, lang),
        "description": project.text(spread.description, lang),
        "cost": spread.cost,
        "cards": spread.cards,
        "picture": _image(project, spread.picture, lang),
        "positions": [
            {
                "key": position.key,
                "name": project.text(position.name, lang),
                "meaning": project.text(position.meaning, lang),
                "x": position.x,
                "y": position.y,
                "rotation": position.rotation,
            }
            for position in spread.positions
        ],
    }


def _deck(project: Project, deck: Deck, lang: str) -> dict[str, Any]:
    return {
        "key": deck.key,
        "name": project.text(deck.name, lang),
        "description": project.text(deck.description, lang),
        "reversals": deck.reversals,
        "back": _image(project, deck.back, lang),
        "card_count": len(deck.cards),
        "href": f"{deck_path(project.slug, deck.key)}?lang={lang}",
    }


def _package(project: Project, package: Package, lang: str) -> dict[str, Any]:
    price = package.price
    return {
        "key": package.key,
        "name": project.text(package.name, lang),
        "description": project.text(package.description, lang),
        "kind": package.kind,
        "readings": package.readings,
        "follow_ups": package.follow_ups,
        "price": {"amount": price.amount, "regular": price.regular, "currency": price.currency} if price else None,
        "stars": package.stars,
        "stars_regular": package.stars_regular,
        "period": package.period,
        "renews": package.renews,
        "fair_use": package.fair_use,
        "expires_days": package.expires_days,
        "trial_days": package.trial_days,
        "gift": package.gift,
        "badge": project.text(package.badge, lang) or None,
    }


def _image(project: Project, picture: MirroredPicture | None, lang: str) -> Mapping[str, Any] | None:
    return picture.image(lang, project.default_language) if picture else None
