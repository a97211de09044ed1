"""Which part of an order's money paid for what nobody has used: it can go back whatever the project's rule is."""

from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.orders.repository import Order
from app.payments.subscriptions.repository import SubscriptionRepository
from app.payments.subscriptions.terms import brought_by
from app.wallet.balance import UNITS
from app.wallet.repository import WalletRepository
from app.wallet.service import wallet


async def unused_part(connection: Connection, order: Order) -> int:
    """In the currency's smallest units, at most what is left of the order. Of several units the most used one counts;
    what is held counts as used, as in `wallet.take_back`."""
    parts = [order.total - order.refunded_amount]
    lots = await WalletRepository(connection, order.project_id).lots_of_order(order.id)
    for unit in UNITS:
        own = [lot for lot in lots if lot.unit == unit]
        given = sum(lot.amount for lot in own)
        if not given:
            continue
        balances = await wallet.get(connection, project_id=order.project_id, user_id=own[0].user_id)
        left = min(sum(lot.remaining for lot in own), balances[unit].available)
        parts.append(order.total * left // given)
    if order.is_subscription and order.subscription_id is not None:
        parts.append(await _unused_time(connection, order, order.subscription_id))
    return max(min(parts), 0)


async def _unused_time(connection: Connection, order: Order, subscription_id: UUID) -> int:
    running = await SubscriptionRepository(connection, order.project_id).get(subscription_id)
    now = utc_now()
    if running is None or running.state == "ended" or running.until <= now:
        return 0
    brought = max(int(brought_by(order).total_seconds()), 1)
    # Former parts took their time, but none of what renews.
    before = order.refunded_amount if running.renews else 0
    return order.total * int((running.until - now).total_seconds()) // brought - before
