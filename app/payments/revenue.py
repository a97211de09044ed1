"""What was sold and what went back, in each currency: Stars and money are never added to each other. Times are UTC.

A sale counts when its order was paid, with the whole sum; a refund counts when the money went, whenever the sale was.
Payments that came one too many are neither.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.kit.database import Connection

By = Literal["day", "package", "provider"]
_SALE_GROUPS: dict[By, str] = {
    "day": "to_char(o.paid_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
    "package": "o.package_key",
    "provider": "COALESCE(p.provider, 'none')",
}
_REFUND_GROUPS: dict[By, str] = {**_SALE_GROUPS, "day": "to_char(r.done_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"}


@dataclass(frozen=True, slots=True)
class Revenue:
    """Of one currency, in its smallest units; `group` is a day (YYYY-MM-DD), a package's key, a provider's name, or
    empty for all. `orders` were paid and cost something."""

    group: str
    currency: str
    orders: int
    sales: int
    refunds: int

    @property
    def net(self) -> int:
        return self.sales - self.refunds

    @property
    def average(self) -> int:
        """Of a sale, rounded half up."""
        return (2 * self.sales + self.orders) // (2 * self.orders) if self.orders else 0


async def revenue(
    connection: Connection,
    *,
    project_ids: Sequence[int],
    since: datetime,
    until: datetime | None = None,
    by: By | None = None,
) -> list[Revenue]:
    """From `since` on, before `until`; days and names in their order, currencies in theirs."""
    sale = _SALE_GROUPS[by] if by else "''"
    refund = _REFUND_GROUPS[by] if by else "''"
    rows = await connection.fetch(
        f"""
        SELECT name, currency, sum(orders)::bigint, sum(sales)::bigint, sum(refunds)::bigint FROM (
            SELECT {sale} AS name, o.currency, 1 AS orders, o.total AS sales, 0 AS refunds
            FROM orders o
            LEFT JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id
                AND p.state IN ('paid', 'refunded')
            WHERE o.project_id = ANY($1::smallint[]) AND o.paid_at >= $2 AND ($3::timestamptz IS NULL OR o.paid_at < $3)
                AND o.total > 0
            UNION ALL
            SELECT {refund}, r.currency, 0, 0, r.amount
            FROM refunds r
            JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id AND p.state <> 'surplus'
            JOIN orders o ON o.project_id = r.project_id AND o.id = r.order_id
            WHERE r.project_id = ANY($1::smallint[]) AND r.state = 'done'
                AND r.done_at >= $2 AND ($3::timestamptz IS NULL OR r.done_at < $3)
        ) AS moved GROUP BY 1, 2 ORDER BY 1, 2
        """,  # noqa: S608  # constants of this module
        list(project_ids), since, until,
    )  # fmt: skip
    return [Revenue(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Customers:
    """`buyers` bought something in the period, which a renewal is not; `subscriptions` run now."""

    buyers: int = 0
    subscriptions: int = 0


async def customers(connection: Connection, *, project_ids: Sequence[int], since: datetime) -> dict[int, Customers]:
    rows = await connection.fetch(
        """
        SELECT p.id,
            (SELECT count(DISTINCT o.user_id) FROM orders o
             WHERE o.project_id = p.id AND o.paid_at >= $2 AND o.total > 0
                AND o.kind <> 'renewal'),
            (SELECT count(*) FROM subscriptions s
             WHERE s.project_id = p.id AND s.state <> 'ended' AND COALESCE(s.grace_until, s.until) > now())
        FROM projects p WHERE p.id = ANY($1::smallint[])
        """,
        list(project_ids), since,
    )  # fmt: skip
    found = {row[0]: Customers(row[1], row[2]) for row in rows}
    return {project_id: found.get(project_id, Customers()) for project_id in project_ids}


async def sales_by_bar(
    connection: Connection, *, project_ids: Sequence[int], since: datetime, step: timedelta, bars: int
) -> tuple[int, ...]:
    """How many orders that cost something were paid in each bar of a period, the oldest first."""
    rows = await connection.fetch(
        """
        SELECT floor(extract(epoch FROM paid_at - $2) / extract(epoch FROM $3::interval))::int, count(*)
        FROM orders WHERE project_id = ANY($1::smallint[]) AND paid_at >= $2 AND total > 0 GROUP BY 1
        """,
        list(project_ids), since, step,
    )  # fmt: skip
    found = {row[0]: row[1] for row in rows}
    return tuple(found.get(number, 0) for number in range(bars))


@dataclass(frozen=True, slots=True)
class Paid:
    """What one person has paid in one currency, without what went back."""

    currency: str
    amount: int


async def paid_by(connection: Connection, *, project_id: int, user_id: UUID) -> list[Paid]:
    rows = await connection.fetch(
        """
        SELECT currency, sum(total - refunded_amount)::bigint FROM orders
        WHERE project_id = $1 AND user_id = $2 AND state IN ('paid', 'refunded')
        GROUP BY currency HAVING sum(total - refunded_amount) > 0 ORDER BY currency
        """,
        project_id, user_id,
    )  # fmt: skip
    return [Paid(*row) for row in rows]
