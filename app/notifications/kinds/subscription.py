"""What becomes of a person's subscription. Values: `event` (`soon`: it will renew, `ends`: it will not, `renewed`,
`failed`: the money did not come, `grace_ends`, `ended`), `name`, a map from language to the package's name; `day`, the
ISO date that matters; `amount` and `currency` of a renewal."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.locales import Words
from app.notifications.kinds.kind import Kind, Said, Screen
from app.payments.sums import show


def render(words: Words, values: Mapping[str, Any]) -> Said:
    event, names = values["event"], values["name"]
    day = date.fromisoformat(values["day"])
    return Said(
        words.plain(f"notice.subscription.{event}.title"),
        words.plain(
            f"notice.subscription.{event}.text",
            name=names.get(words.language) or next(iter(names.values())),
            day=day.strftime("%d.%m.%Y") if words.language == "ru" else day.strftime("%-d %b %Y"),
            price=show(int(values["amount"]), values["currency"], words.language),
        ),
    )


def screen(values: Mapping[str, Any]) -> Screen:
    return Screen("packages" if values["event"] in ("ends", "ended") else "profile")


# It is about money that is taken, or was: nobody may switch it off.
KIND = Kind(name="subscription", render=render, screen=screen, switchable=False)
