"""The question before a payment in Telegram: is this invoice still to be paid, by this person, and with this sum?"""

from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.repository_payments import PaymentRepository
from app.telegram.checkout import CheckoutQuery, Refusal

UNKNOWN = Refusal("checkout.unknown")
OVER = Refusal("checkout.over")
PAID = Refusal("checkout.paid")
NOT_YOURS = Refusal("checkout.not_yours")
CHANGED = Refusal("checkout.changed")
OPEN = ("new", "started", "failed")


async def check(connection: Connection, project_id: int, provider: str, query: CheckoutQuery) -> Refusal | None:
    """The payload is the payment's id. A pending order keeps its coupon's place: it needs no second look."""
    try:
        payment_id = UUID(query.payload)
    except ValueError:
        return UNKNOWN
    bill = await PaymentRepository(connection, project_id).bill(payment_id)
    if bill is None or bill.payment.provider != provider:
        return UNKNOWN
    if bill.telegram_id != query.telegram_id:
        return NOT_YOURS
    if bill.order.state in ("paid", "refunded") or bill.payment.state not in OPEN:
        return PAID
    if bill.order.state != "pending" or bill.order.expires_at <= utc_now():
        return OVER
    if (bill.payment.amount, bill.payment.currency) != (query.amount, query.currency):
        return CHANGED
    return None
