"""Drafts of answers: written by a model, sent only by a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base, Connection
from app.kit.ids import new_id

# What was said to a client is kept no longer than the updates that it came in.
KEPT_FOR = timedelta(days=3)


class AnswerDraft(Base):
    """`sending` is committed before the call: one that stays so may or may not have reached the client, and is never
    sent again by itself."""

    __tablename__ = "answer_drafts"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint(
            "state IN ('writing', 'offered', 'sending', 'sent', 'failed', 'discarded', 'replaced')", name="state"
        ),
        Index(None, "project_id", "user_id", "id"),
        Index(None, "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default=sql("'writing'"))
    text: Mapped[str] = mapped_column(server_default="")
    chat_id: Mapped[int]
    thread_id: Mapped[int]
    message_id: Mapped[int | None]
    asked_by: Mapped[int]
    decided_by: Mapped[int | None]
    decided_by_name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    decided_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Draft:
    id: UUID
    project_id: int
    user_id: UUID
    state: str
    text: str
    chat_id: int
    thread_id: int
    message_id: int | None
    asked_by: int
    decided_by_name: str | None


COLUMNS = "id, project_id, user_id, state, text, chat_id, thread_id, message_id, asked_by, decided_by_name"


class DraftRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, *, user_id: UUID, chat_id: int, thread_id: int, asked_by: int) -> UUID:
        draft_id = new_id()
        await self._connection.execute(
            """
            INSERT INTO answer_drafts (id, project_id, user_id, chat_id, thread_id, asked_by)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            draft_id, self._project_id, user_id, chat_id, thread_id, asked_by,
        )  # fmt: skip
        return draft_id

    async def get(self, draft_id: UUID) -> Draft | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM answer_drafts WHERE project_id = $1 AND id = $2",  # noqa: S608  # the columns are a constant
            self._project_id, draft_id,
        )  # fmt: skip
        return Draft(*row) if row else None

    async def offer(self, draft_id: UUID, text: str) -> bool:
        """The model has written; false if this was done before."""
        offered = await self._connection.fetchval(
            """
            UPDATE answer_drafts SET state = 'offered', text = $3
            WHERE project_id = $1 AND id = $2 AND state = 'writing' RETURNING true
            """,
            self._project_id, draft_id, text,
        )  # fmt: skip
        return bool(offered)

    async def shown(self, draft_id: UUID, message_id: int) -> None:
        await self._connection.execute(
            "UPDATE answer_drafts SET message_id = $3 WHERE project_id = $1 AND id = $2",
            self._project_id, draft_id, message_id,
        )  # fmt: skip

    async def move(self, draft_id: UUID, *, to: str, allowed: tuple[str, ...], by: int, name: str) -> bool:
        """The one transition that decides; false if somebody else was first."""
        moved = await self._connection.fetchval(
            """
            UPDATE answer_drafts SET state = $3, decided_by = $5, decided_by_name = $6, decided_at = now()
            WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[]) RETURNING true
            """,
            self._project_id, draft_id, to, list(allowed), by, name,
        )  # fmt: skip
        return bool(moved)

    async def finish(self, draft_id: UUID, state: str) -> None:
        """`sent` or `failed`, after the call."""
        await self._connection.execute(
            "UPDATE answer_drafts SET state = $3 WHERE project_id = $1 AND id = $2 AND state IN ('writing', 'sending')",
            self._project_id, draft_id, state,
        )  # fmt: skip

    async def sent(self, user_id: UUID, *, limit: int) -> list[tuple[datetime, str]]:
        """(when, text) of the answers that went out, the newest first."""
        rows = await self._connection.fetch(
            """
            SELECT decided_at, text FROM answer_drafts
            WHERE project_id = $1 AND user_id = $2 AND state = 'sent' ORDER BY id DESC LIMIT $3
            """,
            self._project_id, user_id, limit,
        )  # fmt: skip
        return [(row[0], row[1]) for row in rows]


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    await connection.execute("DELETE FROM answer_drafts WHERE project_id = $1 AND user_id = $2", project_id, user_id)


async def prune(connection: Connection) -> None:
    await connection.execute("DELETE FROM answer_drafts WHERE created_at < now() - $1::interval", KEPT_FOR)
