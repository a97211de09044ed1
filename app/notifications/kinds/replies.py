"""The staff have answered. Values: `text`, the answer."""

from collections.abc import Mapping
from typing import Any

from app.locales import plain
from app.notifications.kinds.kind import Kind, Screen, Words


def render(language: str, values: Mapping[str, Any]) -> Words:
    return Words(plain(language, "notice.replies.title"), str(values.get("text") or ""))


def screen(_: Mapping[str, Any]) -> Screen:
    return Screen("inbox")


KIND = Kind(name="replies", render=render, screen=screen)
