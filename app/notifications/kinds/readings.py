"""A text was finished while nobody watched. Values: `reading`, its id; `spread`, its name in the reading's language;
`answer`, true for a follow-up's."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.locales import Words
from app.notifications.kinds.kind import Kind, Said, Screen


def render(words: Words, values: Mapping[str, Any]) -> Said:
    part = "answer" if values.get("answer") else "reading"
    return Said(
        words.plain(f"notice.readings.{part}.title"),
        words.plain(f"notice.readings.{part}.text", spread=values["spread"]),
    )


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("reading", UUID(values["reading"]))


KIND = Kind(name="readings", render=render, screen=screen)
