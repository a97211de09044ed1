"""What the sandbox knows: shops with their payments, refunds and saved methods, and one clock."""

import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from app.sandbox.faults import Faults
from app.sandbox.yookassa.cards import Card
from app.sandbox.yookassa.delivery import Delivery
from app.sandbox.yookassa.errors import YooKassaRefusal

Thing = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Books:
    """What a shop has, as it is kept over the end of the sandbox; see `Shop`."""

    payments: dict[str, Thing]
    refunds: dict[str, Thing]
    receipts_sent: list[Thing]
    methods: dict[str, Card]
    answers: dict[str, tuple[str, Thing]]


@dataclass(slots=True)
class Shop:
    """`saving`: whether YooKassa lets it save methods. `answers` are by idempotence key: the body, and the object."""

    id: str
    secret_key: str
    webhook_url: str
    receipts: bool = False
    saving: bool = True
    payments: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    receipts_sent: list[Thing] = field(default_factory=list)
    methods: dict[str, Card] = field(default_factory=dict)
    answers: dict[str, tuple[str, Thing]] = field(default_factory=dict)

    @property
    def books(self) -> Books:
        return Books(self.payments, self.refunds, self.receipts_sent, self.methods, self.answers)


class Desk:
    """The whole sandbox. `origin` is where its pages are."""

    def __init__(self, *, origin: str, resend_seconds: float, confirmation_seconds: int) -> None:
        self.origin = origin
        self.confirmation_seconds = confirmation_seconds
        self.shops: dict[str, Shop] = {}
        # By id, of shops that were known before the sandbox ended and have not been made known since.
        self.remembered: dict[str, Books] = {}
        self.on_return: Callable[[Shop], None] | None = None
        self.faults = Faults()
        self.delivery = Delivery(resend_seconds)
        self.requests: list[dict[str, Any]] = []
        # Refunds stay on their way until they are ended, with None until the next order.
        self.refunds_wait = False
        self.ahead = 0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def add_shop(
        self, *, shop_id: str, secret_key: str, webhook_url: str = "", receipts: bool = False, saving: bool = True
    ) -> Shop:
        """Makes a shop known, or changes it; its payments stay. `receipts`: it may not sell without one."""
        if "SANDBOX" not in secret_key or not secret_key.startswith(("test_", "live_")):
            raise ValueError("a key of the sandbox looks like test_SANDBOX…")
        known = self.shops.get(shop_id)
        shop = Shop(shop_id, secret_key, webhook_url, receipts, saving)
        returned = self.remembered.pop(shop_id, None)
        books = known.books if known is not None else returned
        if books is not None:
            shop.payments, shop.refunds, shop.methods = books.payments, books.refunds, books.methods
            shop.answers, shop.receipts_sent = books.answers, books.receipts_sent
        self.shops[shop_id] = shop
        if returned is not None and self.on_return is not None:
            self.on_return(shop)
        return shop

    def now(self) -> float:
        return time.time() + self.ahead

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def name(self) -> str:
        """Ids look like UUIDs and tell nothing."""
        return str(uuid4())

    def at(self, moment: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (moment, next(self._order), act))

    def tick(self) -> None:
        """Does what is due by now, in order."""
        while self._agenda and self._agenda[0][0] <= self.now():
            heapq.heappop(self._agenda)[2]()

    def emit(self, shop: Shop, kind: str, about: Thing) -> None:
        """A notification with the object as it is at this moment; only if the shop has an address for them."""
        if shop.webhook_url:
            self.delivery.send({"type": "notification", "event": kind, "object": dict(about)}, url=shop.webhook_url)

    def find(self, name: str) -> tuple[Shop, Thing]:
        """A payment of whatever shop, for those who know its address: pages and control."""
        for shop in self.shops.values():
            if name in shop.payments:
                return shop, shop.payments[name]
        raise YooKassaRefusal("Payment doesn't exist", status=404)
