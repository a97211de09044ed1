"""Giving what was bought, in the transaction that found out that it is paid. It cannot refuse: the money is there."""

from datetime import datetime, timedelta

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.port import Paid
from app.payments.repository import Order
from app.wallet.repository import Unit
from app.wallet.service import wallet

GIVEN: tuple[Unit, ...] = ("readings", "follow_ups")


def units_expire_at(order: Order, now: datetime) -> datetime | None:
    """When bought units end, as the package said when it was bought."""
    days = order.package["expires_days"]
    return now + timedelta(days=days) if days else None


async def give(connection: Connection, order: Order, fact: Paid | None) -> None:
    """`order` was just paid, by `fact`, or by a discount of all of it."""
    await give_units(connection, order, utc_now())


async def give_units(connection: Connection, order: Order, now: datetime) -> None:
    """What a package of units holds, into the wallet of whoever bought it."""
    for unit in GIVEN:
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
            )
