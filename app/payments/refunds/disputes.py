"""Disputes: the staff are told of each move; one that is lost has cost the money, and ends like a refund."""

from app.crm.cards.store import announce
from app.kit.database import Connection
from app.payments.orders.payments import PaymentRepository
from app.payments.outcome import Outcome, Source, refuse
from app.payments.parts import Parts
from app.payments.port import Disputed, Refunded
from app.payments.refunds import service as refunds
from app.payments.refunds.repository import RefundRepository


async def apply(parts: Parts, connection: Connection, source: Source, fact: Disputed) -> Outcome:
    payments = PaymentRepository(connection, source.project_id)
    bill = await payments.bill_of_charge(
        provider=source.provider, account=source.account, charge=fact.charge, lock=True
    )
    if bill is None:
        return Outcome("later", "unknown_charge")
    payment = bill.payment
    if fact.currency != payment.currency or not 0 < fact.amount <= payment.amount:
        return await refuse(connection, source, fact, "wrong_amount")
    dispute_id, moved = await RefundRepository(connection, source.project_id).dispute(
        payment, reference=fact.dispute, state=fact.state, amount=fact.amount, currency=fact.currency
    )
    if not moved:
        return Outcome.of(bill, "repeated")
    await announce(
        connection,
        project_id=source.project_id,
        kind="dispute",
        subject=str(dispute_id),
        user_id=None if bill.user_state == "erased" else bill.order.user_id,
    )
    refunds_of = await RefundRepository(connection, source.project_id).of_order(bill.order.id)
    if fact.state == "won" and any(row.reference == fact.dispute and row.state == "done" for row in refunds_of):
        # What was bought was taken back, and the money is with us again.
        await refuse(connection, source, fact, "won_after_lost", order_id=bill.order.id)
    left = payment.amount - payment.refunded_amount
    if fact.state == "lost" and left:
        lost = Refunded(fact.charge, fact.dispute, min(fact.amount, left), fact.currency)
        await refunds.confirm(parts, connection, source, lost)
    return Outcome.of(bill, "done")
