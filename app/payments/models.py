"""Orders, payments, refunds, subscriptions and gifts; what providers said; and what WooCommerce's books still lack.

Amounts are integers in the currency's smallest units; `XTR` are Stars.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

USER = (["project_id", "user_id"], ["users.project_id", "users.id"])
ORDER = (["project_id", "order_id"], ["orders.project_id", "orders.id"])
PAYMENT = (["project_id", "payment_id"], ["payments.project_id", "payments.id"])
ORDER_ITSELF = text("refund_id IS NULL")
ORDER_STATES = "'pending', 'paid', 'expired', 'canceled', 'refunded'"
TRIAL = "kind = 'trial' AND state IN ('paid', 'refunded')"
PAYMENT_STATES = "'new', 'started', 'paid', 'failed', 'refunded', 'surplus'"


class Order(Base):
    """What a person buys, with a copy of it (`package`) and of its price. `paid` means given: both commit together.

    `refunded_amount` grows up to `total`; the state is `refunded` when all of it went back.
    """

    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(*USER),
        ForeignKeyConstraint(["project_id", "subscription_id"], ["subscriptions.project_id", "subscriptions.id"]),
        UniqueConstraint("project_id", "id"),
        UniqueConstraint("project_id", "number"),
        CheckConstraint(f"state IN ({ORDER_STATES})", name="state"),
        CheckConstraint("kind IN ('purchase', 'gift', 'trial', 'renewal')", name="kind"),
        CheckConstraint("total >= 0 AND discount >= 0 AND total = price - discount", name="total"),
        CheckConstraint("refunded_amount BETWEEN 0 AND total", name="refunded"),
        CheckConstraint("(state IN ('paid', 'refunded')) = (paid_at IS NOT NULL)", name="paid"),
        Index(None, "project_id", "user_id", "id"),
        Index(None, "coupon", postgresql_where=text("coupon IS NOT NULL")),
        # One trial a person, also for one who left and came back.
        Index("uq_orders_trial", "project_id", "person_hash", unique=True, postgresql_where=text(TRIAL)),
        Index(None, "expires_at", postgresql_where=text("state = 'pending'")),
        Index(None, "project_id", "paid_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    # Counts up in its project; what people and staff call it.
    number: Mapped[int]
    user_id: Mapped[UUID]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="pending")
    package_key: Mapped[str]
    package: Mapped[dict[str, Any]] = mapped_column(JSONB)
    currency: Mapped[str]
    # `regular` is the price without a sale, for the receipt and the books.
    regular: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    total: Mapped[int] = mapped_column(BigInteger)
    refunded_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    coupon: Mapped[str | None]
    # Counts the uses of coupons and trials; after an erasure it stays where one of them was used.
    person_hash: Mapped[bytes | None]
    # What was asked for: a payment that repeats by itself.
    renews: Mapped[bool] = mapped_column(server_default=text("false"))
    subscription_id: Mapped[UUID | None]
    place: Mapped[str]
    language: Mapped[str]
    # For receipts: an e-mail address or a phone number in E.164.
    contact: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]


class OrderNumber(Base):
    """The last number given to an order of a project."""

    __tablename__ = "order_numbers"

    project_id: Mapped[int] = mapped_column(
        SmallInteger, ForeignKey("projects.id"), primary_key=True, autoincrement=False
    )
    last: Mapped[int]


class Payment(Base):
    """One attempt to pay for an order. `surplus` came in although the order was paid already, or its person is gone:
    it is given back, and stays `surplus` then.
    """

    __tablename__ = "payments"
    __table_args__ = (
        ForeignKeyConstraint(*ORDER),
        UniqueConstraint("project_id", "id"),
        UniqueConstraint("provider", "account", "charge"),
        CheckConstraint(f"state IN ({PAYMENT_STATES})", name="state"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("refunded_amount BETWEEN 0 AND amount", name="refunded"),
        CheckConstraint("state IN ('new', 'started', 'failed') OR charge IS NOT NULL", name="charge"),
        Index(None, "project_id", "order_id"),
        # Whatever happens, an order is paid by one payment.
        Index("uq_payments_paid", "order_id", unique=True, postgresql_where=text("state IN ('paid', 'refunded')")),
        Index(None, "provider", "account", "reference"),
        # What the hourly comparison with the provider's books looks through.
        Index(None, "provider", "account", "paid_at", postgresql_where=text("charge IS NOT NULL")),
        Index(None, "look_at", postgresql_where=text("state IN ('new', 'started')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    order_id: Mapped[UUID]
    provider: Mapped[str]
    account: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="new")
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    refunded_amount: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    # The provider's names: of the attempt, and of the money that came.
    reference: Mapped[str | None]
    charge: Mapped[str | None]
    # The Telegram id of whoever paid: Stars go back to that account alone.
    payer: Mapped[int | None]
    url: Mapped[str | None]
    opens: Mapped[str | None]
    failure: Mapped[str | None]
    # When to ask the provider again, for an event that never came.
    look_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    paid_at: Mapped[datetime | None]


class ProviderEvent(Base):
    """What a provider said, kept before it is worked on; and money that came without an order (`kind` is `refused`).

    `refused` is what cannot be believed or does not fit; `failed` is what could not be worked on, however often.
    """

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "account", "event_id"),
        CheckConstraint("state IN ('new', 'done', 'ignored', 'refused', 'failed')", name="state"),
        Index(None, "next_at", postgresql_where=text("state = 'new'")),
        Index(None, "project_id", "received_at"),
        # What is taken away after a while.
        Index(None, "done_at", postgresql_where=text("state IN ('done', 'ignored')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    provider: Mapped[str]
    account: Mapped[str]
    event_id: Mapped[str]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="new")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    note: Mapped[str | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    # When to work on it (again); it also leases the event to whoever does.
    next_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]


class Refund(Base):
    """Money that goes back. `taken` says what was taken out of the wallet, in units, and what the project forgave.

    `wanted` was not sent yet, `sent` waits for the provider's word. What was taken is given again when it `failed`.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        ForeignKeyConstraint(*ORDER),
        ForeignKeyConstraint(*PAYMENT),
        UniqueConstraint("project_id", "id"),
        UniqueConstraint("payment_id", "reference"),
        CheckConstraint("state IN ('wanted', 'sent', 'done', 'failed')", name="state"),
        CheckConstraint("started_by IN ('bot', 'admin', 'woocommerce', 'provider', 'system')", name="started_by"),
        CheckConstraint("amount > 0", name="amount"),
        Index(None, "project_id", "order_id"),
        Index(None, "next_at", postgresql_where=text("state IN ('wanted', 'sent')")),
        Index(None, "project_id", "done_at", postgresql_where=text("state = 'done'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    order_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    state: Mapped[str] = mapped_column(server_default="wanted")
    reason: Mapped[str | None]
    started_by: Mapped[str]
    # Who asked: a Telegram id, or a name from WordPress.
    actor: Mapped[str | None]
    reference: Mapped[str | None]
    taken: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
    failure: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]


class Dispute(Base):
    """A person's bank asks the money back. One that was lost is a refund as well, under the same reference."""

    __tablename__ = "disputes"
    __table_args__ = (
        ForeignKeyConstraint(*ORDER),
        ForeignKeyConstraint(*PAYMENT),
        UniqueConstraint("payment_id", "reference"),
        CheckConstraint("state IN ('opened', 'won', 'lost')", name="state"),
        Index(None, "project_id", "order_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    order_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    reference: Mapped[str]
    state: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]


class Subscription(Base):
    """Unlimited readings up to `until`, `fair_use` of them a day. At most one of a person is open.

    `active` runs; `grace` is past `until` and waits for money until `grace_until`; `ended` is over. `renews` is false
    once it was canceled, and for those that never renew.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(*USER),
        UniqueConstraint("project_id", "id"),
        CheckConstraint("state IN ('active', 'grace', 'ended')", name="state"),
        CheckConstraint("period IN ('month', 'year')", name="period"),
        Index("uq_subscriptions_open", "project_id", "user_id", unique=True, postgresql_where=text("state <> 'ended'")),
        Index(None, "provider", "account", "reference"),
        Index(None, "until", postgresql_where=text("state <> 'ended'")),
        Index(None, "renew_at", postgresql_where=text("state <> 'ended' AND renews")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    user_id: Mapped[UUID]
    package_key: Mapped[str]
    package: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(server_default="active")
    period: Mapped[str]
    fair_use: Mapped[int | None]
    trial: Mapped[bool] = mapped_column(server_default=text("false"))
    renews: Mapped[bool] = mapped_column(server_default=text("false"))
    until: Mapped[datetime]
    grace_until: Mapped[datetime | None]
    # The agreement at the provider, or the saved method that we charge (sealed).
    provider: Mapped[str | None]
    account: Mapped[str | None]
    reference: Mapped[str | None]
    sealed_method: Mapped[str | None]
    currency: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    # The last message before or after a renewal, so that each is said once.
    told: Mapped[str | None]
    renew_attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    renew_at: Mapped[datetime | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    canceled_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Gift(Base):
    """A package that somebody else redeems, once. Only the code's hash is kept with the order that paid for it."""

    __tablename__ = "gifts"
    __table_args__ = (
        ForeignKeyConstraint(*ORDER),
        ForeignKeyConstraint(["project_id", "redeemed_by"], ["users.project_id", "users.id"]),
        UniqueConstraint("project_id", "order_id"),
        UniqueConstraint("project_id", "code"),
        CheckConstraint("(redeemed_by IS NULL) = (redeemed_at IS NULL)", name="redeemed"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    order_id: Mapped[UUID]
    code: Mapped[str]
    redeemed_by: Mapped[UUID | None]
    redeemed_at: Mapped[datetime | None]
    # Set when the order was refunded before anybody redeemed it.
    void_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class BookEntry(Base):
    """The outbox to WooCommerce: one line for each paid order and each refund, sent until it stands there."""

    __tablename__ = "book_entries"
    __table_args__ = (
        ForeignKeyConstraint(*ORDER),
        ForeignKeyConstraint(["project_id", "refund_id"], ["refunds.project_id", "refunds.id"]),
        Index("uq_book_entries_order", "project_id", "order_id", unique=True, postgresql_where=ORDER_ITSELF),
        Index("uq_book_entries_refund", "project_id", "refund_id", unique=True),
        CheckConstraint("state IN ('waiting', 'sending', 'done', 'refused')", name="state"),
        Index(None, "next_at", postgresql_where=text("state IN ('waiting', 'sending')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    order_id: Mapped[UUID]
    refund_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="waiting")
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    leased_until: Mapped[datetime | None]
    store_id: Mapped[UUID | None]
    # Numbers of rows in WooCommerce: of the order, and of the refund.
    remote_id: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]
