"""Who changed what: an append-only record of everything that staff do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base, Connection
from app.kit.ids import new_id


class AuditEntry(Base):
    """One line; a trigger refuses to change or delete it. It names clients by their row only."""

    __tablename__ = "audit_log"
    __table_args__ = (
        ForeignKeyConstraint(["project_id"], ["projects.id"]),
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        Index(None, "project_id", "id"),
        Index("ix_audit_log_user", "project_id", "user_id", "id"),
        Index("ix_audit_log_actor", "project_id", "actor_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    actor_id: Mapped[int]
    actor_name: Mapped[str]
    action: Mapped[str]
    user_id: Mapped[UUID | None]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


@dataclass(frozen=True, slots=True)
class Actor:
    """A member of the staff as Telegram names him."""

    telegram_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    id: UUID
    project_id: int
    actor_id: int
    actor_name: str
    action: str
    user_id: UUID | None
    details: dict[str, Any]
    created_at: datetime
    # Whom it was about, as he is called today; None for nobody or one who was erased.
    client_id: int | None
    client_name: str | None


async def record(
    connection: Connection,
    *,
    project_id: int,
    actor: Actor,
    action: str,
    user_id: UUID | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Adds a line in the caller's transaction, so that it stands if and only if the change does.

    `details` hold no names, numbers or words of a client: the log outlives his erasure.
    """
    await connection.execute(
        """
        INSERT INTO audit_log (id, project_id, actor_id, actor_name, action, user_id, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        new_id(), project_id, actor.telegram_id, actor.name[:128], action, user_id, details or {},
    )  # fmt: skip


async def entries(
    connection: Connection,
    *,
    project_ids: Sequence[int],
    user_id: UUID | None = None,
    actor_id: int | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Entry]:
    """The newest first; of one client or one member of the staff if asked so."""
    rows = await connection.fetch(
        """
        SELECT a.id, a.project_id, a.actor_id, a.actor_name, a.action, a.user_id, a.details, a.created_at,
            u.telegram_id, CASE WHEN u.telegram_id IS NOT NULL THEN concat_ws(' ', u.first_name, u.last_name) END
        FROM audit_log a
        LEFT JOIN users u ON u.project_id = a.project_id AND u.id = a.user_id
        WHERE a.project_id = ANY($1::smallint[]) AND ($2::uuid IS NULL OR a.user_id = $2)
            AND ($3::bigint IS NULL OR a.actor_id = $3) AND ($4::uuid IS NULL OR a.id < $4)
        ORDER BY a.id DESC LIMIT $5
        """,
        list(project_ids), user_id, actor_id, before, limit,
    )  # fmt: skip
    return [Entry(*row) for row in rows]
