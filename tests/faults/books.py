"""What must hold of the ledger whatever happened."""

import asyncpg

BALANCE_IS_THE_SUM = """
SELECT w.user_id, w.unit, w.balance, w.held,
    (SELECT COALESCE(sum(amount), 0) FROM wallet_entries e WHERE (e.user_id, e.unit) = (w.user_id, w.unit)) AS entries,
    (
        SELECT COALESCE(sum(amount), 0) FROM wallet_holds h
        WHERE (h.user_id, h.unit) = (w.user_id, w.unit) AND h.state = 'held'
    ) AS open_holds
FROM wallets w
"""
# Every text that has ended and was not free was paid once, by its own hold; every other hold has no entry.
ONE_SETTLE_A_CHARGED_TEXT = """
SELECT g.id, g.state, g.free, h.state AS hold,
    (SELECT count(*) FROM wallet_entries e WHERE e.key = 'reading:' || r.id AND e.amount = -h.amount) AS settles
FROM generations g JOIN readings r ON r.id = g.reading_id JOIN wallet_holds h ON h.id = r.hold_id
WHERE g.question_id IS NULL
UNION ALL
SELECT g.id, g.state, g.free, h.state,
    (SELECT count(*) FROM wallet_entries e WHERE e.key = 'follow_up:' || q.id AND e.amount = -h.amount)
FROM generations g JOIN reading_questions q ON q.id = g.question_id JOIN wallet_holds h ON h.id = q.hold_id
"""
# A hold that nothing leads to any more can never be closed.
LOST_HOLDS = """
SELECT h.id FROM wallet_holds h
WHERE h.state = 'held'
    AND NOT EXISTS (SELECT FROM readings r WHERE r.hold_id = h.id)
    AND NOT EXISTS (SELECT FROM reading_questions q WHERE q.hold_id = h.id)
"""


async def check_books(url: str) -> None:
    """Asserts the wallet's invariants for every user of the database."""
    connection = await asyncpg.connect(url)
    try:
        for row in await connection.fetch(BALANCE_IS_THE_SUM):
            assert row["balance"] == row["entries"], dict(row)
            assert row["held"] == row["open_holds"], dict(row)
        for row in await connection.fetch(ONE_SETTLE_A_CHARGED_TEXT):
            is_charged = row["state"] == "finished" and not row["free"]
            hold = {"queued": "held", "running": "held"}.get(row["state"], "settled" if is_charged else "released")
            assert row["hold"] == hold, dict(row)
            assert row["settles"] == int(is_charged), dict(row)
        assert await connection.fetch(LOST_HOLDS) == []
    finally:
        await connection.close()
