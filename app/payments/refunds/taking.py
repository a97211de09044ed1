"""What a refund takes back of what an order gave: reserved while the money is on its way, taken when it has gone.

`before` and `after` are how much of the order's total was given back until then, and with this refund.
"""

from typing import Any
from uuid import UUID

from app.catalogue.library import Project
from app.kit.database import Connection
from app.payments.errors import RefundRefused
from app.payments.orders.repository import Order
from app.payments.parts import Parts
from app.payments.refunds.unused import unused_part
from app.wallet.balance import UNITS
from app.wallet.errors import UnitsUsed
from app.wallet.repository import WalletRepository
from app.wallet.service import Taken, UsedRule, wallet


class _Undo(Exception):
    """Ends a trial run."""


async def reserve(
    parts: Parts, connection: Connection, order: Order, *, before: int, after: int, rule: UsedRule
) -> dict[str, Any]:
    """Holds what is to be taken back, so that nobody uses it meanwhile: `{"holds": […], "voided": …}`.

    Raises `RefundRefused` with `used` where the rule is to refuse and something was used.
    """
    whole = after >= order.total
    # Of a subscription that was used a part may go back, for the time that is left.
    too_much = whole or (rule == "refuse" and after - before > await unused_part(connection, order))
    if rule == "refuse" and too_much and await _subscription_used(connection, order):
        raise RefundRefused(reason="used")
    voided = whole and order.kind == "gift" and await parts.gifts.void(connection, order)
    lots = await WalletRepository(connection, order.project_id).lots_of_order(order.id)
    for unit in UNITS:
        for user_id in {lot.user_id for lot in lots if lot.unit == unit}:
            # What has expired cannot be held, and must not be planned with.
            await wallet.write_off(connection, project_id=order.project_id, user_id=user_id, unit=unit)
    planned = await _try(connection, order, before=before, after=after, rule=rule)
    holds = []
    for unit in UNITS:
        amount = planned.taken.get(unit, 0)
        # One person has them: the buyer, or whoever redeemed the gift.
        owner = next((lot.user_id for lot in lots if lot.unit == unit), None)
        if amount and owner is not None:
            hold_id, _ = await wallet.hold(
                connection, project_id=order.project_id, user_id=owner, unit=unit, amount=amount
            )
            holds.append(str(hold_id))
    return {"holds": holds, "voided": voided}


async def _subscription_used(connection: Connection, order: Order) -> bool:
    """Whether anything was read at the expense of the time that this order paid for."""
    if order.subscription_id is None:
        return False
    found = await connection.fetchval(
        """
        SELECT true FROM readings r JOIN subscriptions s ON s.project_id = r.project_id AND s.user_id = r.user_id
        WHERE s.project_id = $1 AND s.id = $2 AND r.paid_by = 'subscription' AND r.created_at >= $3 LIMIT 1
        """,
        order.project_id, order.subscription_id, order.paid_at,
    )  # fmt: skip
    return bool(found)


async def _try(connection: Connection, order: Order, *, before: int, after: int, rule: UsedRule) -> Taken:
    """What would be taken; nothing is."""
    taken = Taken()
    try:
        async with connection.transaction():
            taken = await wallet.take_back(
                connection, project_id=order.project_id, order_id=order.id, before=before, after=after,
                of=order.total, rule=rule, key="trial",
            )  # fmt: skip
            raise _Undo
    except _Undo:
        return taken
    except UnitsUsed as error:
        raise RefundRefused(reason="used", **error.facts) from error


async def release(parts: Parts, connection: Connection, order: Order, taken: dict[str, Any]) -> None:
    """The refund came to nothing: the person has everything again."""
    for hold_id in taken.get("holds", ()):
        await wallet.release(connection, project_id=order.project_id, hold_id=UUID(hold_id))
    if taken.get("voided"):
        await parts.gifts.restore(connection, order)


async def take(
    parts: Parts,
    connection: Connection,
    order: Order,
    *,
    before: int,
    after: int,
    rule: UsedRule,
    key: str,
    reserved: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The money has gone: takes back what it paid for. What is written with the refund: `taken`, `forgiven`, `owed`."""
    for hold_id in (reserved or {}).get("holds", ()):
        await wallet.release(connection, project_id=order.project_id, hold_id=UUID(hold_id))
    if order.kind == "gift" and after >= order.total:
        await parts.gifts.void(connection, order)
    taken = await wallet.take_back(
        connection, project_id=order.project_id, order_id=order.id, before=before, after=after, of=order.total,
        rule=rule, key=key, reason=f"№ {order.number}",
    )  # fmt: skip
    if order.subscription_id is not None:
        await parts.subscriptions.refunded(connection, order, before=before, after=after, of=order.total)
    return taken.body()


def rule_of(project: Project | None, *, gone: bool) -> UsedRule:
    """The project's rule for used units. Money that is gone cannot be refused any more: then they are owed."""
    rule = project.refund_used if project is not None else "refuse"
    return "debt" if gone and rule == "refuse" else rule
