"""Wallets that have something to write off, found for the job that does it."""

from dataclasses import astuple, dataclass
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection
from app.wallet.balance import Unit


@dataclass(frozen=True, slots=True)
class Due:
    """A wallet that has something to write off."""

    expires_at: datetime
    project_id: int
    user_id: UUID
    unit: Unit


async def due_wallets(connection: Connection, *, after: Due | None = None, limit: int) -> list[Due]:
    """Wallets with a lot that has expired, the longest ago first; `after` is the last of the page before."""
    rows = await connection.fetch(
        """
        SELECT expires_at, project_id, user_id, unit FROM wallets
        WHERE expires_at <= now() AND balance > held
            AND ($1::timestamptz IS NULL OR (expires_at, project_id, user_id, unit) > ($1, $2, $3, $4))
        ORDER BY expires_at, project_id, user_id, unit LIMIT $5
        """,
        *(astuple(after) if after else (None, 0, UUID(int=0), "")), limit,
    )  # fmt: skip
    return [Due(*row) for row in rows]
