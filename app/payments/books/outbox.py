"""Rows of the outbox to WooCommerce."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.worker.port import enqueue

SEND_JOB = "books.send"
# Longer than all questions about one line may take; a worker that died leaves it lying that long.
LEASE = timedelta(minutes=5)
# The store as a whole does not answer: when it does again, everything that waited for it is due.
AWAY = ("unreachable", "timeout", "not_ready")
# Problems that may end by themselves; the others want somebody to do something.
PASSING = (*AWAY, "status", "answer", "busy")
# Of those, what is wrong with the connection and not with one order.
CONNECTION = ("unauthorized", "plugin_old", "permalinks", "redirected")


@dataclass(frozen=True, slots=True)
class Entry:
    """A leased line: of an order, or of a refund. `token` is proof of the lease; `problem` is that of the last try."""

    id: UUID
    project_id: int
    order_id: UUID
    refund_id: UUID | None
    attempts: int
    remote_id: int | None
    problem: str | None
    token: datetime


async def enter(connection: Connection, *, project_id: int, order_id: UUID, refund_id: UUID | None = None) -> None:
    """Notes, in the caller's transaction, that WooCommerce has to hear of a paid order, or of a refund that ended.

    A refund is entered when it is done, and also when it failed: one that began in WooCommerce stands there already
    and is taken out again. Calling it again makes the store agree with our books once more.
    """
    await connection.execute(
        """
        INSERT INTO book_entries (id, project_id, order_id, refund_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        new_id(), project_id, order_id, refund_id,
    )  # fmt: skip
    # A line that is being sent right now is sent once more: its sender sees that `next_at` has moved.
    await connection.execute(
        """
        UPDATE book_entries SET
            state = CASE WHEN state = 'sending' THEN state ELSE 'waiting' END,
            attempts = 0, next_at = clock_timestamp(), problem = NULL, done_at = NULL
        WHERE project_id = $1 AND order_id = $2 AND refund_id IS NOT DISTINCT FROM $3 AND state <> 'waiting'
        """,
        project_id, order_id, refund_id,
    )  # fmt: skip
    await enqueue(connection, SEND_JOB, dedupe_key=SEND_JOB)


async def reopen_of_person(connection: Connection, project_id: int, user_id: UUID) -> None:
    """All that the store knows of a person's orders is looked at again, in the caller's transaction."""
    orders = await connection.fetch(
        """
        SELECT b.order_id FROM book_entries b
        JOIN orders o ON o.project_id = b.project_id AND o.id = b.order_id
        WHERE b.project_id = $1 AND o.user_id = $2 AND b.refund_id IS NULL
        """,
        project_id, user_id,
    )  # fmt: skip
    for row in orders:
        await enter(connection, project_id=project_id, order_id=row[0])


async def lease(connection: Connection, *, limit: int) -> Sequence[Entry]:
    """Lines that are due, the oldest first; those of refunds once their order stands there."""
    rows = await connection.fetch(
        """
        WITH due AS (
            SELECT e.id FROM book_entries e
            WHERE (e.state = 'waiting' AND e.next_at <= now() OR e.state = 'sending' AND e.leased_until < now())
                AND (e.refund_id IS NULL OR EXISTS (
                    SELECT FROM book_entries o WHERE o.project_id = e.project_id AND o.order_id = e.order_id
                        AND o.refund_id IS NULL AND o.remote_id IS NOT NULL
                ))
            ORDER BY e.next_at LIMIT $1 FOR UPDATE SKIP LOCKED
        )
        UPDATE book_entries e SET state = 'sending', attempts = attempts + 1, next_at = clock_timestamp(),
            leased_until = now() + $2::interval
        FROM due WHERE e.id = due.id
        RETURNING e.id, e.project_id, e.order_id, e.refund_id, e.attempts, e.remote_id, e.problem, e.next_at
        """,
        limit, LEASE,
    )  # fmt: skip
    return [Entry(*row) for row in rows]


async def finish(connection: Connection, entry: Entry, *, remote_id: int | None, store_id: UUID | None) -> None:
    """It stands in the store; or it waits again, if something was entered while it was being sent."""
    await connection.execute(
        """
        UPDATE book_entries SET remote_id = $3, store_id = $4, problem = NULL, leased_until = NULL,
            state = CASE WHEN next_at = $2 THEN 'done' ELSE 'waiting' END,
            done_at = CASE WHEN next_at = $2 THEN now() END
        WHERE id = $1 AND state = 'sending' AND next_at >= $2
        """,
        entry.id, entry.token, remote_id, store_id,
    )  # fmt: skip


async def postpone(
    connection: Connection, entry: Entry, *, problem: str | None, delay: timedelta, remote_id: int | None
) -> bool:
    """It is tried again after `delay`; without a problem, this try did not count. True if the problem is a new one."""
    changed = await connection.fetchval(
        """
        UPDATE book_entries SET state = 'waiting', leased_until = NULL, problem = COALESCE($3, problem),
            attempts = CASE WHEN $3::text IS NULL THEN attempts - 1 ELSE attempts END,
            next_at = clock_timestamp() + $4::interval, remote_id = COALESCE($5, remote_id)
        WHERE id = $1 AND state = 'sending' AND next_at >= $2 RETURNING true
        """,
        entry.id, entry.token, problem, delay, remote_id,
    )  # fmt: skip
    return changed is not None and problem is not None and problem != entry.problem


async def wake(connection: Connection) -> None:
    """The store answers again: what waited for that alone is due now."""
    await connection.execute(
        """
        UPDATE book_entries SET next_at = now()
        WHERE state = 'waiting' AND problem = ANY($1::text[]) AND next_at > now()
        """,
        [*AWAY, *CONNECTION],
    )


async def remote_order(connection: Connection, project_id: int, order_id: UUID) -> int | None:
    found: int | None = await connection.fetchval(
        "SELECT remote_id FROM book_entries WHERE project_id = $1 AND order_id = $2 AND refund_id IS NULL",
        project_id,
        order_id,
    )
    return found


async def project_of(connection: Connection, order_id: UUID, *, store_id: UUID) -> int | None:
    """The project of an order that stands in the books of this store (or of the one that the operator has set)."""
    found: int | None = await connection.fetchval(
        """
        SELECT project_id FROM book_entries
        WHERE order_id = $1 AND refund_id IS NULL AND remote_id IS NOT NULL AND (store_id = $2 OR store_id IS NULL)
        """,
        order_id, store_id,
    )  # fmt: skip
    return found
