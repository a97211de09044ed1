"""`Idempotency-Key`: the same key with the same body answers the same, for a day; with another body it is refused.

Follows draft-ietf-httpapi-idempotency-key-header: scoped to project, user and route, kept in the transaction of the
write itself, so that what failed may be tried again with the same key.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.errors import ArcanaError
from app.kit import json
from app.kit.database import Base, Connection


class IdempotencyKeyReused(ArcanaError):
    status, code, detail = (
        422,
        "idempotency_key_reused",
        "This Idempotency-Key came with another body before.",
    )


class IdempotencyKey(Base):
    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"),)

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    response: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


@dataclass(frozen=True, slots=True)
class Once:
    """One use of a key, within the caller's transaction."""

    project_id: int
    user_id: UUID
    route: str
    key: str
    body: Any

    async def replay(self, connection: Connection) -> bytes | None:
        """Claims the key, or gives the answer of its first use; waits for a first use that is still under way.

        Raises `IdempotencyKeyReused` when the body differs.
        """
        body_hash = json.digest(self.body)
        claimed = await connection.fetchval(
            """
            INSERT INTO idempotency_keys (project_id, user_id, route, key, body_hash) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (project_id, user_id, route, key) DO UPDATE
                SET body_hash = excluded.body_hash, response = NULL, created_at = now()
                WHERE idempotency_keys.created_at < now() - interval '24 hours'
            RETURNING true
            """,
            self.project_id, self.user_id, self.route, self.key, body_hash,
        )  # fmt: skip
        if claimed:
            return None
        first = await connection.fetchrow(
            """
            SELECT body_hash, response FROM idempotency_keys
            WHERE project_id = $1 AND user_id = $2 AND route = $3 AND key = $4
            """,
            self.project_id, self.user_id, self.route, self.key,
        )  # fmt: skip
        if first is None or first["body_hash"] != body_hash:
            raise IdempotencyKeyReused
        answer: bytes = first["response"]
        return answer

    async def keep(self, connection: Connection, response: bytes) -> None:
        await connection.execute(
            """
            UPDATE idempotency_keys SET response = $5
            WHERE project_id = $1 AND user_id = $2 AND route = $3 AND key = $4
            """,
            self.project_id, self.user_id, self.route, self.key, response,
        )  # fmt: skip


async def prune(connection: Connection) -> None:
    await connection.execute("DELETE FROM idempotency_keys WHERE created_at < now() - interval '25 hours'")


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """The kept answers of somebody who leaves."""
    await connection.execute("DELETE FROM idempotency_keys WHERE project_id = $1 AND user_id = $2", project_id, user_id)
