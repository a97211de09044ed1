"""News of the project: broadcasts. Values: `title` (may be left out) and `text`, each a map from language to plain
text, of which the person's language is taken, else the first."""

from collections.abc import Mapping
from typing import Any

from app.locales import plain
from app.notifications.kinds.kind import Kind, Screen, Words


def render(language: str, values: Mapping[str, Any]) -> Words:
    return Words(
        _pick(values.get("title"), language) or plain(language, "notice.news.title"),
        _pick(values.get("text"), language),
    )


def _pick(texts: Any, language: str) -> str:
    if not isinstance(texts, Mapping) or not texts:
        return ""
    return str(texts.get(language) or next(iter(texts.values())))


def screen(_: Mapping[str, Any]) -> Screen:
    return Screen("inbox")


KIND = Kind(name="news", render=render, screen=screen)
