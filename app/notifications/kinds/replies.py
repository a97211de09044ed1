"""The staff have answered, or done something with what the person asked for. Values: for an answer `text`, its
beginning, and `media`, of which kind it was if it was more than text; else `event` (`lead_taken`, `lead_done`)."""

from collections.abc import Mapping
from typing import Any, Final

from app.locales import FALLBACK, Words, texts
from app.notifications.kinds.kind import Kind, Said, Screen

# A notice reminds of the answer; the answer itself is in the chat.
EXCERPT_CHARACTERS: Final = 300


def excerpt(text: str) -> str:
    """The beginning of a text, for the values of a notice."""
    words = text.strip()
    return words if len(words) <= EXCERPT_CHARACTERS else words[: EXCERPT_CHARACTERS - 1].rstrip() + "…"


def media_words(words: Words, media: object) -> str:
    """What stands for a message without a text: the kind is Telegram's own name of it."""
    key = f"notice.media.{media}"
    return words.plain(key if key in texts(FALLBACK) else "notice.media.other")


def render(words: Words, values: Mapping[str, Any]) -> Said:
    if event := values.get("event"):
        return Said(words.plain(f"notice.replies.{event}.title"), words.plain(f"notice.replies.{event}.text"))
    text = str(values.get("text") or "") or (media_words(words, values["media"]) if values.get("media") else "")
    return Said(words.plain("notice.replies.title"), text)


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("inbox") if values.get("event") else Screen("chat")


KIND = Kind(name="replies", render=render, screen=screen)
