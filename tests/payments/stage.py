"""A shop of its own for tests of money: a project in the database, people, packages and a provider of the sandbox."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.catalogue.library import Coupon, Package, Price, Project
from app.kit.database import Connection, Database
from app.payments.orders import Wish


def package(key: str = "five", **changes: Any) -> Package:
    """Five readings for 299 ₽ or 160 Stars."""
    base = Package(
        key=key,
        name={"ru": "Пять ночей", "en": "Five Nights"},
        description={"ru": "Пять раскладов", "en": "Five readings"},
        kind="readings",
        readings=5,
        follow_ups=2,
        price=Price(29900, None, "RUB"),
        stars=160,
        badge=None,
    )
    return replace(base, **changes)
