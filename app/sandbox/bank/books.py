"""What the bank knows: payments, the charges that came of them, and refunds. Sums are integers in minor units."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal["open", "paid", "declined", "closed"]


@dataclass(slots=True)
class Refund:
    id: str
    amount: int
    currency: str
    at: float
    metadata: dict[str, str]

    def body(self, charge: str) -> dict[str, Any]:
        return {"id": self.id, "charge": charge, "amount": self.amount, "currency": self.currency, "at": self.at,
                "metadata": self.metadata}  # fmt: skip


@dataclass(slots=True)
class Charge:
    """Money that was taken, once; `number` counts the charges of a payment."""

    id: str
    payment: str
    amount: int
    currency: str
    at: float
    method: str | None
    refunds: list[Refund] = field(default_factory=list)

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    def body(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "payment": self.payment,
            "amount": self.amount,
            "currency": self.currency,
            "at": self.at,
            "method": self.method,
            "refunded": self.refunded,
            "refunds": [refund.body(self.id) for refund in self.refunds],
        }


@dataclass(slots=True)
class Payment:
    id: str
    account: str
    amount: int
    currency: str
    description: str
    language: str
    return_url: str
    webhook_url: str
    metadata: dict[str, str]
    saves_method: bool
    state: State = "open"
    charges: list[Charge] = field(default_factory=list)
    # Unix time at which a late payment arrives.
    arrives_at: float | None = None

    def body(self, page: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "account": self.account,
            "state": self.state,
            "amount": self.amount,
            "currency": self.currency,
            "metadata": self.metadata,
            "page_url": f"{page}/pay/{self.id}",
            "charges": [charge.body() for charge in self.charges],
        }


class Refused(Exception):
    """The bank says no, with a code of its own."""

    def __init__(self, code: str, status: int = 409) -> None:
        self.code = code
        self.status = status
        super().__init__(code)


class Books:
    """Raises `Refused`."""

    def __init__(self) -> None:
        self.payments: dict[str, Payment] = {}
        self.charges: dict[str, Charge] = {}
        # What was answered to an Idempotency-Key, by account.
        self.answers: dict[tuple[str, str], Any] = {}
        self.methods: set[str] = set()

    def payment(self, payment_id: str) -> Payment:
        found = self.payments.get(payment_id)
        if found is None:
            raise Refused("unknown_payment", 404)
        return found

    def open(self, payment: Payment) -> Payment:
        self.payments[payment.id] = payment
        return payment

    def charge(self, payment: Payment, *, method: str | None = None) -> Charge:
        """Takes the money, also of a payment that was paid before: a person can pay twice."""
        if payment.saves_method and method is None:
            method = f"pm_{secrets.token_hex(8)}"
            self.methods.add(method)
        charge = Charge(
            f"ch_{secrets.token_hex(10)}", payment.id, payment.amount, payment.currency, time.time(), method
        )
        payment.state, payment.arrives_at = "paid", None
        payment.charges.append(charge)
        self.charges[charge.id] = charge
        return charge

    def close(self, payment: Payment) -> None:
        """The shop wants no money for it any more."""
        if payment.state == "paid" or payment.arrives_at is not None:
            raise Refused("already_paid")
        payment.state = "closed"

    def decline(self, payment: Payment) -> None:
        if payment.state == "paid":
            raise Refused("already_paid")
        payment.state = "declined"

    def refund(self, charge_id: str, amount: int, metadata: dict[str, str]) -> tuple[Charge, Refund]:
        charge = self.charges.get(charge_id)
        if charge is None:
            raise Refused("unknown_charge", 404)
        if amount <= 0 or charge.refunded + amount > charge.amount:
            raise Refused("more_than_is_left")
        refund = Refund(f"re_{secrets.token_hex(10)}", amount, charge.currency, time.time(), metadata)
        charge.refunds.append(refund)
        return charge, refund

    def lines(self, account: str, since: float) -> list[dict[str, Any]]:
        """Charges and refunds of an account, the oldest first."""
        lines = []
        for charge in self.charges.values():
            payment = self.payments[charge.payment]
            if payment.account != account:
                continue
            lines.append({"kind": "charge", "metadata": payment.metadata, **charge.body()})
            lines.extend({"kind": "refund", **refund.body(charge.id)} for refund in charge.refunds)
        return sorted((line for line in lines if line["at"] >= since), key=lambda line: line["at"])
