"""What the sandbox knows: accounts with their objects and keys, one clock, and what is due when."""

import calendar
import heapq
import itertools
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.sandbox.faults import Faults
from app.sandbox.stripe import objects
from app.sandbox.stripe.cards import Card
from app.sandbox.stripe.delivery import Delivery
from app.sandbox.stripe.errors import StripeRefusal, missing
from app.sandbox.stripe.objects import Thing

VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class Books:
    """What an account has, as it is kept over the end of the sandbox; see `Account`."""

    things: dict[str, Thing]
    kinds: dict[str, list[str]]
    cards: dict[str, Card]
    answers: dict[str, tuple[str, int, bytes]]


@dataclass(slots=True)
class Account:
    """One Stripe account. `things` are all its objects by id, `kinds` their ids by type, in order of creation."""

    id: str
    secret_key: str
    webhook_secret: str
    webhook_url: str
    events: frozenset[str]
    things: dict[str, Thing] = field(default_factory=dict)
    kinds: dict[str, list[str]] = field(default_factory=dict)
    answers: dict[str, tuple[str, int, bytes]] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)

    @property
    def live(self) -> bool:
        return "_live_" in self.secret_key

    @property
    def books(self) -> Books:
        return Books(self.things, self.kinds, self.cards, self.answers)

    def add(self, thing: Thing) -> Thing:
        self.things[thing["id"]] = thing
        self.kinds.setdefault(thing["object"], []).append(thing["id"])
        return thing

    def get(self, kind: str, name: str, *, param: str = "id") -> Thing:
        thing = self.things.get(name)
        if thing is None or thing["object"] != kind:
            raise missing(kind.replace(".", " "), name, param=param)
        return thing

    def all(self, kind: str) -> list[Thing]:
        """The newest first, as lists of Stripe are."""
        return [self.things[name] for name in reversed(self.kinds.get(kind, ()))]


class Desk:
    """The whole sandbox. `origin` is where its pages are."""

    def __init__(self, *, origin: str, resend_seconds: float) -> None:
        self.origin = origin
        self.accounts: dict[str, Account] = {}
        # By id, of accounts that were known before the sandbox ended and have not been made known since.
        self.remembered: dict[str, Books] = {}
        self.on_return: Callable[[Account], None] | None = None
        self.faults = Faults()
        self.delivery = Delivery(resend_seconds)
        self.requests: list[dict[str, Any]] = []
        self.ahead = 0
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def add_account(
        self,
        *,
        secret_key: str,
        webhook_secret: str,
        webhook_url: str = "",
        events: list[str] | None = None,
        account: str | None = None,
    ) -> Account:
        """Makes a key known, or changes its endpoint. Two keys with the same `account` share its objects."""
        if "SANDBOX" not in secret_key or not secret_key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
            raise ValueError("a key of the sandbox looks like sk_test_SANDBOX…")
        known = self.accounts.get(secret_key) or next(
            (row for row in self.accounts.values() if account is not None and row.id == account), None
        )
        made = Account(
            id=known.id if known else account or self.name("acct"),
            secret_key=secret_key,
            webhook_secret=webhook_secret,
            webhook_url=webhook_url,
            events=frozenset(events or ("*",)),
        )
        if known is not None:
            made.things, made.kinds, made.cards = known.things, known.kinds, known.cards
        self.accounts[secret_key] = made
        books = self.remembered.pop(made.id, None)
        if books is not None:
            made.things, made.kinds, made.cards, made.answers = books.things, books.kinds, books.cards, books.answers
            if self.on_return is not None:
                self.on_return(made)
        return made

    def now(self) -> int:
        return int(time.time()) + self.ahead

    def name(self, prefix: str) -> str:
        return f"{prefix}_{secrets.token_hex(12)}"

    def at(self, moment: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), act))

    def tick(self) -> None:
        """Does what is due by now, in order."""
        while self._agenda and self._agenda[0][0] <= self.now():
            heapq.heappop(self._agenda)[2]()

    def advance(self, seconds: int) -> None:
        """Sets the clock forward, and does on the way what is due, each at its own time."""
        target = self.now() + seconds
        while self._agenda and self._agenda[0][0] <= target:
            self.ahead += max(self._agenda[0][0] - self.now(), 0)
            self.tick()
        self.ahead += max(target - self.now(), 0)

    def emit(self, account: Account, kind: str, about: Thing) -> Thing:
        """An event: kept, and on its way to every endpoint of the account that wants it."""
        event = objects.event(
            self.name("evt"), now=self.now(), live=account.live, kind=kind, version=VERSION, about=_copy(about)
        )
        account.add(event)
        for row in self.accounts.values():
            if row.id == account.id and row.webhook_url and ("*" in row.events or kind in row.events):
                self.delivery.send(event, url=row.webhook_url, secret=row.webhook_secret)
        return event

    def find(self, name: str) -> tuple[Account, Thing]:
        """An object of whatever account, for those who know its address: pages and control."""
        for account in self.accounts.values():
            if name in account.things:
                return account, account.things[name]
        raise missing("object", name)


def _copy(thing: Any) -> Any:
    if isinstance(thing, dict):
        return {name: _copy(value) for name, value in thing.items()}
    return [_copy(value) for value in thing] if isinstance(thing, list) else thing


def rendered(account: Account, thing: Thing, expand: list[str]) -> Thing:
    """A copy with the named fields replaced by what they name (https://docs.stripe.com/api/expanding_objects)."""
    shown: Thing = _copy(thing)
    for path in expand:
        _expand(account, shown, path.split("."), path)
    return shown


def _expand(account: Account, place: Any, path: list[str], whole: str) -> None:
    if isinstance(place, list):
        for item in place:
            _expand(account, item, path, whole)
        return
    name, rest = path[0], path[1:]
    if name == "payments" and place.get("object") == "invoice":
        rows = [row for row in account.all("invoice_payment") if row["invoice"] == place["id"]]
        place.setdefault(name, objects.listing("/v1/invoice_payments", [_copy(row) for row in rows]))
    elif name not in place:
        raise StripeRefusal(f"This property cannot be expanded ({whole}).", param="expand")
    value = place[name]
    if isinstance(value, str):
        if value not in account.things:
            raise StripeRefusal(f"This property cannot be expanded ({whole}).", param="expand")
        place[name] = value = _copy(account.things[value])
    if rest and value is not None:
        _expand(account, value, rest, whole)


def add_period(moment: int, interval: str, anchor: int) -> int:
    """A month or a year later, on the anchor's day or the last one that the month has."""
    start, first = datetime.fromtimestamp(moment, UTC), datetime.fromtimestamp(anchor, UTC)
    year, month = (start.year + 1, start.month) if interval == "year" else divmod(start.year * 12 + start.month, 12)
    month = month if interval == "year" else month + 1
    day = min(first.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())
