"""What a person is told of his subscription; the words are of the kind `subscription` of notifications."""

from typing import Any, Literal

from app.payments.subscriptions.repository import Subscription
from app.users.days import local_date

What = Literal["soon", "renewed", "failed", "grace_ends", "ended"]


def notice(known: Subscription, what: What, *, timezone: str) -> dict[str, Any]:
    """The values of the notice: the day is the person's own."""
    waits = what in ("failed", "grace_ends")
    return {
        "event": "ends" if what == "soon" and not known.renews else what,
        "name": dict(known.package["name"]),
        "day": local_date(timezone, known.covers_until if waits else known.until).isoformat(),
        "amount": known.price,
        "currency": known.currency,
    }
