"""Payments that repeat by themselves: each is an order of its own, made out of the running subscription."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.fulfilment import give
from app.payments.orders.payments import Bill, PaymentRepository
from app.payments.orders.repository import NewOrder, Order, OrderRepository
from app.payments.outcome import Outcome, Source, refuse
from app.payments.parts import Parts
from app.payments.port import Paid
from app.payments.refunds.service import return_surplus
from app.payments.subscriptions.ending import Agreement, end_agreement
from app.payments.subscriptions.repository import SubscriptionRepository

# A charge of ours that the provider has not answered for so long is over.
LIFETIME = timedelta(days=3)
# A bank that says no every few minutes begins to refuse for good.
AGAIN_AFTER_REFUSAL = timedelta(days=1)
PAID = ("paid", "refunded")


@dataclass(frozen=True, slots=True)
class Running:
    """A subscription as renewals need it; `place`, `language` and `contact` are of its last order.

    What each period brings and costs is what was agreed: of the last order under the agreement, whatever was bought or
    given besides. A discount lasts: `price` is `list_price` without it, and `regular` is without a sale as well.
    """

    id: UUID
    user_id: UUID
    package_key: str
    package: dict[str, Any]
    currency: str
    regular: int
    list_price: int
    price: int
    user_state: str
    telegram_id: int | None
    place: str
    language: str
    contact: str | None


async def lock_agreement(
    connection: Connection,
    project_id: int,
    *,
    subscription_id: UUID | None = None,
    provider: str | None = None,
    account: str | None = None,
    reference: str | None = None,
    agreed_by: UUID | None = None,
) -> Running | None:
    """A subscription in any state, by its id or its agreement at the provider, with its person, both locked.

    `agreed_by` is an order of an agreement that was followed by another one.
    """
    row = await connection.fetchrow(
        """
        SELECT s.id, s.user_id, COALESCE(a.package_key, s.package_key), COALESCE(a.package, s.package),
            COALESCE(a.currency, s.currency), COALESCE(a.regular, s.price), COALESCE(a.price, s.price),
            COALESCE(a.total, s.price), u.state, u.telegram_id,
            COALESCE(o.place, 'telegram'), COALESCE(o.language, u.language), o.contact
        FROM users u
        JOIN subscriptions s ON s.project_id = u.project_id AND s.user_id = u.id
        LEFT JOIN LATERAL (
            SELECT place, language, contact FROM orders
            WHERE project_id = s.project_id AND user_id = s.user_id AND subscription_id = s.id ORDER BY id DESC LIMIT 1
        ) o ON true
        LEFT JOIN LATERAL (
            SELECT package_key, package, currency, regular, price, total FROM orders
            WHERE project_id = s.project_id AND user_id = s.user_id AND subscription_id = s.id AND renews
                AND state IN ('paid', 'refunded')
            ORDER BY id = $6 DESC, paid_at DESC, id DESC LIMIT 1
        ) a ON true
        WHERE s.project_id = $1 AND (s.id = $2 OR (s.provider = $3 AND s.account = $4 AND s.reference = $5))
        ORDER BY s.state = 'ended', s.id DESC LIMIT 1
        FOR KEY SHARE OF u FOR UPDATE OF s
        """,
        project_id, subscription_id, provider, account, reference, agreed_by,
    )  # fmt: skip
    return Running(*row) if row else None


async def open_order(connection: Connection, project_id: int, running: Running) -> Order:
    """A pending order for the next period, at the price that was agreed. It is no further use of a coupon."""
    return await OrderRepository(connection, project_id).add(
        NewOrder(
            id=new_id(),
            user_id=running.user_id,
            kind="renewal",
            package_key=running.package_key,
            package=running.package,
            currency=running.currency,
            regular=running.regular,
            price=running.list_price,
            discount=running.list_price - running.price,
            total=running.price,
            coupon=None,
            person_hash=None,
            renews=True,
            place=running.place,
            language=running.language,
            contact=running.contact,
            expires_at=utc_now() + LIFETIME,
            subscription_id=running.id,
        )
    )


async def charge_failed(parts: Parts, connection: Connection, order: Order) -> None:
    """A charge of ours came to nothing, at once or later: the person hears of it once, and it is tried tomorrow."""
    rows = SubscriptionRepository(connection, order.project_id)
    known = await rows.get(order.subscription_id, lock=True) if order.subscription_id is not None else None
    if known is None or known.state == "ended":
        return
    await rows.try_later(known.id, after=AGAIN_AFTER_REFUSAL, attempt=True)
    if known.told not in ("failed", "grace_ends"):
        await parts.subscriptions.tell(connection, known, "failed")
        await rows.tell(known.id, "failed")


async def renew(parts: Parts, connection: Connection, source: Source, fact: Paid, bill: Bill | None) -> Outcome | None:
    """Takes a payment of a running agreement in; None if it is the first one, which an order waits for.

    A renewal that comes before the first payment of its agreement pays for the order: the money is as good.
    """
    if bill is not None and bill.order.state not in PAID:
        return None
    running = await lock_agreement(
        connection, source.project_id, provider=source.provider, account=source.account, reference=fact.subscription
    )
    goes_on = running is not None
    if running is None and fact.renewal and bill is not None and bill.order.subscription_id is not None:
        running = await lock_agreement(
            connection, source.project_id, subscription_id=bill.order.subscription_id, agreed_by=bill.order.id
        )
        # A provider may name a later payment otherwise; or the person has taken up what he had canceled, at the
        # provider's own place, and what he has with us may be another agreement by now.
        goes_on = running is not None and await SubscriptionRepository(connection, source.project_id).began_with(
            running.id, bill.order
        )
    payments = PaymentRepository(connection, source.project_id)
    known = await payments.bill_of_charge(source.provider, source.account, fact.charge)
    if known is not None:
        return Outcome("repeated", order_id=known.order.id, payment_id=known.payment.id)
    if running is None:
        return Outcome("later", "unknown_subscription") if fact.renewal else None
    rows = SubscriptionRepository(connection, source.project_id)
    current = await rows.open_of(running.user_id, lock=True)
    goes_on = goes_on and (current is None or current.id == running.id)
    if running.user_state == "erased" or (current is not None and current.renews and not goes_on):
        return await _send_back(connection, payments, running, source, fact, bill)
    if fact.currency != running.currency or fact.amount != running.price:
        return await refuse(connection, source, fact, "wrong_amount")
    if not goes_on:
        await rows.take_up(
            current.id if current is not None else running.id,
            provider=source.provider, account=source.account, reference=_name_of(fact, bill),
        )  # fmt: skip
    return await _take_in(parts, connection, payments, running, source, fact)


def _name_of(fact: Paid, bill: Bill | None) -> str:
    """What the agreement is called. In some books each payment names itself: then it is the first one's name."""
    assert fact.subscription is not None  # noqa: S101  # such facts alone come here
    first = bill.payment.charge if bill is not None else None
    return first if first is not None and fact.subscription == fact.charge else fact.subscription


async def _send_back(
    connection: Connection,
    payments: PaymentRepository,
    running: Running,
    source: Source,
    fact: Paid,
    bill: Bill | None,
) -> Outcome:
    """One agreement is enough, and none for who is gone: the money goes back, and what it came by ends."""
    order = await open_order(connection, payments.project_id, running)
    payer = fact.telegram_id or running.telegram_id
    payment = await payments.add_paid(
        order, state="surplus", provider=source.provider, account=source.account, amount=fact.amount,
        currency=fact.currency, charge=fact.charge, reference=fact.reference, payer=payer, at=fact.at,
    )  # fmt: skip
    assert payment is not None  # noqa: S101  # the agreement is locked, and its charge was not known
    await OrderRepository(connection, payments.project_id).move(order.id, "canceled")
    await return_surplus(connection, payment)
    agreement = Agreement(source.project_id, source.provider, source.account, _name_of(fact, bill))
    await end_agreement(connection, agreement, user_id=running.user_id, telegram_id=payer, paid_until=fact.paid_until)
    return Outcome("done", "surplus", order_id=order.id, payment_id=payment.id)


async def _take_in(
    parts: Parts,
    connection: Connection,
    payments: PaymentRepository,
    running: Running,
    source: Source,
    fact: Paid,
) -> Outcome:
    order = await open_order(connection, payments.project_id, running)
    payment = await payments.add_paid(
        order, state="paid", provider=source.provider, account=source.account,
        amount=fact.amount, currency=fact.currency, charge=fact.charge, reference=fact.reference,
        payer=fact.telegram_id or running.telegram_id, at=fact.at,
    )  # fmt: skip
    assert payment is not None  # noqa: S101  # the agreement is locked, and its charge was not known
    paid = await OrderRepository(connection, payments.project_id).settle(order.id)
    assert paid is not None  # noqa: S101  # it was made in this transaction
    await give(parts, connection, paid, fact, provider=source.provider, account=source.account)
    return Outcome("done", order_id=order.id, payment_id=payment.id)
