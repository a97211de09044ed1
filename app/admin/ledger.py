"""A person's ledger for managers: entries with the balance after each, lots, debts."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection


@dataclass(frozen=True, slots=True)
class Entry:
    id: UUID
    unit: str
    number: int
    amount: int
    balance_after: int
    kind: str
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Lot:
    id: UUID
    unit: str
    amount: int
    remaining: int
    expires_at: datetime | None
    order_id: UUID | None
    created_at: datetime


async def entries(
    connection: Connection, *, project_id: int, user_id: UUID, before: UUID | None, limit: int
) -> list[Entry]:
    """The newest first, of both units."""
    rows = await connection.fetch(
        """
        SELECT id, unit, number, amount, balance_after, kind, reason, created_at FROM wallet_entries
        WHERE project_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
        """,
        project_id, user_id, before, limit,
    )  # fmt: skip
    return [Entry(*row) for row in rows]


async def open_lots(connection: Connection, *, project_id: int, user_id: UUID) -> list[Lot]:
    """In the order in which they are spent."""
    rows = await connection.fetch(
        """
        SELECT id, unit, amount, remaining, expires_at, order_id, created_at FROM wallet_lots
        WHERE project_id = $1 AND user_id = $2 AND remaining > 0
        ORDER BY unit DESC, expires_at NULLS LAST, id LIMIT 500
        """,
        project_id, user_id,
    )  # fmt: skip
    return [Lot(*row) for row in rows]
