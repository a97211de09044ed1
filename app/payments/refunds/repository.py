"""SQL of refunds and disputes."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.orders.payments import Payment
from app.payments.states import DISPUTE, REFUND, sources

# Under way: money that is still to be counted.
OPEN = ("wanted", "sent")


@dataclass(frozen=True, slots=True)
class Refund:
    """A row of `refunds`."""

    id: UUID
    project_id: int
    order_id: UUID
    payment_id: UUID
    amount: int
    currency: str
    state: str
    reason: str | None
    started_by: str
    actor: str | None
    reference: str | None
    taken: dict[str, Any]
    failure: str | None
    attempts: int
    next_at: datetime
    created_at: datetime
    done_at: datetime | None


COLUMNS = ", ".join(field.name for field in fields(Refund))


def to_refund(row: asyncpg.Record) -> Refund:
    return Refund(*row[: len(Refund.__slots__)])


class RefundRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(
        self,
        payment: Payment,
        *,
        amount: int,
        started_by: str,
        refund_id: UUID | None = None,
        reason: str | None = None,
        actor: str | None = None,
        taken: dict[str, Any] | None = None,
        done_as: str | None = None,
    ) -> Refund:
        """`done_as` is the provider's name for one that happened there already."""
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO refunds (id, project_id, order_id, payment_id, amount, currency, reason, started_by, actor,
                taken, state, reference, done_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                CASE WHEN $11::text IS NULL THEN 'wanted' ELSE 'done' END, $11, CASE WHEN $11 IS NULL THEN NULL
                ELSE now() END)
            RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant of this module
            refund_id or new_id(), self._project_id, payment.order_id, payment.id, amount, payment.currency, reason,
            started_by, actor, taken or {}, done_as,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        return to_refund(row)

    async def get(self, refund_id: UUID, *, lock: bool = False) -> Refund | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM refunds WHERE project_id = $1 AND id = $2 {'FOR UPDATE' if lock else ''}",  # noqa: S608  # as above
            self._project_id, refund_id,
        )  # fmt: skip
        return to_refund(row) if row else None

    async def of_order(self, order_id: UUID, *, lock: bool = False) -> list[Refund]:
        """The oldest first."""
        return await self.of_orders([order_id], lock=lock)

    async def of_orders(self, order_ids: list[UUID], *, lock: bool = False) -> list[Refund]:
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM refunds WHERE project_id = $1 AND order_id = ANY($2) ORDER BY id
            {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # as above
            self._project_id, order_ids,
        )  # fmt: skip
        return [to_refund(row) for row in rows]

    async def claim(self, refund_id: UUID, *, lease: timedelta) -> Refund | None:
        """For whoever asks the provider now; None if it is over, or somebody asks already."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE refunds SET attempts = attempts + 1, next_at = now() + $3
            WHERE project_id = $1 AND id = $2 AND state IN ('wanted', 'sent') AND next_at <= now()
            RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, refund_id, lease,
        )  # fmt: skip
        return to_refund(row) if row else None

    async def put_off(self, refund_id: UUID, *, until: timedelta, failure: str | None) -> None:
        await self._connection.execute(
            "UPDATE refunds SET next_at = now() + $3, failure = $4 WHERE project_id = $1 AND id = $2",
            self._project_id, refund_id, until, failure,
        )  # fmt: skip

    async def sent(self, refund_id: UUID, *, reference: str, until: timedelta) -> None:
        """The provider works on it; it is asked again after `until`."""
        await self._connection.execute(
            """
            UPDATE refunds SET state = 'sent', reference = $3, next_at = now() + $4, failure = NULL
            WHERE project_id = $1 AND id = $2 AND state IN ('wanted', 'sent')
            """,
            self._project_id, refund_id, reference, until,
        )  # fmt: skip

    async def finish(self, refund_id: UUID, *, reference: str, taken: dict[str, Any] | None = None) -> Refund | None:
        """The transition that decides; None if it was done before."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE refunds SET state = 'done', reference = $3, failure = NULL, done_at = now(),
                taken = COALESCE($5, taken)
            WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[]) RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, refund_id, reference, sources(REFUND, "done"), taken,
        )  # fmt: skip
        return to_refund(row) if row else None

    async def fail(self, refund_id: UUID, *, failure: str) -> Refund | None:
        """None if it is over."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE refunds SET state = 'failed', failure = $3, done_at = now()
            WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[]) RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, refund_id, failure, sources(REFUND, "failed"),
        )  # fmt: skip
        return to_refund(row) if row else None

    async def restored(self, refund_id: UUID, taken: dict[str, Any]) -> None:
        """Writes down what became of the units of one that failed."""
        await self._connection.execute(
            "UPDATE refunds SET taken = $3 WHERE project_id = $1 AND id = $2", self._project_id, refund_id, taken
        )

    async def dispute(
        self, payment: Payment, *, reference: str, state: str, amount: int, currency: str
    ) -> tuple[UUID, bool]:
        """The dispute's row, and whether it has moved."""
        row = await self._connection.fetchrow(
            """
            INSERT INTO disputes (id, project_id, order_id, payment_id, reference, state, amount, currency, closed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, CASE WHEN $6 = 'opened' THEN NULL ELSE now() END)
            ON CONFLICT (payment_id, reference) DO UPDATE SET state = excluded.state, closed_at = now()
                WHERE disputes.state = ANY($9::text[])
            RETURNING id
            """,
            new_id(), self._project_id, payment.order_id, payment.id, reference, state, amount, currency,
            sources(DISPUTE, state),
        )  # fmt: skip
        if row is not None:
            return row[0], True
        known: UUID = await self._connection.fetchval(
            "SELECT id FROM disputes WHERE project_id = $1 AND payment_id = $2 AND reference = $3",
            self._project_id, payment.id, reference,
        )  # fmt: skip
        return known, False


async def refunds_page(
    connection: Connection, project_id: int, *, state: str | None, before: UUID | None, limit: int
) -> list[Refund]:
    """The newest first."""
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS} FROM refunds
        WHERE project_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,  # noqa: S608  # the columns are a constant
        project_id, state, before, limit,
    )  # fmt: skip
    return [to_refund(row) for row in rows]


async def due(connection: Connection, *, limit: int = 50) -> list[tuple[int, UUID]]:
    """(project, refund) whose provider is to be asked, or asked again."""
    rows = await connection.fetch(
        """
        SELECT project_id, id FROM refunds WHERE state IN ('wanted', 'sent') AND next_at <= now()
        ORDER BY next_at LIMIT $1
        """,
        limit,
    )
    return [(row[0], row[1]) for row in rows]
