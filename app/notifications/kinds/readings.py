"""A text was finished while nobody watched. Values: `reading`, its id; `spread`, its name in the reading's language;
`answer`, true for a follow-up's."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.locales import plain
from app.notifications.kinds.kind import Kind, Screen, Words


def render(language: str, values: Mapping[str, Any]) -> Words:
    part = "answer" if values.get("answer") else "reading"
    return Words(
        plain(language, f"notice.readings.{part}.title"),
        plain(language, f"notice.readings.{part}.text", spread=values["spread"]),
    )


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("reading", UUID(values["reading"]))


KIND = Kind(name="readings", render=render, screen=screen)
