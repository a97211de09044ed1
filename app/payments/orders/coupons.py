"""A coupon's place in an order: kept while the order is pending, given back with it, and taken again by late money.

Locks: the coupon before any order.
"""

from typing import Any

from app.catalogue.library import Coupon
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.payments.errors import CouponInvalid
from app.payments.orders.closing import close_later
from app.payments.orders.repository import Order, OrderRepository

UNPAID = ("pending", "expired", "canceled")


def limits_copy(coupon: Coupon | None) -> dict[str, Any]:
    """What an order keeps of its coupon's limits, beside the copy of its package: how many of our orders may have it,
    in all and by one person. Nothing where there is no limit."""
    if coupon is None or (coupon.usage_limit is None and coupon.usage_limit_per_user is None):
        return {}
    by_all = None if coupon.usage_limit is None else coupon.usage_limit - coupon.used_elsewhere
    return {"coupon": {"uses": by_all, "uses_per_person": coupon.usage_limit_per_user}}


async def check_limits(orders: OrderRepository, coupon: Coupon, person_hash: bytes) -> None:
    """Raises `CouponInvalid`. What it says holds for whoever has locked the coupon."""
    if coupon.usage_limit is None and coupon.usage_limit_per_user is None:
        return
    by_all, by_person = await orders.coupon_uses(coupon.code, person_hash)
    if coupon.usage_limit_per_user is not None and by_person >= coupon.usage_limit_per_user:
        raise CouponInvalid(reason="used_by_you")
    if coupon.usage_limit is not None and by_all + coupon.used_elsewhere >= coupon.usage_limit:
        raise CouponInvalid(reason="used_up")


async def lock(connection: Connection, order: Order) -> None:
    """To be called before an order that may be paid late is locked."""
    if order.coupon is not None and order.state in UNPAID and order.package.get("coupon"):
        await OrderRepository(connection, order.project_id).lock_coupon(order.coupon)


async def is_full(connection: Connection, order: Order) -> bool:
    """Whether others have taken the place that this unpaid order had: `lock` was called, and the order is locked.

    Another order that the person has begun meanwhile gives its place to this one, for this one he pays for.
    """
    limits = order.package.get("coupon")
    if order.coupon is None or not limits or order.state not in UNPAID:
        return False
    if order.state == "pending" and order.expires_at > utc_now():
        return False
    orders = OrderRepository(connection, order.project_id)
    canceled = await orders.cancel_with_coupon(order.user_id, order.coupon)
    await close_later(connection, order.project_id, [row for row in canceled if row != order.id])
    by_all, by_person = await orders.coupon_uses(order.coupon, order.person_hash or b"")
    uses, uses_per_person = limits["uses"], limits["uses_per_person"]
    return (uses is not None and by_all >= uses) or (uses_per_person is not None and by_person >= uses_per_person)
