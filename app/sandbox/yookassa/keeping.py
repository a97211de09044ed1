"""Everything that the sandbox knows of its shops, as bytes."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from app.sandbox.yookassa import payments
from app.sandbox.yookassa.cards import Card
from app.sandbox.yookassa.state import Books, Desk, Shop, Thing


@dataclass(frozen=True, slots=True)
class KeptShop:
    """`answers` are by idempotence key: the body, and the name of the object."""

    payments: dict[str, Thing]
    refunds: dict[str, Thing]
    receipts_sent: list[Thing]
    methods: dict[str, Card]
    answers: dict[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Kept:
    """`shops` by id; `ahead` is how far the clock was set forward."""

    ahead: int
    shops: dict[str, KeptShop]


KEPT = TypeAdapter(Kept)


def dump(desk: Desk) -> bytes:
    known = {shop.id: shop.books for shop in desk.shops.values()}
    return KEPT.dump_json(
        Kept(desk.ahead, {name: _kept(books) for name, books in {**desk.remembered, **known}.items()})
    )


def load(desk: Desk, data: bytes) -> None:
    """Raises `ValueError`. Before shops are made known: each finds its payments again, and what was due goes on."""
    kept = KEPT.validate_json(data)
    desk.ahead, desk.remembered = kept.ahead, {name: _books(shop) for name, shop in kept.shops.items()}
    desk.on_return = lambda shop: resume(desk, shop)


def resume(desk: Desk, shop: Shop) -> None:
    """Puts on the agenda that nobody pays."""
    for payment in shop.books.payments.values():
        if payment["status"] == "pending":
            made = datetime.fromisoformat(payment["created_at"]).timestamp()
            payments.expire_later(desk, shop, payment, made=made)


def _kept(books: Books) -> KeptShop:
    answers = {key: (body, str(thing["id"])) for key, (body, thing) in books.answers.items()}
    return KeptShop(books.payments, books.refunds, books.receipts_sent, books.methods, answers)


def _books(kept: KeptShop) -> Books:
    """Answers show objects as they are by now, so they are the same objects again."""
    things = {**kept.payments, **kept.refunds}
    answers = {key: (body, things[name]) for key, (body, name) in kept.answers.items() if name in things}
    return Books(kept.payments, kept.refunds, kept.receipts_sent, kept.methods, answers)
