"""What WordPress is told about its document: the problems found, and the pictures that were refused."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.catalogue.problems import Kind, Problem
from app.catalogue.reader import picture_id

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
    for kind, key, path, picture in _named_pictures(document):
        reason = refused.get(picture_id(picture))
        if reason is not None:
            ru, en = WORDS.get(reason, ("её не удалось прочитать", "it could not be read"))
            problems.append(
                Problem(
                    kind,
                    key,
                    path,
                    "picture_refused",
                    f"Картинка не принята: {ru}.",
                    f"The picture was refused: {en}.",
                )
            )
    return problems


def _named_pictures(document: Mapping[str, Any]) -> Iterator[tuple[Kind, str, str, Mapping[str, Any]]]:
    def of(kind: Kind, key: str, row: Mapping[str, Any], names: Iterable[str]) -> Iterator[Any]:
        for name in names:
            if row.get(name):
                yield kind, key, f"/{name}", row[name]

    for row in document["projects"]:
        yield from of("project", row["key"], row, ("logo", "cover"))
    for row in document["spreads"]:
        yield from of("spread", row["key"], row, ("picture",))
    for row in document["decks"]:
        yield from of("deck", row["key"], row, ("back",))
        for card in row["cards"]:
            yield from of("card", f"{row['key']}/{card['key']}", card, ("picture",))
