"""How the bots speak of packages, prices and days."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from app.catalogue.library import Package, Project
from app.kit.money import STARS
from app.locales import Words
from app.payments.orders.pricing import Line
from app.payments.sums import show
from app.users.days import zone
from app.users.repository import User

MONTHS = {
    "ru": ("января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
           "декабря"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
ICONS = {"readings": "🔮", "follow_ups": "💬", "subscription": "✨"}


def digest(key: str) -> str:
    """Of a package's key, which may be longer than a button carries."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


def find(project: Project, wanted: str) -> Package | None:
    return next((package for package in project.packages if digest(package.key) == wanted), None)


def day(moment: datetime, user: User, language: str) -> str:
    """`5 марта` or `5 March`, where the person is; with the year when it is another one."""
    here = moment.astimezone(zone(user.timezone))
    months = MONTHS.get(language, MONTHS["en"])
    shown = f"{here.day} {months[here.month - 1]}"
    return shown if here.year == datetime.now(here.tzinfo).year else f"{shown} {here.year}"


def name_of(project: Project, package: Package, words: Words) -> str:
    """Escaped."""
    return escape(project.text(package.name, words.language), quote=False)


def contents(words: Words, package: Mapping[str, Any]) -> str:
    """`10 раскладов и 5 уточняющих вопросов`; of a subscription, what a period holds. `package` is an order's copy."""
    counted = [
        words.plain(f"buy.{unit}", count=int(package[unit] or 0))
        for unit in ("readings", "follow_ups")
        if package[unit]
    ]
    if package["kind"] == "subscription":
        limit = package["fair_use"]
        counted.insert(0, words.plain("buy.unlimited"))
        text = words.plain("buy.and").join(counted)
        return text + (" · " + words.plain("buy.fair_use", count=limit) if limit else "")
    return words.plain("buy.and").join(counted)


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def price(line: Line, words: Words) -> str:
    """With the price before a sale or a coupon struck out."""
    now = show(line.total, STARS, words.language)
    return now if line.regular <= line.total else f"<s>{show(line.regular, STARS, words.language)}</s> {now}"
