"""Giving what was bought, in the transaction that found out that it is paid. It cannot refuse: the money is there."""

from datetime import datetime, timedelta

from app.crm.cards.store import announce
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.notifications.service import notify
from app.payments.books import SEND_JOB
from app.payments.orders.repository import Order, OrderRepository
from app.payments.parts import Parts
from app.payments.port import Paid
from app.wallet.balance import UNITS
from app.wallet.service import wallet
from app.worker.port import enqueue

# Telegram itself writes into the chat that Stars were paid.
TELLS_BY_ITSELF = "stars"


def units_expire_at(order: Order, now: datetime) -> datetime | None:
    """When bought units end, as the package said when it was bought."""
    days = order.package["expires_days"]
    return now + timedelta(days=days) if days else None


async def give(
    parts: Parts,
    connection: Connection,
    order: Order,
    fact: Paid | None,
    *,
    provider: str | None = None,
    account: str | None = None,
) -> None:
    """`order` was just paid: by `fact`, or by a discount of all of it. Once; whoever moved the order calls this."""
    if order.kind == "gift":
        await parts.gifts.issue(connection, order)
    elif order.is_subscription:
        orders = OrderRepository(connection, order.project_id)
        # Two payments of one person must not both begin a subscription.
        await orders.lock_person(order.user_id)
        given = await parts.subscriptions.extend(connection, order, fact, provider=provider, account=account)
        await orders.link_subscription(order.id, given.id)
    else:
        await give_units(connection, order)
    await _tell(connection, order, by_bot=provider != TELLS_BY_ITSELF)
    # The last statement: all purchases meet at this key, and wait for each other no longer than a commit takes.
    await enqueue(connection, SEND_JOB, dedupe_key=SEND_JOB)


async def give_units(connection: Connection, order: Order) -> None:
    """What a package of units holds, into the wallet of whoever bought it."""
    now = utc_now()
    for unit in UNITS:
        amount = int(order.package[unit])
        if amount:
            await wallet.credit(
                connection,
                project_id=order.project_id,
                user_id=order.user_id,
                unit=unit,
                amount=amount,
                kind="purchase",
                key=f"order:{order.id}:{unit}",
                expires_at=units_expire_at(order, now),
                order_id=order.id,
            )


async def _tell(connection: Connection, order: Order, *, by_bot: bool) -> None:
    await announce(connection, project_id=order.project_id, kind="order", subject=str(order.id), user_id=order.user_id)
    # The subscription tells of its renewals itself.
    if order.kind != "renewal":
        await notify(
            connection,
            project_id=order.project_id,
            user_id=order.user_id,
            kind="account",
            values={
                "event": "gift_paid" if order.kind == "gift" else "paid" if order.total else "given",
                "package": order.package["name"],
                "amount": order.total,
                "currency": order.currency,
                "order": str(order.id),
            },
            dedupe=f"order:{order.id}",
            by_bot=by_bot,
        )
