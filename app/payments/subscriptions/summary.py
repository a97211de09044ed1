"""A subscription as its owner sees it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.users.days import local_date, next_midnight


def summary(row: Mapping[str, Any], *, timezone: str, language: str, now: datetime) -> dict[str, Any]:
    """The shape of `app.users.schemas.Subscription`; `row` has the table's columns, and pairs (day, used)."""
    today = local_date(timezone, now)
    used = next((used for day, used in row["shares"] or () if day == today), 0)
    limit = row["fair_use"]
    names = row["package"]["name"]
    left = None if limit is None else max(0, limit - used)
    # Also in the minute before the schedule writes it down.
    state = "grace" if row["state"] == "active" and row["until"] <= now else row["state"]
    return {
        "package": {"key": row["package_key"], "name": names.get(language) or next(iter(names.values()), "")},
        "state": state,
        "period": row["period"],
        "trial": row["trial"],
        "renews": row["renews"],
        "until": row["until"],
        "grace_until": row["grace_until"] if state == "grace" else None,
        "provider": row["provider"],
        "price": {"amount": row["price"], "currency": row["currency"]},
        "fair_use": None
        if limit is None
        else {
            "limit": limit,
            "used": min(used, limit),
            "left": left,
            "free_at": next_midnight(timezone, now) if left == 0 else None,
        },
    }
