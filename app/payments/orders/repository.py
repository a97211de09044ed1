"""SQL of orders. A move between states is a conditional UPDATE: its row decides who goes on."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.states import ORDER, sources


@dataclass(frozen=True, slots=True)
class Order:
    """A row of `orders`; `package` is the copy that `app.payments.orders.service.package_copy` makes."""

    id: UUID
    project_id: int
    number: int
    user_id: UUID
    kind: str
    state: str
    package_key: str
    package: dict[str, Any]
    currency: str
    regular: int
    price: int
    discount: int
    total: int
    refunded_amount: int
    coupon: str | None
    person_hash: bytes | None
    renews: bool
    subscription_id: UUID | None
    place: str
    language: str
    contact: str | None
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None

    @property
    def is_subscription(self) -> bool:
        return bool(self.package["kind"] == "subscription")


COLUMNS = ", ".join(field.name for field in fields(Order))


def to_order(row: asyncpg.Record) -> Order:
    return Order(*row[: len(Order.__slots__)])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What is written for one; the number is given by the table."""

    id: UUID
    user_id: UUID
    kind: str
    package_key: str
    package: dict[str, Any]
    currency: str
    regular: int
    price: int
    discount: int
    total: int
    coupon: str | None
    person_hash: bytes | None
    renews: bool
    place: str
    language: str
    contact: str | None
    expires_at: datetime
    subscription_id: UUID | None = None


class OrderRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, order: NewOrder) -> Order:
        """The project's next order, pending. Others of the project wait for the number until the transaction ends."""
        row = await self._connection.fetchrow(
            f"""
            WITH counter AS (
                INSERT INTO order_numbers (project_id, last) VALUES ($2, 1)
                ON CONFLICT (project_id) DO UPDATE SET last = order_numbers.last + 1
                RETURNING last
            )
            INSERT INTO orders (id, project_id, number, user_id, kind, package_key, package, currency, regular, price,
                discount, total, coupon, person_hash, renews, place, language, contact, expires_at, subscription_id)
            SELECT $1, $2, last, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19
            FROM counter
            RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant of this module
            order.id, self._project_id, order.user_id, order.kind, order.package_key, order.package, order.currency,
            order.regular, order.price, order.discount, order.total, order.coupon, order.person_hash, order.renews,
            order.place, order.language, order.contact, order.expires_at, order.subscription_id,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        return to_order(row)

    async def get(self, order_id: UUID, *, user_id: UUID | None = None, lock: bool = False) -> Order | None:
        """`user_id` restricts to the orders of this person. `lock` until the transaction ends; the person first."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM orders WHERE project_id = $1 AND id = $2 AND ($3::uuid IS NULL OR user_id = $3)
            {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, order_id, user_id,
        )  # fmt: skip
        return to_order(row) if row else None

    async def by_number(self, number: int) -> Order | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM orders WHERE project_id = $1 AND number = $2",  # noqa: S608  # as above
            self._project_id, number,
        )  # fmt: skip
        return to_order(row) if row else None

    async def page(self, user_id: UUID, *, before: UUID | None, limit: int) -> list[Order]:
        """The newest first; those that came to nothing are left out."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM orders
            WHERE project_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id < $3)
                AND state NOT IN ('expired', 'canceled')
            ORDER BY id DESC LIMIT $4
            """,  # noqa: S608  # as above
            self._project_id, user_id, before, limit,
        )  # fmt: skip
        return [to_order(row) for row in rows]

    async def move(self, order_id: UUID, target: str) -> Order | None:
        """The order in its new state, or None if it cannot get there from where it is. Not for `paid`."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE orders SET state = $3 WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[])
            RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, order_id, target, sources(ORDER, target),
        )  # fmt: skip
        return to_order(row) if row else None

    async def settle(self, order_id: UUID) -> Order | None:
        """`paid`, with its line for the books; None if it was decided before.

        For an order that costs nothing, and for one whose payment is written as paid in the same transaction; all
        others are paid by `PaymentRepository.pay`.
        """
        row = await self._connection.fetchrow(
            f"""
            WITH paid_order AS (
                UPDATE orders SET state = 'paid', paid_at = now()
                WHERE project_id = $1 AND id = $2 AND state = ANY($3::text[]) AND (total = 0 OR EXISTS (
                    SELECT FROM payments WHERE project_id = $1 AND order_id = $2 AND state = 'paid'
                ))
                RETURNING *
            ), book AS (
                INSERT INTO book_entries (id, project_id, order_id) SELECT $4, $1, $2 FROM paid_order
            )
            SELECT {COLUMNS} FROM paid_order
            """,  # noqa: S608  # as above
            self._project_id, order_id, sources(ORDER, "paid"), new_id(),
        )  # fmt: skip
        return to_order(row) if row else None

    async def link_subscription(self, order_id: UUID, subscription_id: UUID) -> None:
        await self._connection.execute(
            "UPDATE orders SET subscription_id = $3 WHERE project_id = $1 AND id = $2",
            self._project_id, order_id, subscription_id,
        )  # fmt: skip

    async def add_contact(self, order_id: UUID, contact: str) -> Order:
        """Where the receipt goes, for an order that is locked and has none."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE orders SET contact = COALESCE(contact, $3) WHERE project_id = $1 AND id = $2 RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, order_id, contact,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # it is locked
        return to_order(row)

    async def last_contact(self, user_id: UUID) -> str | None:
        """Where this person had a receipt sent to last."""
        found: str | None = await self._connection.fetchval(
            """
            SELECT contact FROM orders WHERE project_id = $1 AND user_id = $2 AND contact IS NOT NULL
            ORDER BY id DESC LIMIT 1
            """,
            self._project_id, user_id,
        )  # fmt: skip
        return found

    async def give_back(self, order_id: UUID, amount: int) -> None:
        """Counts a refund; the state is `refunded` when nothing is left."""
        await self._connection.execute(
            """
            UPDATE orders SET refunded_amount = refunded_amount + $3,
                state = CASE WHEN refunded_amount + $3 >= total THEN 'refunded' ELSE state END
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, order_id, amount,
        )  # fmt: skip

    async def lock_coupon(self, code: str) -> None:
        """Whoever counts the uses of a coupon does it alone, until his transaction ends: it may have one use left.

        The store has one list of coupons for all of its projects, and so one count.
        """
        await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"coupon:{code}")

    async def coupon_uses(self, code: str, person_hash: bytes) -> tuple[int, int]:
        """(uses by everybody in all projects, uses by this person here): what is paid, and what may still be."""
        row = await self._connection.fetchrow(
            """
            SELECT count(*), count(*) FILTER (WHERE project_id = $2 AND person_hash = $3) FROM orders
            WHERE coupon = $1 AND (state IN ('paid', 'refunded') OR state = 'pending' AND expires_at > now())
            """,
            code, self._project_id, person_hash,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an aggregate always answers
        return row[0], row[1]

    async def cancel_with_coupon(self, user_id: UUID, code: str) -> list[UUID]:
        """A person who begins anew gives his coupon's place in the former attempt back."""
        rows = await self._connection.fetch(
            """
            UPDATE orders SET state = 'canceled'
            WHERE project_id = $1 AND user_id = $2 AND coupon = $3 AND state = 'pending' RETURNING id
            """,
            self._project_id, user_id, code,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def cancel_oldest(self, user_id: UUID, *, keep: int) -> list[UUID]:
        """Of what a person has begun to buy and not paid, the newest `keep` stay."""
        rows = await self._connection.fetch(
            """
            WITH many AS (
                SELECT id FROM orders
                WHERE project_id = $1 AND user_id = $2 AND state = 'pending' AND kind <> 'renewal'
                ORDER BY id DESC OFFSET $3 FOR UPDATE SKIP LOCKED
            )
            UPDATE orders o SET state = 'canceled' FROM many WHERE o.project_id = $1 AND o.id = many.id RETURNING o.id
            """,
            self._project_id, user_id, keep,
        )  # fmt: skip
        return [row[0] for row in rows]

    async def lock_person(self, user_id: UUID) -> None:
        """For what a person may have once, where there is no row to lock yet."""
        await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"once:{user_id}")

    async def trial_used(self, person_hash: bytes) -> bool:
        found = await self._connection.fetchval(
            """
            SELECT true FROM orders WHERE project_id = $1 AND person_hash = $2
                AND kind = 'trial' AND state IN ('paid', 'refunded')
            """,
            self._project_id, person_hash,
        )  # fmt: skip
        return bool(found)

    async def running_subscription(self, user_id: UUID) -> tuple[datetime, bool] | None:
        """(until, whether it renews) of the one that is open."""
        row = await self._connection.fetchrow(
            "SELECT until, renews FROM subscriptions WHERE project_id = $1 AND user_id = $2 AND state <> 'ended'",
            self._project_id, user_id,
        )  # fmt: skip
        return (row[0], row[1]) if row else None

    async def forget(self, user_id: UUID) -> None:
        """Orders stay for the books, without anything that leads to the person."""
        await self._connection.execute(
            """
            UPDATE orders SET contact = NULL,
                person_hash = CASE WHEN coupon IS NOT NULL OR kind = 'trial' THEN person_hash END,
                state = CASE WHEN state = 'pending' THEN 'canceled' ELSE state END
            WHERE project_id = $1 AND user_id = $2
            """,
            self._project_id, user_id,
        )  # fmt: skip


async def expire(connection: Connection, *, limit: int = 500) -> int:
    """Pending orders of all projects whose time is over; how many. What is being paid right now is left for later."""
    return int(
        await connection.fetchval(
            """
            WITH late AS (
                SELECT id FROM orders WHERE state = 'pending' AND expires_at <= now()
                ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
            ), moved AS (
                UPDATE orders SET state = 'expired' FROM late WHERE orders.id = late.id RETURNING 1
            )
            SELECT count(*) FROM moved
            """,
            limit,
        )
    )
