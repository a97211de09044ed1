"""What never came to anything goes after a while: orders without money, failed attempts, events that were not believed.

Whatever money came for stays, and so does what counts: coupons and trials are counted by paid orders alone.
"""

from datetime import timedelta
from typing import Final

from app.kit.database import Connection, Database

KEPT = timedelta(days=90)
# What was refused may have to be explained; money that was refused is kept for good (its kind is `refused`).
REFUSED_KEPT = timedelta(days=365)
BATCH = 500
# An hour's work: the rest is for the next one.
MOST_BATCHES = 20

# Of each: up to $2 rows older than $1.
_ORDERS = """
    WITH old AS (
        SELECT o.project_id, o.id FROM orders o
        WHERE o.state IN ('expired', 'canceled') AND o.created_at < now() - $1::interval
            AND NOT EXISTS (
                SELECT FROM payments p WHERE p.project_id = o.project_id AND p.order_id = o.id
                    AND (p.charge IS NOT NULL OR p.state <> 'failed')
            )
        ORDER BY o.created_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), attempts AS (
        DELETE FROM payments p USING old WHERE p.project_id = old.project_id AND p.order_id = old.id
    ), gone AS (
        DELETE FROM orders o USING old WHERE o.project_id = old.project_id AND o.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
"""
_ATTEMPTS = """
    WITH old AS (
        SELECT p.id FROM payments p
        JOIN orders o ON o.project_id = p.project_id AND o.id = p.order_id AND o.state IN ('paid', 'refunded')
        WHERE p.state = 'failed' AND p.charge IS NULL AND p.created_at < now() - $1::interval
        ORDER BY p.created_at LIMIT $2 FOR UPDATE OF p SKIP LOCKED
    ), gone AS (
        DELETE FROM payments p USING old WHERE p.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
"""
_EVENTS = """
    WITH old AS (
        SELECT id FROM provider_events
        WHERE state = 'refused' AND kind <> 'refused' AND done_at < now() - $1::interval
        ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM provider_events e USING old WHERE e.id = old.id RETURNING 1
    )
    SELECT count(*) FROM gone
"""
RULES: Final = {"orders": (_ORDERS, KEPT), "attempts": (_ATTEMPTS, KEPT), "events": (_EVENTS, REFUSED_KEPT)}


async def prune(connection: Connection, what: str, *, limit: int = BATCH) -> int:
    """One batch of `orders` (with their attempts), `attempts` or `events`; how many are gone."""
    statement, older_than = RULES[what]
    return int(await connection.fetchval(statement, older_than, limit))


async def prune_all(database: Database) -> dict[str, int]:
    """All of them, each batch in a transaction of its own, and no more than an hour's work."""
    counts = dict.fromkeys(RULES, 0)
    for what in RULES:
        for _ in range(MOST_BATCHES):
            async with database.transaction() as connection:
                gone = await prune(connection, what)
            counts[what] += gone
            if gone < BATCH:
                break
    return counts
