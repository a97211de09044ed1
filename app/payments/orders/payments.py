"""SQL of payments: attempts to pay for an order, and what came of them."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.orders import repository as orders
from app.payments.orders.repository import Order, to_order
from app.payments.states import ORDER, PAYMENT, sources


@dataclass(frozen=True, slots=True)
class Payment:
    """A row of `payments`."""

    id: UUID
    project_id: int
    order_id: UUID
    provider: str
    account: str
    state: str
    amount: int
    currency: str
    refunded_amount: int
    reference: str | None
    charge: str | None
    payer: int | None
    url: str | None
    opens: str | None
    failure: str | None
    look_at: datetime | None
    looks: int
    created_at: datetime
    paid_at: datetime | None


COLUMNS = ", ".join(field.name for field in fields(Payment))
WIDTH = len(Payment.__slots__)


def to_payment(row: asyncpg.Record) -> Payment:
    return Payment(*row[:WIDTH])


@dataclass(frozen=True, slots=True)
class Bill:
    """A payment with its order, and who pays: `telegram_id` is None for a person who is gone."""

    payment: Payment
    order: Order
    telegram_id: int | None
    user_state: str


# People are locked before orders, orders before payments: as everywhere.
BILL = f"""
    SELECT {", ".join(f"p.{field.name}" for field in fields(Payment))},
        {", ".join(f"o.{field.name}" for field in fields(Order))}, u.telegram_id, u.state
    FROM users u
    JOIN orders o ON o.project_id = u.project_id AND o.user_id = u.id
    JOIN payments p ON p.project_id = o.project_id AND p.order_id = o.id
"""  # noqa: S608  # the columns are constants of this module
LOCKS = "FOR KEY SHARE OF u FOR UPDATE OF o FOR UPDATE OF p"


def to_bill(row: asyncpg.Record) -> Bill:
    values = tuple(row)
    return Bill(Payment(*values[:WIDTH]), Order(*values[WIDTH:-2]), values[-2], values[-1])


class PaymentRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = self.project_id = project_id

    async def add(self, order: Order, *, provider: str, account: str) -> Payment:
        """An attempt that the provider does not know of yet; it is looked after from the first minute on."""
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO payments (id, project_id, order_id, provider, account, amount, currency, look_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, now() + interval '1 minute') RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant of this module
            new_id(), self._project_id, order.id, provider, account, order.total, order.currency,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        return to_payment(row)

    async def get(self, payment_id: UUID) -> Payment | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM payments WHERE project_id = $1 AND id = $2",  # noqa: S608  # as above
            self._project_id, payment_id,
        )  # fmt: skip
        return to_payment(row) if row else None

    async def of_orders(self, order_ids: list[UUID]) -> list[Payment]:
        """The oldest first."""
        rows = await self._connection.fetch(
            f"SELECT {COLUMNS} FROM payments WHERE project_id = $1 AND order_id = ANY($2) ORDER BY id",  # noqa: S608  # as above
            self._project_id, order_ids,
        )  # fmt: skip
        return [to_payment(row) for row in rows]

    async def open_attempt(self, order_id: UUID, *, provider: str) -> Payment | None:
        """The newest attempt with this provider that may still be paid."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM payments
            WHERE project_id = $1 AND order_id = $2 AND provider = $3 AND state IN ('new', 'started')
            ORDER BY id DESC LIMIT 1
            """,  # noqa: S608  # as above
            self._project_id, order_id, provider,
        )  # fmt: skip
        return to_payment(row) if row else None

    async def bill(self, payment_id: UUID, *, lock: bool = False) -> Bill | None:
        return await self._bill("p.id = $2", payment_id, lock=lock)

    async def bill_of_reference(
        self, provider: str, account: str, reference: str, *, lock: bool = False
    ) -> Bill | None:
        """By the provider's name for the attempt."""
        where = "p.provider = $2 AND p.account = $3 AND p.reference = $4 ORDER BY p.id LIMIT 1"
        return await self._bill(where, provider, account, reference, lock=lock)

    async def bill_of_charge(self, provider: str, account: str, charge: str, *, lock: bool = False) -> Bill | None:
        """By the provider's name for the money."""
        where = "p.provider = $2 AND p.account = $3 AND p.charge = $4"
        return await self._bill(where, provider, account, charge, lock=lock)

    async def _bill(self, where: str, *values: Any, lock: bool) -> Bill | None:
        row = await self._connection.fetchrow(f"{BILL} WHERE p.project_id = $1 AND {where}", self._project_id, *values)
        if row is None:
            return None
        return await self.lock(to_bill(row)) if lock else to_bill(row)

    async def lock(self, bill: Bill) -> Bill | None:
        """The same as it is now, until the transaction ends, None if it is gone since. Locks the person, the
        subscription that it is about (or that it may prolong), the order, the payment."""
        order = bill.order
        if order.is_subscription:
            await self._connection.execute(
                """
                SELECT FROM users u JOIN subscriptions s ON s.project_id = u.project_id AND s.user_id = u.id
                WHERE s.project_id = $1 AND (s.id = $2 OR (s.user_id = $3 AND s.state <> 'ended'))
                ORDER BY s.id FOR KEY SHARE OF u FOR UPDATE OF s
                """,
                self._project_id, order.subscription_id, None if order.kind == "gift" else order.user_id,
            )  # fmt: skip
        row = await self._connection.fetchrow(
            f"{BILL} WHERE p.project_id = $1 AND p.id = $2 {LOCKS}", self._project_id, bill.payment.id
        )
        return to_bill(row) if row else None

    async def started(self, payment_id: UUID, *, reference: str, url: str, opens: str) -> Payment | None:
        """What the provider answered; None if the payment is further than that by now."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE payments SET state = 'started', reference = $3, url = $4, opens = $5
            WHERE project_id = $1 AND id = $2 AND state IN ('new', 'started') RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, payment_id, reference, url, opens,
        )  # fmt: skip
        return to_payment(row) if row else None

    async def fail(self, payment_id: UUID, *, failure: str) -> Payment | None:
        """None if the money had come, or it had failed before."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE payments SET state = 'failed', failure = $3, look_at = NULL
            WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[]) RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, payment_id, failure, sources(PAYMENT, "failed"),
        )  # fmt: skip
        return to_payment(row) if row else None

    async def pay(self, bill: Bill, *, charge: str, payer: int | None, at: datetime | None) -> Order | None:
        """The transition that decides: payment and order become `paid` together, with a line for the books.

        None, and nothing has changed, if one of them could not.
        """
        row = await self._connection.fetchrow(
            f"""
            WITH paid_order AS (
                UPDATE orders SET state = 'paid', paid_at = now()
                WHERE project_id = $1 AND id = $2 AND state = ANY($3::text[])
                    AND EXISTS (
                        SELECT FROM payments WHERE project_id = $1 AND id = $4 AND state = ANY($5::text[])
                    )
                    AND NOT EXISTS (SELECT FROM payments WHERE provider = $10 AND account = $11 AND charge = $6)
                RETURNING *
            ), paid AS (
                UPDATE payments SET state = 'paid', charge = $6, payer = $7, paid_at = COALESCE($8, now()),
                    failure = NULL, look_at = NULL
                WHERE project_id = $1 AND id = $4 AND EXISTS (SELECT FROM paid_order)
            ), book AS (
                INSERT INTO book_entries (id, project_id, order_id) SELECT $9, $1, $2 FROM paid_order
            )
            SELECT {orders.COLUMNS} FROM paid_order
            """,  # noqa: S608  # the columns are a constant
            self._project_id, bill.order.id, sources(ORDER, "paid"), bill.payment.id, sources(PAYMENT, "paid"),
            charge, payer, at, new_id(), bill.payment.provider, bill.payment.account,
        )  # fmt: skip
        return to_order(row) if row else None

    async def make_surplus(
        self, payment_id: UUID, *, charge: str, payer: int | None, at: datetime | None
    ) -> Payment | None:
        """This attempt was paid, though nothing is to be had for it; None if money came for it before."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE payments SET state = 'surplus', charge = $3, payer = $4, paid_at = COALESCE($5, now()),
                failure = NULL, look_at = NULL
            WHERE project_id = $1 AND id = $2 AND state = ANY($6::text[]) RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, payment_id, charge, payer, at, sources(PAYMENT, "surplus"),
        )  # fmt: skip
        return to_payment(row) if row else None

    async def add_paid(
        self, order: Order, *, state: str, provider: str, account: str, amount: int,
        currency: str, charge: str, reference: str | None, payer: int | None, at: datetime | None,
    ) -> Payment | None:  # fmt: skip
        """Money that came without an attempt of ours: a second time, or by itself. None if it is known."""
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO payments (id, project_id, order_id, provider, account, state, amount, currency, charge,
                reference, payer, paid_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, COALESCE($12, now()))
            ON CONFLICT (provider, account, charge) DO NOTHING RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            new_id(), self._project_id, order.id, provider, account, state, amount, currency, charge, reference,
            payer, at,
        )  # fmt: skip
        return to_payment(row) if row else None

    async def give_back(self, payment_id: UUID, amount: int) -> None:
        """Counts a refund. A surplus payment stays one."""
        await self._connection.execute(
            """
            UPDATE payments SET refunded_amount = refunded_amount + $3,
                state = CASE WHEN state = 'paid' AND refunded_amount + $3 >= amount THEN 'refunded' ELSE state END
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, payment_id, amount,
        )  # fmt: skip

    async def charges(
        self, *, provider: str, account: str, since: datetime, until: datetime
    ) -> list[tuple[UUID, str, UUID, UUID | None]]:
        """(payment, charge, order, person if he is still there) of the money that came in this time."""
        rows = await self._connection.fetch(
            """
            SELECT p.id, p.charge, o.id, CASE WHEN u.state <> 'erased' THEN u.id END
            FROM payments p
            JOIN orders o ON o.project_id = p.project_id AND o.id = p.order_id
            JOIN users u ON u.project_id = o.project_id AND u.id = o.user_id
            WHERE p.project_id = $1 AND p.provider = $2 AND p.account = $3 AND p.charge IS NOT NULL
                AND p.paid_at >= $4 AND p.paid_at < $5
            """,
            self._project_id, provider, account, since, until,
        )  # fmt: skip
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    async def settled(self, *, provider: str, account: str, since: datetime) -> set[str]:
        """The provider's names of the charges and refunds that stand in our books since then."""
        rows = await self._connection.fetch(
            """
            SELECT charge FROM payments
            WHERE project_id = $1 AND provider = $2 AND account = $3 AND charge IS NOT NULL AND paid_at >= $4
            UNION ALL
            SELECT r.reference FROM refunds r JOIN payments p ON p.project_id = r.project_id AND p.id = r.payment_id
            WHERE r.project_id = $1 AND r.state = 'done' AND r.reference IS NOT NULL AND r.done_at >= $4
                AND p.provider = $2 AND p.account = $3
            """,
            self._project_id, provider, account, since,
        )  # fmt: skip
        return {row[0] for row in rows}

    async def forget(self, user_id: UUID) -> None:
        """Links of payments, and payers to whom no money is on its way."""
        await self._connection.execute(
            """
            UPDATE payments p SET url = NULL,
                payer = CASE WHEN EXISTS (
                    SELECT FROM refunds r WHERE r.payment_id = p.id AND r.state IN ('wanted', 'sent')
                ) THEN payer END
            FROM orders o
            WHERE o.project_id = $1 AND o.user_id = $2 AND p.project_id = $1 AND p.order_id = o.id
            """,
            self._project_id, user_id,
        )  # fmt: skip


async def due(connection: Connection, *, limit: int = 100) -> list[tuple[int, UUID, int]]:
    """(project, payment, looks) whose provider is to be asked now; the next look is set, so that one process asks."""
    rows = await connection.fetch(
        """
        WITH late AS (
            SELECT id FROM payments WHERE state IN ('new', 'started') AND look_at <= now()
            ORDER BY look_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE payments p SET looks = looks + 1, look_at = now() + CASE looks
            WHEN 0 THEN interval '4 minutes' WHEN 1 THEN interval '10 minutes' WHEN 2 THEN interval '45 minutes'
            ELSE interval '2 hours' END
        FROM late WHERE p.id = late.id RETURNING p.project_id, p.id, p.looks
        """,
        limit,
    )
    return [(row[0], row[1], row[2]) for row in rows]


def facts_of(payment: Payment) -> dict[str, Any]:
    """What cards and logs tell of a payment; nothing secret."""
    return {
        "provider": payment.provider,
        "amount": payment.amount,
        "currency": payment.currency,
        "failure": payment.failure,
    }
