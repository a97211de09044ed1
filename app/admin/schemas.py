"""Shapes of the admin API of money. Sums are integers in the currency's smallest units; `XTR` are Stars."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.users.schemas import Input

State = Literal["pending", "paid", "expired", "canceled", "refunded"]
PaymentState = Literal["new", "started", "paid", "failed", "refunded", "surplus"]
Unit = Literal["readings", "follow_ups"]
Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*\S[^\x00-\x1f]*$")]


class Buyer(BaseModel):
    """`telegram_id`, `name` and `username` are null for one who has erased himself."""

    id: UUID
    telegram_id: int | None
    name: str | None
    username: str | None


class Book(BaseModel):
    """The order's line in WooCommerce's books; `number` and `url` are of the order there."""

    state: Literal["waiting", "sending", "done", "refused"]
    problem: str | None
    number: int | None
    url: str | None


class ManagedOrder(BaseModel):
    """`package` is the key, `package_name` as it was bought; `provider` and `charge` are of the money that came."""

    id: UUID
    number: int
    kind: Literal["purchase", "gift", "trial", "renewal"]
    state: State
    buyer: Buyer
    package: str
    package_name: str
    currency: str
    regular: int
    price: int
    discount: int
    total: int
    refunded_amount: int
    coupon: str | None
    provider: str | None
    charge: str | None
    place: Literal["telegram", "web"]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    book: Book | None


class ManagedOrders(BaseModel):
    items: list[ManagedOrder]
    next_cursor: UUID | None


class ManagedPayment(BaseModel):
    """`reference` and `charge` are the provider's names of the attempt and of the money; links are not shown."""

    id: UUID
    provider: str
    state: PaymentState
    amount: int
    currency: str
    refunded_amount: int
    reference: str | None
    charge: str | None
    failure: str | None
    created_at: datetime
    paid_at: datetime | None


class ListedPayment(ManagedPayment):
    """An attempt in a list, with the order that it is for."""

    order_id: UUID
    order_number: int
    user_id: UUID


class ManagedPayments(BaseModel):
    items: list[ListedPayment]
    next_cursor: UUID | None


class ManagedRefund(BaseModel):
    """`actor` is a Telegram id, or a name from WordPress."""

    id: UUID
    order_id: UUID
    payment_id: UUID
    amount: int
    currency: str
    state: Literal["wanted", "sent", "done", "failed"]
    reason: str | None
    started_by: Literal["bot", "admin", "woocommerce", "provider", "system"]
    actor: str | None
    reference: str | None
    failure: str | None
    created_at: datetime
    done_at: datetime | None


class ProviderSaid(BaseModel):
    """What a provider said of the order's payments."""

    id: UUID
    provider: str
    kind: str
    state: Literal["new", "done", "ignored", "refused", "failed"]
    note: str | None
    attempts: int
    received_at: datetime
    done_at: datetime | None


class ManagedDispute(BaseModel):
    id: UUID
    state: Literal["opened", "won", "lost"]
    amount: int
    currency: str
    reference: str
    created_at: datetime
    closed_at: datetime | None


class ManagedOrderInFull(ManagedOrder):
    """`unused` of the total paid for what nobody has used."""

    unused: int
    payments: list[ManagedPayment]
    refunds: list[ManagedRefund]
    disputes: list[ManagedDispute]
    events: list[ProviderSaid]


class NewRefund(Input):
    """Without an amount all that is left goes back."""

    amount: Annotated[int, Field(ge=1, le=10**12)] | None = None
    reason: Reason | None = None


class ManagedRefunds(BaseModel):
    items: list[ManagedRefund]
    next_cursor: UUID | None


class NewCredit(Input):
    unit: Unit
    amount: Annotated[int, Field(ge=1, le=1000)]
    reason: Reason


class LedgerEntry(BaseModel):
    """`balance_after` is of the entry's own unit."""

    id: UUID
    unit: Unit
    number: int
    amount: int
    balance_after: int
    kind: str
    reason: str | None
    created_at: datetime


class LedgerLot(BaseModel):
    id: UUID
    unit: Unit
    amount: int
    remaining: int
    expires_at: datetime | None
    order_id: UUID | None
    created_at: datetime


class LedgerBalance(BaseModel):
    """`owed` is paid by the next purchase."""

    unit: Unit
    balance: int
    held: int
    available: int
    owed: int


class Ledger(BaseModel):
    """Entries, the newest first; `lots` are those that something is left of."""

    user: Buyer
    balances: list[LedgerBalance]
    lots: list[LedgerLot]
    entries: list[LedgerEntry]
    next_cursor: UUID | None


class Credited(BaseModel):
    balances: list[LedgerBalance]


class RevenueRow(BaseModel):
    """`group` is a day of UTC, a package's key or a provider's name; `none` took what cost nothing. `average` is of a
    sale, rounded half up."""

    group: str
    currency: str
    orders: int
    sales: int
    refunds: int
    net: int
    average: int


class RevenueReport(BaseModel):
    """Whole days of UTC, both included."""

    since: date
    until: date
    by: Literal["day", "package", "provider"]
    items: list[RevenueRow]
    totals: list[RevenueRow]
