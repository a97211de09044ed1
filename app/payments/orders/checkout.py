"""The question before a payment in Telegram: is this invoice still to be paid, by this person, and with this sum?"""

from datetime import timedelta
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.orders.payments import Bill, PaymentRepository
from app.payments.subscriptions.repository import SubscriptionRepository
from app.telegram.checkout import CheckoutQuery, Refusal

UNKNOWN = Refusal("checkout.unknown")
OVER = Refusal("checkout.over")
PAID = Refusal("checkout.paid")
NOT_YOURS = Refusal("checkout.not_yours")
CHANGED = Refusal("checkout.changed")
SUBSCRIBED = Refusal("checkout.subscribed")
SHUT_OUT = Refusal("checkout.shut_out")
# A renewal comes about when the paid time ends; whoever pays the same invoice again before that pays it twice.
RENEWAL = timedelta(days=1)
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
    if bill.user_state != "active":
        return SHUT_OUT
    if bill.order.state in ("paid", "refunded") or bill.payment.state not in OPEN:
        return None if await _is_renewal(connection, bill, query) else PAID
    if bill.order.state != "pending" or bill.order.expires_at <= utc_now():
        return OVER
    if (bill.payment.amount, bill.payment.currency) != (query.amount, query.currency):
        return CHANGED
    if await _is_second(connection, bill):
        return SUBSCRIBED
    return None


async def _is_second(connection: Connection, bill: Bill) -> bool:
    """Whether the person has begun one that renews by itself since this subscription was offered to him."""
    order = bill.order
    if order.kind != "purchase" or not order.is_subscription:
        return False
    running = await SubscriptionRepository(connection, order.project_id).open_of(order.user_id)
    return running is not None and running.renews


async def _is_renewal(connection: Connection, bill: Bill, query: CheckoutQuery) -> bool:
    """Whether the agreement that this payment began is to be paid for once more now."""
    if bill.payment.charge is None:
        return False
    running = await SubscriptionRepository(connection, bill.order.project_id).by_reference(
        provider=bill.payment.provider, account=bill.payment.account, reference=bill.payment.charge
    )
    if running is None or running.state == "ended" or not running.renews or running.until > utc_now() + RENEWAL:
        return False
    return (running.price, running.currency) == (query.amount, query.currency)
