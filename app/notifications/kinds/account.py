"""What happened to the person's account. Values: `event`, and `reason`, if the person may read it.

For `credited`: `amount` and `unit` (`readings`, `follow_ups`). For money (`paid`, `given` for nothing, `gift_paid`,
`payment_failed`, `refunded`, `surplus`): `order`, its id, and `package`, its name by language, or `amount` in the
smallest units with `currency`.
"""

from collections.abc import Mapping
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import HOME, Kind, Said, Screen
from app.payments.sums import show

MONEY = frozenset({"paid", "given", "gift_paid", "payment_failed", "refunded", "surplus"})


def render(words: Words, values: Mapping[str, Any]) -> Said:
    event = values["event"]
    if event == "credited":
        text = words.plain(f"notice.account.credited.{values['unit']}", count=int(values["amount"]))
    elif event in MONEY:
        text = words.plain(f"notice.account.{event}.text", **_about_money(words, values))
    else:
        text = words.plain(f"notice.account.{event}.text")
    if values.get("reason"):
        text = f"{text}\n{values['reason']}"
    return Said(words.plain(f"notice.account.{event}.title"), text)


def _about_money(words: Words, values: Mapping[str, Any]) -> dict[str, str]:
    """What the texts of money may name; which one does not must not be missing."""
    names = values.get("package") or {}
    shown = {"package": str(names.get(words.language) or next(iter(names.values()), ""))}
    if "amount" in values:
        shown["sum"] = show(int(values["amount"]), str(values["currency"]), words.language)
    return shown


def screen(values: Mapping[str, Any]) -> Screen:
    if values["event"] in MONEY:
        return Screen("packages" if values["event"] == "payment_failed" else "profile")
    return Screen("profile") if values["event"] == "credited" else HOME


# Whoever was shut out must hear of it, and so nobody may switch it off.
KIND = Kind(name="account", render=render, screen=screen, switchable=False, reaches_blocked=True)
