"""Stars: invoices, payments, refunds, subscriptions, and what everybody has (core.telegram.org/bots/payments-stars)."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

CURRENCY = "XTR"
FIRST_BALANCE = 10_000
SUBSCRIPTION_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Invoice:
    """What is for sale; `slug` names it in links, and is empty for one that stands in a message."""

    bot_id: int
    title: str
    description: str
    payload: str
    amount: int
    slug: str = ""
    photo_url: str | None = None
    photo_width: int = 0
    photo_height: int = 0
    subscription_period: int | None = None


@dataclass(slots=True)
class Charge:
    """One payment. Renewals of a subscription are charges of their own, which name the first."""

    id: str
    invoice: Invoice
    user: dict[str, Any]
    date: int
    chat_id: int
    refunded: bool = False
    first: str | None = None


@dataclass(slots=True)
class Subscription:
    """`paid_until` in Unix time. The bot's cancellation is not the person's to take back."""

    charge_id: str
    invoice: Invoice
    user: dict[str, Any]
    paid_until: int
    canceled: bool = False
    canceled_by_bot: bool = False
    failed: bool = False


@dataclass(slots=True)
class Ledger:
    """What one bot has earned; `transactions` are `StarTransaction` in order of time."""

    balance: int = 0
    charges: dict[str, Charge] = field(default_factory=dict)
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    transactions: list[dict[str, Any]] = field(default_factory=list)


class Stars:
    def __init__(self) -> None:
        self.invoices: dict[str, Invoice] = {}
        self.ledgers: dict[int, Ledger] = {}
        self.balances: dict[int, int] = {}

    def ledger(self, bot_id: int) -> Ledger:
        return self.ledgers.setdefault(bot_id, Ledger())

    def balance(self, user_id: int) -> int:
        return self.balances.get(user_id, FIRST_BALANCE)

    def set_balance(self, user_id: int, amount: int) -> None:
        self.balances[user_id] = amount

    def paid_by(self, user_id: int) -> list[tuple[int, Charge]]:
        """A person's payments with the bots they went to, oldest first."""
        found = [
            (bot_id, charge)
            for bot_id, ledger in self.ledgers.items()
            for charge in ledger.charges.values()
            if charge.user["id"] == user_id
        ]
        return sorted(found, key=lambda pair: pair[1].date)

    def charge(self, invoice: Invoice, user: dict[str, Any], *, chat_id: int, first: str | None = None) -> Charge:
        """Moves the Stars. The balance has to be checked before."""
        charge = Charge(f"stx{secrets.token_urlsafe(24)}", invoice, user, int(time.time()), chat_id, first=first)
        ledger = self.ledger(invoice.bot_id)
        self.set_balance(user["id"], self.balance(user["id"]) - invoice.amount)
        ledger.balance += invoice.amount
        ledger.charges[charge.id] = charge
        ledger.transactions.append(
            {"id": charge.id, "amount": invoice.amount, "date": charge.date, "source": _partner(charge)}
        )
        if invoice.subscription_period:
            until = charge.date + invoice.subscription_period
            if first is None:
                ledger.subscriptions[charge.id] = Subscription(charge.id, invoice, user, until)
            else:
                ledger.subscriptions[first].paid_until += invoice.subscription_period
        return charge

    def refund(self, charge: Charge) -> None:
        charge.refunded = True
        ledger = self.ledger(charge.invoice.bot_id)
        ledger.balance -= charge.invoice.amount
        self.set_balance(charge.user["id"], self.balance(charge.user["id"]) + charge.invoice.amount)
        amount, now = charge.invoice.amount, int(time.time())
        ledger.transactions.append({"id": charge.id, "amount": amount, "date": now, "receiver": _partner(charge)})

    def subscription(self, bot_id: int, charge_id: str) -> Subscription | None:
        """By the charge that began it, or one that renewed it."""
        ledger = self.ledger(bot_id)
        charge = ledger.charges.get(charge_id)
        return ledger.subscriptions.get(charge.first or charge.id) if charge is not None else None


def _partner(charge: Charge) -> dict[str, Any]:
    partner: dict[str, Any] = {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": charge.user,
        "invoice_payload": charge.invoice.payload,
    }
    if charge.invoice.subscription_period:
        partner["subscription_period"] = charge.invoice.subscription_period
    return partner


def successful_payment(charge: Charge, subscription: Subscription | None) -> dict[str, Any]:
    """As it stands in the service message."""
    paid: dict[str, Any] = {
        "currency": CURRENCY,
        "total_amount": charge.invoice.amount,
        "invoice_payload": charge.invoice.payload,
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": "",
    }
    if subscription is not None:
        paid |= {"subscription_expiration_date": subscription.paid_until, "is_recurring": True}
        if charge.first is None:
            paid["is_first_recurring"] = True
    return paid


def refunded_payment(charge: Charge) -> dict[str, Any]:
    return {
        "currency": CURRENCY,
        "total_amount": charge.invoice.amount,
        "invoice_payload": charge.invoice.payload,
        "telegram_payment_charge_id": charge.id,
        "provider_payment_charge_id": "",
    }
