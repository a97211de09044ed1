"""The bank's books as bytes."""

import time
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from app.sandbox.bank.books import Payment
from app.sandbox.bank.server import Bank, pay_later


@dataclass(frozen=True, slots=True)
class Kept:
    """`answers` are path, Idempotency-Key, and what was answered."""

    payments: list[Payment]
    methods: set[str]
    answers: list[tuple[str, str, Any]]


KEPT = TypeAdapter(Kept)


def dump(bank: Bank) -> bytes:
    books = bank.books
    answers = [(path, key, answer) for (path, key), answer in books.answers.items()]
    return KEPT.dump_json(Kept(list(books.payments.values()), books.methods, answers))


def load(bank: Bank, data: bytes) -> None:
    """Raises `ValueError`. In a running loop: payments that are late go on their way again."""
    kept, books = KEPT.validate_json(data), bank.books
    books.payments = {payment.id: payment for payment in kept.payments}
    books.charges = {charge.id: charge for payment in kept.payments for charge in payment.charges}
    books.methods = kept.methods
    books.answers = {(path, key): answer for path, key, answer in kept.answers}
    for payment in kept.payments:
        if payment.arrives_at is not None:
            pay_later(bank, payment, seconds=max(payment.arrives_at - time.time(), 0))
