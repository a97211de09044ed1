"""Refunds, from wherever they start: asked for here, sent by a job, and ended in one place, `_settle`."""

from datetime import timedelta
from uuid import UUID

from app.catalogue.library import Project
from app.crm.cards.store import announce
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.notifications.service import notify
from app.payments import books
from app.payments.errors import OrderNotFound, RefundRefused
from app.payments.orders.payments import Bill, Payment, PaymentRepository
from app.payments.orders.repository import OrderRepository
from app.payments.outcome import Outcome, Source, refuse
from app.payments.parts import Parts
from app.payments.port import Provider, ProviderAway, ProviderRefused, Refunded, RefundFailed
from app.payments.refunds import taking
from app.payments.refunds.repository import OPEN, Refund, RefundRepository
from app.users.repository import UserRepository
from app.worker.port import enqueue

log = get_logger("app.payments")

SEND_JOB = "payments.refund"
LEASE = timedelta(minutes=1)
# What a provider calls pending is asked for again, for an event may never come.
PENDING = timedelta(hours=1)
SLOWEST = timedelta(hours=6)
# By then somebody should look, though it goes on.
PATIENCE = 8


async def ask(
    parts: Parts,
    connection: Connection,
    project: Project,
    *,
    order_id: UUID,
    started_by: str,
    amount: int | None = None,
    actor: str | None = None,
    reason: str | None = None,
    provider: Provider | None = None,
) -> Refund:
    """A refund of `amount` of a paid order, or of all that is left of it; a job sends it.

    What it takes back is reserved at once. Raises `OrderNotFound`, and `RefundRefused` with `reason`: not_paid (also
    for what cost nothing), already, under_way, too_much (with `left`), whole_only,
    amount_not_payable (the provider cannot give back exactly this sum), used (with `used`).
    """
    order = await OrderRepository(connection, project.id).get(order_id)
    if order is None:
        raise OrderNotFound
    await UserRepository(connection, project.id).get(order.user_id, lock="KEY SHARE")
    payments = PaymentRepository(connection, project.id)
    order = await OrderRepository(connection, project.id).get(order_id, lock=True) or order
    if order.state == "refunded":
        raise RefundRefused(reason="already")
    payment = next((row for row in await payments.of_orders([order.id]) if row.state == "paid"), None)
    if order.state != "paid" or payment is None:
        raise RefundRefused(reason="not_paid")
    refunds = RefundRepository(connection, project.id)
    if any(row.state in OPEN and row.payment_id == payment.id for row in await refunds.of_order(order.id, lock=True)):
        raise RefundRefused(reason="under_way")
    left = payment.amount - payment.refunded_amount
    wanted = left if amount is None else amount
    if not 0 < wanted <= left:
        raise RefundRefused(reason="too_much", left=left, currency=payment.currency)
    if wanted < payment.amount and provider is not None and not provider.refunds_in_parts:
        raise RefundRefused(reason="whole_only", left=left, currency=payment.currency)
    if provider is not None and not provider.refundable(amount=wanted, currency=payment.currency):
        raise RefundRefused(reason="amount_not_payable", left=left, currency=payment.currency)
    reserved = await taking.reserve(
        parts,
        connection,
        order,
        before=order.refunded_amount,
        after=order.refunded_amount + wanted,
        rule=taking.rule_of(project, gone=False),
    )
    refund = await refunds.add(
        payment, amount=wanted, started_by=started_by, reason=reason, actor=actor, taken=reserved
    )
    await _enqueue(connection, refund)
    return refund


async def return_surplus(connection: Connection, payment: Payment) -> Refund:
    """Money for which nothing was given goes back by itself."""
    refund = await RefundRepository(connection, payment.project_id).add(
        payment, amount=payment.amount, started_by="system", reason="surplus"
    )
    await _enqueue(connection, refund)
    return refund


async def _enqueue(connection: Connection, refund: Refund) -> None:
    await enqueue(connection, SEND_JOB, {"project": refund.project_id, "refund": str(refund.id)})


async def paid_with(connection: Connection, project_id: int, order_id: UUID) -> str | None:
    """The provider whose money an order was paid with."""
    name: str | None = await connection.fetchval(
        "SELECT provider FROM payments WHERE project_id = $1 AND order_id = $2 AND state IN ('paid', 'refunded')",
        project_id, order_id,
    )  # fmt: skip
    return name


async def provider_of(connection: Connection, project_id: int, refund_id: UUID) -> str | None:
    """Who took the money that goes back."""
    name: str | None = await connection.fetchval(
        """
        SELECT p.provider FROM refunds r JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id
        WHERE r.project_id = $1 AND r.id = $2
        """,
        project_id, refund_id,
    )  # fmt: skip
    return name


async def wait_for_project(database: Database, project_id: int, refund_id: UUID) -> None:
    """The catalogue has not got its project, now or for good: somebody may bring it back."""
    log.warning("a refund waits for its project", project_id=project_id, refund=str(refund_id))
    async with database.connection() as connection:
        await RefundRepository(connection, project_id).put_off(refund_id, until=SLOWEST, failure="no_project")


async def send(parts: Parts, database: Database, provider: Provider | None, project: Project, refund_id: UUID) -> None:
    """Asks the provider to give the money back, under the refund's own id: however often, once."""
    async with database.connection() as connection:
        refund = await RefundRepository(connection, project.id).claim(refund_id, lease=LEASE)
        bill = await PaymentRepository(connection, project.id).bill(refund.payment_id) if refund else None
    if refund is None or bill is None:
        return
    if provider is None or bill.payment.charge is None or provider.account(project) != bill.payment.account:
        await _give_up(parts, database, refund, "account_changed")
        return
    try:
        outcome = await provider.refund(
            project,
            charge=bill.payment.charge,
            amount=refund.amount,
            currency=refund.currency,
            refund_id=refund.id,
            telegram_id=bill.payment.payer or bill.telegram_id,
        )
    except ProviderAway as error:
        wait = min(timedelta(seconds=5) * 3 ** min(refund.attempts, 10), SLOWEST)
        # An error reaches those who can look at the provider's own page.
        tell = log.error if refund.attempts == PATIENCE else log.warning
        tell("a refund waits for its provider", provider=provider.name, refund=str(refund.id), project_id=project.id)
        async with database.connection() as connection:
            await RefundRepository(connection, project.id).put_off(refund.id, until=wait, failure=error.code)
        return
    except ProviderRefused as error:
        log.warning("a provider refused a refund", provider=provider.name, refund=str(refund.id), reason=str(error))
        await _give_up(parts, database, refund, "refused")
        return
    async with database.transaction() as connection:
        if outcome.state == "pending":
            await RefundRepository(connection, project.id).sent(refund.id, reference=outcome.reference, until=PENDING)
            return
        locked = await PaymentRepository(connection, project.id).bill(refund.payment_id, lock=True)
        if locked is not None:
            await _settle(parts, connection, locked, refund.id, reference=outcome.reference, project=project)


async def confirm(parts: Parts, connection: Connection, source: Source, fact: Refunded) -> Outcome:
    """The provider says that money went back: one of ours, or one that began there."""
    payments = PaymentRepository(connection, source.project_id)
    bill = await payments.bill_of_charge(
        provider=source.provider, account=source.account, charge=fact.charge, lock=True
    )
    if bill is None:
        return Outcome("later", "unknown_charge")
    if fact.currency != bill.payment.currency:
        return await refuse(connection, source, fact, "wrong_currency")
    refunds = RefundRepository(connection, source.project_id)
    known = [row for row in await refunds.of_order(bill.order.id) if row.payment_id == bill.payment.id]
    left = bill.payment.amount - bill.payment.refunded_amount
    ours = _match(known, fact, left=left)
    if ours is not None and ours.state == "done":
        return Outcome.of(bill, "repeated")
    if ours is not None and ours.amount != fact.amount:
        return await refuse(connection, source, fact, "wrong_amount")
    if not 0 < fact.amount <= left:
        return await refuse(connection, source, fact, "too_much")
    if ours is None:
        ours = await refunds.add(bill.payment, amount=fact.amount, started_by="provider")
    await _settle(parts, connection, bill, ours.id, reference=fact.refund, project=source.project)
    return Outcome.of(bill, "done")


async def came_back(connection: Connection, source: Source, fact: RefundFailed) -> Outcome:
    """Money that had gone is with us again, and the books say that it went: somebody has to decide what to do.

    One of ours that had not gone yet fails when it is asked for again.
    """
    bill = await PaymentRepository(connection, source.project_id).bill_of_charge(
        source.provider, source.account, fact.charge
    )
    if bill is None:
        return Outcome("ignored", "unknown_charge")
    for row in await RefundRepository(connection, source.project_id).of_order(bill.order.id):
        if row.state == "done" and (row.id == fact.refund_id or row.reference == fact.refund):
            return await refuse(connection, source, fact, "refund_failed", order_id=bill.order.id)
    return Outcome.of(bill, "ignored", "refund_was_open")


def _match(known: list[Refund], fact: Refunded, *, left: int) -> Refund | None:
    """The row that this is about. What comes without our id may be ours all the same (Telegram names none, and gives
    back the whole alone), or was done on the provider's own page instead: so it is when both would be too much."""
    for row in known:
        if row.id == fact.refund_id or row.reference == fact.refund:
            return row
    if fact.refund_id is not None or 2 * fact.amount <= left:
        return None
    return next(
        (row for row in known if row.state in OPEN and row.reference is None and row.amount == fact.amount), None
    )


async def _settle(
    parts: Parts, connection: Connection, bill: Bill, refund_id: UUID, *, reference: str, project: Project | None
) -> None:
    """The one end of every refund; `bill` is locked. The refund's own move decides."""
    order, payment = bill.order, bill.payment
    refunds = RefundRepository(connection, order.project_id)
    refund = await refunds.get(refund_id, lock=True)
    if refund is None or refund.state == "done":
        return
    surplus = payment.state == "surplus"
    taken = None
    if not surplus:
        taken = await taking.take(
            parts,
            connection,
            order,
            before=order.refunded_amount,
            after=order.refunded_amount + refund.amount,
            rule=taking.rule_of(project, gone=True),
            key=f"refund:{refund.id}",
            reserved=refund.taken,
        )
    await refunds.finish(refund.id, reference=reference, taken=taken)
    await PaymentRepository(connection, order.project_id).give_back(payment.id, refund.amount)
    if not surplus:
        await OrderRepository(connection, order.project_id).give_back(order.id, refund.amount)
    await _tell(connection, bill, refund)
    if not surplus:
        await books.enter(connection, project_id=order.project_id, order_id=order.id, refund_id=refund.id)


async def _tell(connection: Connection, bill: Bill, refund: Refund) -> None:
    order = bill.order
    gone = bill.user_state == "erased"
    await announce(
        connection,
        project_id=order.project_id,
        kind="refund",
        subject=str(refund.id),
        user_id=None if gone else order.user_id,
    )
    if not gone:
        await notify(
            connection,
            project_id=order.project_id,
            user_id=order.user_id,
            kind="account",
            values={
                "event": "surplus" if refund.reason == "surplus" else "refunded",
                "amount": refund.amount,
                "currency": refund.currency,
                "order": str(order.id),
            },
            dedupe=f"refund:{refund.id}",
        )


async def _give_up(parts: Parts, database: Database, refund: Refund, failure: str) -> None:
    """The provider will not do it: the person has everything again, and the staff are told."""
    log.error("a refund failed", refund=str(refund.id), project_id=refund.project_id, reason=failure)
    async with database.transaction() as connection:
        bill = await PaymentRepository(connection, refund.project_id).bill(refund.payment_id, lock=True)
        failed = await RefundRepository(connection, refund.project_id).fail(refund.id, failure=failure)
        if bill is None or failed is None:
            return
        if bill.payment.state != "surplus":
            await taking.release(parts, connection, bill.order, failed.taken)
        gone = bill.user_state == "erased"
        await announce(
            connection,
            project_id=refund.project_id,
            kind="refund",
            subject=str(refund.id),
            user_id=None if gone else bill.order.user_id,
        )
        if refund.started_by == "woocommerce":
            # It stands in the store already, and is taken out again there.
            await books.enter(connection, project_id=refund.project_id, order_id=refund.order_id, refund_id=refund.id)
