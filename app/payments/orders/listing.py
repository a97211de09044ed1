"""Orders as the staff look for them; every statement names the projects that the caller may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.payments.books.places import edit_url
from app.payments.orders.repository import COLUMNS, Order, to_order

# Where an order without a line for the books, or with a refused one, stands is no business of the store's.
WAITING = "b.state IN ('waiting', 'sending')"


@dataclass(frozen=True, slots=True)
class Filters:
    """`waits` keeps those that WooCommerce's books still lack; times are of the order's creation."""

    states: tuple[str, ...] = ()
    user_id: UUID | None = None
    provider: str | None = None
    package: str | None = None
    currency: str | None = None
    coupon: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """An order with whoever bought it (`telegram_id` is None for one who left), the provider that was paid, and its
    line in WooCommerce's books."""

    order: Order
    telegram_id: int | None
    client_name: str
    username: str | None
    provider: str | None
    charge: str | None
    book_state: str | None
    book_problem: str | None
    book_number: int | None
    book_url: str | None

    @property
    def client(self) -> str:
        return self.client_name or (f"#{self.telegram_id}" if self.telegram_id else "—")


_LISTED = f"""
    SELECT {", ".join(f"o.{name}" for name in COLUMNS.split(", "))},
        u.telegram_id, concat_ws(' ', u.first_name, u.last_name), u.username, p.provider, p.charge,
        b.state, b.problem, b.remote_id, CASE WHEN b.remote_id IS NOT NULL THEN s.url END
    FROM orders o
    JOIN users u ON u.project_id = o.project_id AND u.id = o.user_id
    LEFT JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id AND p.state IN ('paid', 'refunded')
    LEFT JOIN book_entries b ON b.project_id = o.project_id AND b.order_id = o.id AND b.refund_id IS NULL
    LEFT JOIN stores s ON s.id = b.store_id
"""  # noqa: S608  # the columns are constants
_CHOSEN = f"""
    WHERE o.project_id = ANY($1::smallint[]) AND ($2::text[] IS NULL OR o.state = ANY($2))
        AND ($3::uuid IS NULL OR o.user_id = $3) AND ($4::text IS NULL OR p.provider = $4)
        AND ($5::text IS NULL OR o.package_key = $5) AND ($6::text IS NULL OR o.currency = $6)
        AND ($7::text IS NULL OR o.coupon = $7) AND ($8::timestamptz IS NULL OR o.created_at >= $8)
        AND ($9::timestamptz IS NULL OR o.created_at < $9) AND (NOT $10 OR {WAITING})
"""


def _to_listed(row: asyncpg.Record) -> Listed:
    telegram_id, name, username, provider, charge, state, problem, number, url = tuple(row)[len(Order.__slots__) :]
    return Listed(
        order=to_order(row),
        telegram_id=telegram_id,
        client_name=name if telegram_id is not None else "",
        username=username,
        provider=provider,
        charge=charge,
        book_state=state,
        book_problem=problem,
        book_number=number,
        book_url=edit_url(url, number),
    )


def _values(project_ids: Sequence[int], chosen: Filters) -> list[Any]:
    return [
        list(project_ids), list(chosen.states) or None, chosen.user_id, chosen.provider, chosen.package,
        chosen.currency, chosen.coupon.lower() if chosen.coupon else None, chosen.since, chosen.until, chosen.waits,
    ]  # fmt: skip


async def page(
    connection: Connection,
    *,
    project_ids: Sequence[int],
    filters: Filters,
    older_than: UUID | None = None,
    newer_than: UUID | None = None,
    limit: int,
) -> list[Listed]:
    """The newest first, from a cursor on in either direction; always in the same order."""
    backwards = newer_than is not None
    rows = await connection.fetch(
        f"""
        {_LISTED} {_CHOSEN} AND ($11::uuid IS NULL OR o.id < $11) AND ($12::uuid IS NULL OR o.id > $12)
        ORDER BY o.id {"ASC" if backwards else "DESC"} LIMIT $13
        """,
        *_values(project_ids, filters), older_than, newer_than, limit,
    )  # fmt: skip
    found = [_to_listed(row) for row in rows]
    return found[::-1] if backwards else found


async def count(connection: Connection, *, project_ids: Sequence[int], filters: Filters) -> int:
    found: int = await connection.fetchval(
        f"""
        SELECT count(*) FROM orders o
        LEFT JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id AND p.state IN ('paid', 'refunded')
        LEFT JOIN book_entries b ON b.project_id = o.project_id AND b.order_id = o.id AND b.refund_id IS NULL
        {_CHOSEN}
        """,  # noqa: S608  # constants of this module
        *_values(project_ids, filters),
    )
    return found


async def get(connection: Connection, *, project_ids: Sequence[int], order_id: UUID) -> Listed | None:
    row = await connection.fetchrow(
        f"{_LISTED} WHERE o.project_id = ANY($1::smallint[]) AND o.id = $2", list(project_ids), order_id
    )
    return _to_listed(row) if row else None


async def numbered(connection: Connection, *, project_ids: Sequence[int], number: int) -> list[Listed]:
    """One of each project at most."""
    rows = await connection.fetch(
        f"{_LISTED} WHERE o.project_id = ANY($1::smallint[]) AND o.number = $2 ORDER BY o.project_id",
        list(project_ids), number,
    )  # fmt: skip
    return [_to_listed(row) for row in rows]
