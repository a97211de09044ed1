"""News of the project: broadcasts. Values: `title` (may be left out) and `text`, each a map from language to plain
text, of which the person's language is taken, else the first."""

from collections.abc import Mapping
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import Kind, Said, Screen


def render(words: Words, values: Mapping[str, Any]) -> Said:
    return Said(
        _pick(values.get("title"), words.language) or words.plain("notice.news.title"),
        _pick(values.get("text"), words.language),
    )


def _pick(texts: Any, language: str) -> str:
    if not isinstance(texts, Mapping) or not texts:
        return ""
    return str(texts.get(language) or next(iter(texts.values())))


def screen(_: Mapping[str, Any]) -> Screen:
    return Screen("inbox")


KIND = Kind(name="news", render=render, screen=screen)
