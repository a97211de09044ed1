"""Shapes of the shop and of orders. Sums are integers in the currency's smallest units; `XTR` are Stars."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from app.users.schemas import Input

Provider = Annotated[str, Field(pattern=r"^[a-z]{3,16}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Coupon = Annotated[str, Field(min_length=1, max_length=64)]
Contact = Annotated[str, Field(pattern=r"^(\+[1-9]\d{6,14}|[^@\s]{1,64}@[^@\s]{1,190})$")]


class NewOrder(Input):
    """`expected_total` and `currency` are what the person saw; another price answers 409 `price_changed`.

    `contact` is for the receipt, where the provider needs one: an e-mail address or a phone number in E.164.
    """

    package: Annotated[str, Field(min_length=1, max_length=64)]
    provider: Provider
    expected_total: Annotated[int, Field(ge=0, le=10**12)]
    currency: Currency
    coupon: Coupon | None = None
    gift: bool = False
    trial: bool = False
    renews: bool = True
    contact: Contact | None = None


class Again(Input):
    """`contact` is for an order that was made without one; the one that an order has stays."""

    provider: Provider
    contact: Contact | None = None


class Price(BaseModel):
    """`regular` is without a sale, `price` with it; `total` = `price` - `discount` is what is paid.

    `minimum` and `maximum` are what this provider takes at once; null where no limit is published. `renews` says
    whether a subscription that is paid this way can repeat by itself.
    """

    provider: str
    currency: str
    regular: int
    price: int
    discount: int
    total: int
    minimum: int
    maximum: int | None
    renews: bool


class Refused(BaseModel):
    """A provider that does not take this sum; `limit` is the smallest or the largest that it takes."""

    provider: str
    currency: str
    total: int
    reason: Literal["below_minimum", "above_maximum"]
    limit: int


class Money(BaseModel):
    amount: int
    currency: str


class Offer(BaseModel):
    """A package of the catalogue, by its key; `refused` are the ways in which it cannot be paid at this price.

    `coupon_reason` says why the coupon does not count for it, `coupon_limit` what the package has to cost for
    `below_minimum` and `above_maximum`, where the coupon says so.
    """

    package: str
    prices: list[Price]
    refused: list[Refused]
    trial: bool
    coupon_reason: str | None
    coupon_limit: Money | None


class ShopCoupon(BaseModel):
    """`reason` as in `coupon_invalid`; null where the coupon counts."""

    code: str
    valid: bool
    reason: str | None


class Shop(BaseModel):
    """An order with a provider in `contact_for` needs a `contact`, for the receipt; `contact` is the last one given."""

    place: Literal["telegram", "web"]
    providers: list[str]
    contact_for: list[str] = []
    contact: str | None
    items: list[Offer]
    coupon: ShopCoupon | None


class BoughtPackage(BaseModel):
    """In the language of the person, as it was when it was bought."""

    key: str
    kind: Literal["readings", "follow_ups", "subscription"]
    name: str
    description: str
    readings: int
    follow_ups: int
    period: Literal["month", "year"] | None
    trial_days: int | None
    expires_days: int | None


class Payment(BaseModel):
    """`opens`: `invoice` by Telegram's own `openInvoice`, `redirect` in the browser; null until it has begun."""

    id: UUID
    provider: str
    state: Literal["new", "started", "paid", "failed", "refunded", "surplus"]
    url: str | None
    opens: Literal["invoice", "redirect"] | None
    failure: str | None


class Units(BaseModel):
    readings: int = 0
    follow_ups: int = 0


class Refund(BaseModel):
    """What the order had given and was `taken` back; what was used and is `owed` goes off the next purchase."""

    id: UUID
    amount: int
    currency: str
    state: Literal["wanted", "sent", "done", "failed"]
    taken: Units
    owed: Units
    created_at: datetime
    done_at: datetime | None


class Order(BaseModel):
    id: UUID
    number: int
    kind: Literal["purchase", "gift", "trial", "renewal"]
    state: Literal["pending", "paid", "expired", "canceled", "refunded"]
    package: BoughtPackage
    currency: str
    regular: int
    price: int
    discount: int
    total: int
    refunded_amount: int
    coupon: str | None
    renews: bool
    contact: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    payment: Payment | None
    refunds: list[Refund]


class Placed(BaseModel):
    """`payment` is null for an order that cost nothing: it is paid already."""

    order: Order
    payment: Payment | None


class Orders(BaseModel):
    items: list[Order]
    next_cursor: UUID | None
