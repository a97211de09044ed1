"""The staff have answered. Values: `text`, the answer."""

from collections.abc import Mapping
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import Kind, Said, Screen


def render(words: Words, values: Mapping[str, Any]) -> Said:
    return Said(words.plain("notice.replies.title"), str(values.get("text") or ""))


def screen(_: Mapping[str, Any]) -> Screen:
    return Screen("inbox")


KIND = Kind(name="replies", render=render, screen=screen)
