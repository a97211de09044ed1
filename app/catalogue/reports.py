"""What WordPress is told about its document: the problems found, the pictures that were refused, the bots that do not
work."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.catalogue.problems import Kind, Problem
from app.catalogue.reader import picture_id
from app.locales import plain
from app.telegram.repository import BotFault

ROUTE = "wc-arcana/v1/report"

WORDS = {
    "too_large": ("файл больше 15 МБ", "the file is larger than 15 MB"),
    "not_a_picture": ("это не JPEG, PNG или WebP", "it is not a JPEG, PNG or WebP"),
    "too_many_pixels": ("в картинке слишком много точек", "it has too many pixels"),
    "animated": ("анимация не поддерживается", "animation is not supported"),
    "damaged": ("файл повреждён", "the file is damaged"),
    "odd_shape": ("картинка слишком узкая или слишком маленькая", "it is too narrow or too small"),
    "foreign_address": ("картинка лежит на чужом сайте", "it is on another site"),
    "not_found": ("файл не найден", "the file was not found"),
}


def picture_problems(document: Mapping[str, Any], refused: Mapping[str, str]) -> list[Problem]:
    """Problems of refused pictures (id → reason). Their `path` is a pointer inside the object itself."""
    problems = []
    for kind, key, path, picture, deck in _named_pictures(document):
        reason = refused.get(picture_id(picture))
        if reason is None:
            continue
        ru, en = WORDS.get(reason, ("её не удалось прочитать", "it could not be read"))
        ru, en = f"Картинка не принята: {ru}.", f"The picture was refused: {en}."
        if deck:
            ru, en = f"Колода «{deck}». {ru}", f"Deck “{deck}”. {en}"
        problems.append(Problem(kind, key, path, "picture_refused", ru, en))
    return problems


def bot_problems(faults: Sequence[BotFault]) -> list[Problem]:
    """A bot that cannot be set up, in words for the content manager; gone from the report as soon as it works."""
    return [
        Problem(
            "project",
            fault.project_key,
            "/bot",
            f"bot_{fault.code}",
            plain("ru", f"bot_error.{fault.code}", reason=fault.reason),
            plain("en", f"bot_error.{fault.code}", reason=fault.reason),
        )
        for fault in faults
    ]


def _named_pictures(document: Mapping[str, Any]) -> Iterator[tuple[Kind, str, str, Mapping[str, Any], str]]:
    """Kind, key, pointer inside the object, picture, and for a card its deck."""
    for row in document["projects"]:
        for name in ("logo", "cover"):
            if row.get(name):
                yield "project", row["key"], f"/{name}", row[name], ""
    for row in document["spreads"]:
        if row.get("picture"):
            yield "spread", row["key"], "/picture", row["picture"], ""
    for row in document["decks"]:
        if row.get("back"):
            yield "deck", row["key"], "/back", row["back"], ""
        for card in row["cards"]:
            if card.get("picture"):
                yield "card", card["key"], "/picture", card["picture"], row["key"]
