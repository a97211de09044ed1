"""What happened to the person's account. Values: `event` (`credited`, `blocked`, `unblocked`); for a credit
`amount` and `unit` (`readings`, `follow_ups`); `reason`, if the person may read it."""

from collections.abc import Mapping
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import HOME, Kind, Said, Screen


def render(words: Words, values: Mapping[str, Any]) -> Said:
    event = values["event"]
    if event == "credited":
        text = words.plain(f"notice.account.credited.{values['unit']}", count=int(values["amount"]))
    else:
        text = words.plain(f"notice.account.{event}.text")
    if values.get("reason"):
        text = f"{text}\n{values['reason']}"
    return Said(words.plain(f"notice.account.{event}.title"), text)


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("profile") if values["event"] == "credited" else HOME


# Whoever was shut out must hear of it, and so nobody may switch it off.
KIND = Kind(name="account", render=render, screen=screen, switchable=False, reaches_blocked=True)
