"""Somebody leaves: his orders stay for the books, without anything that leads to him."""

from uuid import UUID

from app.kit.database import Connection, Database
from app.payments import books
from app.payments.orders.payments import PaymentRepository
from app.payments.orders.repository import OrderRepository
from app.worker.port import enqueue

FORGET_JOB = "payments.forget"
BATCH = 1000


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Late money for what was pending goes back to whoever sent it."""
    rows = await connection.fetch(
        """
        SELECT p.id, p.reference, p.charge FROM payments p
        JOIN orders o ON o.project_id = p.project_id AND o.id = p.order_id
        WHERE o.project_id = $1 AND o.user_id = $2
        """,
        project_id, user_id,
    )  # fmt: skip
    names = sorted({str(name) for row in rows for name in row if name})
    if names:
        await enqueue(connection, FORGET_JOB, {"project": project_id, "names": names})
    await PaymentRepository(connection, project_id).forget(user_id)
    await OrderRepository(connection, project_id).forget(user_id)
    await books.reopen_of_person(connection, project_id, user_id)


async def forget_events(database: Database, project_id: int, names: list[str]) -> int:
    """Empties what providers told of these payments: names and addresses may stand in it. How many events it was.

    Those that nobody has worked on yet go with their age.
    """
    emptied, after = 0, UUID(int=0)
    while True:
        async with database.connection() as connection:
            rows = await connection.fetch(
                """
                WITH batch AS (
                    SELECT id, body::text AS body FROM provider_events
                    WHERE project_id = $1 AND id > $2 ORDER BY id LIMIT $3
                ), emptied AS (
                    UPDATE provider_events e SET body = '{}' FROM batch
                    WHERE e.id = batch.id AND e.state <> 'new'
                        AND EXISTS (SELECT FROM unnest($4::text[]) name WHERE strpos(batch.body, name) > 0)
                    RETURNING e.id
                )
                SELECT batch.id, emptied.id IS NOT NULL FROM batch LEFT JOIN emptied USING (id) ORDER BY batch.id
                """,
                project_id, after, BATCH, names,
            )  # fmt: skip
        emptied += sum(bool(row[1]) for row in rows)
        if len(rows) < BATCH:
            return emptied
        after = rows[-1][0]
