"""News of the project: broadcasts. Values: `title` (may be left out) and `text`, each a map from language to plain
text, of which the person's language is taken, else the first; `media`, of which kind it was if it was more than
text; `path`, where its button leads in the Mini App."""

from collections.abc import Mapping
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import Kind, Said, Screen
from app.notifications.kinds.replies import media_words


def render(words: Words, values: Mapping[str, Any]) -> Said:
    text = _pick(values.get("text"), words.language)
    return Said(
        _pick(values.get("title"), words.language) or words.plain("notice.news.title"),
        text or (media_words(words, values["media"]) if values.get("media") else ""),
    )


def _pick(texts: Any, language: str) -> str:
    if not isinstance(texts, Mapping) or not texts:
        return ""
    return str(texts.get(language) or next(iter(texts.values())))


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("page", page=str(values["path"])) if values.get("path") else Screen("inbox")


KIND = Kind(name="news", render=render, screen=screen)
