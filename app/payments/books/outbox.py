"""Rows of the outbox to WooCommerce."""

from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.worker.port import enqueue

SEND_JOB = "books.send"


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
