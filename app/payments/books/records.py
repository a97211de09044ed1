"""What our books say of an order and of its refunds: everything that WooCommerce is told."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kit.database import Connection


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with its person and the payment that paid it, if it cost anything.

    `telegram_id` is None for one who left. Amounts are integers in the currency's smallest units.
    """

    id: UUID
    project_id: int
    number: int
    user_id: UUID
    kind: str
    state: str
    package_key: str
    package: dict[str, Any]
    currency: str
    price: int
    discount: int
    total: int
    coupon: str | None
    place: str
    paid_at: datetime | None
    project_key: str
    telegram_id: int | None
    first_name: str
    last_name: str | None
    username: str | None
    provider: str | None
    charge: str | None
    payment_id: UUID | None
    chat_id: int | None
    thread_id: int | None
    # Where the order's own card stands in the same group, once it was posted.
    card_thread_id: int | None = None
    card_message_id: int | None = None


@dataclass(frozen=True, slots=True)
class RefundRecord:
    id: UUID
    payment_id: UUID
    amount: int
    currency: str
    state: str
    reason: str | None
    started_by: str
    done_at: datetime | None


async def order_record(connection: Connection, project_id: int, order_id: UUID) -> OrderRecord | None:
    row = await connection.fetchrow(
        """
        SELECT o.id, o.project_id, o.number, o.user_id, o.kind, o.state, o.package_key, o.package, o.currency, o.price,
            o.discount, o.total, o.coupon, o.place, o.paid_at, p.key, u.telegram_id, u.first_name, u.last_name,
            u.username, m.provider, m.charge, m.id, g.chat_id, t.thread_id, c.thread_id, c.message_id
        FROM orders o
        JOIN projects p ON p.id = o.project_id
        JOIN users u ON u.project_id = o.project_id AND u.id = o.user_id
        LEFT JOIN payments m ON m.project_id = o.project_id AND m.order_id = o.id AND m.state IN ('paid', 'refunded')
        LEFT JOIN staff_groups g ON g.project_id = o.project_id
        LEFT JOIN staff_topics t ON t.project_id = o.project_id AND t.chat_id = g.chat_id AND t.kind = 'client'
            AND t.user_id = o.user_id
        LEFT JOIN staff_cards c ON c.project_id = o.project_id AND c.chat_id = g.chat_id AND c.kind = 'order'
            AND c.subject = o.id::text
        WHERE o.project_id = $1 AND o.id = $2
        """,
        project_id, order_id,
    )  # fmt: skip
    return OrderRecord(*row) if row else None


async def refund_record(connection: Connection, project_id: int, refund_id: UUID) -> RefundRecord | None:
    columns = ", ".join(field.name for field in fields(RefundRecord))
    row = await connection.fetchrow(
        f"SELECT {columns} FROM refunds WHERE project_id = $1 AND id = $2",  # noqa: S608  # names of a class of ours
        project_id,
        refund_id,
    )
    return RefundRecord(*row) if row else None
