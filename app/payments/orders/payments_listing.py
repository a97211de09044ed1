"""Payments as the staff look for them: every attempt, with the order that it is for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection
from app.payments.orders.payments import COLUMNS, WIDTH, Payment, to_payment

PAYMENTS = ", ".join(f"p.{name}" for name in COLUMNS.split(", "))


@dataclass(frozen=True, slots=True)
class PaymentFilters:
    """Whatever is not None holds; `name` is the provider's, of the attempt or of the money."""

    states: Sequence[str] = ()
    user_id: UUID | None = None
    order_id: UUID | None = None
    provider: str | None = None
    currency: str | None = None
    name: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedPayment:
    payment: Payment
    order_number: int
    user_id: UUID


async def payments_page(
    connection: Connection, project_id: int, *, filters: PaymentFilters, before: UUID | None, limit: int
) -> list[ListedPayment]:
    """The newest first."""
    rows = await connection.fetch(
        f"""
        SELECT {PAYMENTS}, o.number, o.user_id
        FROM payments p
        JOIN orders o ON o.project_id = p.project_id AND o.id = p.order_id
        WHERE p.project_id = $1 AND ($2::uuid IS NULL OR p.id < $2)
            AND (cardinality($3::text[]) = 0 OR p.state = ANY($3::text[]))
            AND ($4::uuid IS NULL OR o.user_id = $4)
            AND ($5::uuid IS NULL OR p.order_id = $5)
            AND ($6::text IS NULL OR p.provider = $6) AND ($7::text IS NULL OR p.currency = $7)
            AND ($8::text IS NULL OR p.reference = $8 OR p.charge = $8)
            AND ($9::timestamptz IS NULL OR p.created_at >= $9) AND ($10::timestamptz IS NULL OR p.created_at < $10)
        ORDER BY p.id DESC LIMIT $11
        """,  # noqa: S608  # the columns are a constant
        project_id, before, list(filters.states), filters.user_id, filters.order_id, filters.provider,
        filters.currency, filters.name, filters.since, filters.until, limit,
    )  # fmt: skip
    return [ListedPayment(to_payment(row), row[WIDTH], row[WIDTH + 1]) for row in rows]
