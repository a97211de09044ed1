"""The machine: every fact of every provider ends here, however often, and in whatever order they come.

All of one fact happens in the caller's transaction: the move that decides, and what it gives or takes.

Locks are taken in the order person, coupon, subscription, order, payment, refund, wallet.
"""

from app.crm.cards.store import announce
from app.kit.database import Connection
from app.notifications.service import notify
from app.payments import renewals
from app.payments.fulfilment import give
from app.payments.orders import coupons
from app.payments.orders.payments import Bill, PaymentRepository, facts_of
from app.payments.orders.repository import OrderRepository
from app.payments.outcome import Outcome, Source, refuse
from app.payments.parts import Parts
from app.payments.port import Disputed, Fact, Failed, Paid, Refunded, RefundFailed, SubscriptionChanged
from app.payments.refunds import disputes
from app.payments.refunds import service as refunds
from app.payments.subscriptions.ending import Agreement, end_agreement

# A page that was left, or an invoice that nobody opened, is no news.
QUIET_FAILURES = frozenset({"canceled", "expired"})
UNKNOWN_AGREEMENT = "unknown_agreement"


async def apply(parts: Parts, connection: Connection, source: Source, fact: Fact) -> Outcome:
    if isinstance(fact, Paid):
        return await paid(parts, connection, source, fact)
    if isinstance(fact, Failed):
        return await failed(parts, connection, source, fact)
    if isinstance(fact, Refunded):
        return await refunds.confirm(parts, connection, source, fact)
    if isinstance(fact, RefundFailed):
        return await refunds.came_back(connection, source, fact)
    if isinstance(fact, Disputed):
        return await disputes.apply(parts, connection, source, fact)
    return await changed(parts, connection, source, fact)


async def paid(parts: Parts, connection: Connection, source: Source, fact: Paid) -> Outcome:
    payments = PaymentRepository(connection, source.project_id)
    bill = await _find(payments, source, fact)
    if fact.subscription is not None:
        renewed = await renewals.renew(parts, connection, source, fact, bill)
        if renewed is not None:
            return renewed
    if bill is not None:
        await coupons.lock(connection, bill.order)
        bill = await payments.lock(bill)
    if bill is None:
        known = await payments.bill_of_charge(source.provider, source.account, fact.charge)
        if known is not None:
            return Outcome("repeated", order_id=known.order.id, payment_id=known.payment.id)
        return await refuse(connection, source, fact, "unknown_payment")
    if bill.payment.charge == fact.charge:
        return Outcome.of(bill, "repeated")
    if problem := _mismatch(bill, source, fact):
        return await refuse(connection, source, fact, problem)
    gone = bill.user_state == "erased"
    if not (gone or await coupons.is_full(connection, bill.order) or await _is_second_agreement(connection, bill)):
        payer = fact.telegram_id or bill.telegram_id
        order = await payments.pay(bill, charge=fact.charge, payer=payer, at=fact.at)
        if order is not None:
            await give(parts, connection, order, fact, provider=source.provider, account=source.account)
            return Outcome.of(bill, "done")
    return await _surplus(connection, payments, bill, source, fact)


async def _is_second_agreement(connection: Connection, bill: Bill) -> bool:
    """Whether the person has begun a subscription that renews since he was offered this one: two invoices, both paid.
    Each would be charged for every month."""
    order = bill.order
    if order.state in ("paid", "refunded") or order.kind != "purchase" or not order.is_subscription:
        return False
    orders = OrderRepository(connection, order.project_id)
    # Of two that are paid at the same moment one begins.
    await orders.lock_person(order.user_id)
    running = await orders.running_subscription(order.user_id)
    return running is not None and running[1]


async def _find(payments: PaymentRepository, source: Source, fact: Paid | Failed) -> Bill | None:
    if fact.payment_id is not None:
        return await payments.bill(fact.payment_id)
    if fact.reference is not None:
        return await payments.bill_of_reference(source.provider, source.account, fact.reference)
    return None


def _mismatch(bill: Bill, source: Source, fact: Paid) -> str | None:
    """Why this money is not for this payment. An order that has expired or was canceled is no reason."""
    payment = bill.payment
    if (payment.provider, payment.account) != (source.provider, source.account):
        return "wrong_account"
    if payment.currency != fact.currency:
        return "wrong_currency"
    if payment.amount != fact.amount:
        return "wrong_amount"
    if fact.telegram_id is not None and bill.telegram_id is not None and fact.telegram_id != bill.telegram_id:
        return "wrong_person"
    return None


async def _surplus(
    connection: Connection, payments: PaymentRepository, bill: Bill, source: Source, fact: Paid
) -> Outcome:
    """Good money for nothing more to be had: kept as a payment of its own, and sent back by itself; an agreement that
    it began ends, or it would be charged for every month."""
    known = await payments.bill_of_charge(source.provider, source.account, fact.charge)
    payer = fact.telegram_id or bill.telegram_id
    surplus = None
    if known is None:
        surplus = await payments.make_surplus(bill.payment.id, charge=fact.charge, payer=payer, at=fact.at)
        surplus = surplus or await payments.add_paid(
            bill.order, state="surplus", provider=source.provider, account=source.account, amount=fact.amount,
            currency=fact.currency, charge=fact.charge, reference=None, payer=payer, at=fact.at,
        )  # fmt: skip
    if surplus is None:
        return Outcome("repeated", order_id=bill.order.id, payment_id=bill.payment.id)
    await refunds.return_surplus(connection, surplus)
    # Nothing of it is to be paid for any more.
    await OrderRepository(connection, source.project_id).move(bill.order.id, "canceled")
    if fact.subscription is not None:
        agreement = Agreement(source.project_id, source.provider, source.account, fact.subscription)
        await end_agreement(
            connection, agreement, user_id=bill.order.user_id, telegram_id=payer, paid_until=fact.paid_until
        )
    return Outcome("done", "surplus", order_id=bill.order.id, payment_id=surplus.id)


async def failed(parts: Parts, connection: Connection, source: Source, fact: Failed) -> Outcome:
    payments = PaymentRepository(connection, source.project_id)
    bill = await _find(payments, source, fact)
    bill = await payments.lock(bill) if bill is not None else None
    if bill is None or (bill.payment.provider, bill.payment.account) != (source.provider, source.account):
        return Outcome("ignored", "unknown_payment")
    payment = await payments.fail(bill.payment.id, failure=fact.reason)
    if payment is None:
        return Outcome.of(bill, "repeated", f"is_{bill.payment.state}")
    if bill.order.kind == "renewal":
        await renewals.charge_failed(parts, connection, bill.order)
    if fact.reason not in QUIET_FAILURES:
        await announce_failure(connection, bill, fact.reason)
    return Outcome.of(bill, "done")


async def announce_failure(connection: Connection, bill: Bill, reason: str) -> None:
    """The staff may help, and the person finds it in his inbox; he has just seen it on the page as well."""
    order, payment = bill.order, bill.payment
    await announce(
        connection,
        project_id=order.project_id,
        kind="payment_failed",
        subject=str(payment.id),
        user_id=order.user_id,
        facts={**facts_of(payment), "failure": reason},
    )
    if order.kind == "renewal":
        # The subscription tells of that itself.
        return
    await notify(
        connection,
        project_id=order.project_id,
        user_id=order.user_id,
        kind="account",
        values={"event": "payment_failed", "package": order.package["name"], "order": str(order.id)},
        dedupe=f"payment_failed:{payment.id}",
        by_bot=False,
    )


async def changed(parts: Parts, connection: Connection, source: Source, fact: SubscriptionChanged) -> Outcome:
    known = await parts.subscriptions.changed(
        connection, source.project_id, provider=source.provider, account=source.account, fact=fact
    )
    return Outcome("done") if known is not None else Outcome("later", UNKNOWN_AGREEMENT)
