"""SQL of topics: reserved by one process, made in Telegram without a transaction, settled."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id

COLUMNS = (
    "id, project_id, chat_id, kind, user_id, thread_id, name, is_closed, card_message_id, card_hash, "
    "gone_told_at IS NOT NULL"
)

# Longer than making a topic can take: waiting for its turn, three attempts and their time-outs.
CLAIM = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Topic:
    """`thread_id` is None while it is still to be made in Telegram."""

    id: UUID
    project_id: int
    chat_id: int
    kind: str
    user_id: UUID | None
    thread_id: int | None
    name: str | None
    is_closed: bool
    card_message_id: int | None
    card_hash: str | None
    is_gone_told: bool


def to_topic(row: asyncpg.Record) -> Topic:
    return Topic(*row)


class TopicRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def claim(self, chat_id: int, *, kind: str, user_id: UUID | None) -> tuple[Topic, bool]:
        """The topic, and true if it is now the caller's to make; false with no thread: somebody else is at it."""
        await self._connection.execute(
            """
            INSERT INTO staff_topics (id, project_id, chat_id, kind, user_id) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (project_id, chat_id, kind, user_id) DO NOTHING
            """,
            new_id(), self._project_id, chat_id, kind, user_id,
        )  # fmt: skip
        claimed = await self._connection.fetchrow(
            f"""
            UPDATE staff_topics SET claimed_until = now() + $5
            WHERE project_id = $1 AND chat_id = $2 AND kind = $3 AND user_id IS NOT DISTINCT FROM $4
                AND thread_id IS NULL AND (claimed_until IS NULL OR claimed_until < now())
            RETURNING {COLUMNS}
            """,  # noqa: S608  # a constant
            self._project_id, chat_id, kind, user_id, CLAIM,
        )  # fmt: skip
        if claimed is not None:
            return to_topic(claimed), True
        topic = await self.get(chat_id, kind=kind, user_id=user_id)
        assert topic is not None  # noqa: S101  # it was put there above, and only an erasure takes it away
        return topic, False

    async def made(self, topic_id: UUID, *, thread_id: int, name: str) -> None:
        await self._connection.execute(
            """
            UPDATE staff_topics SET thread_id = $3, name = $4, claimed_until = NULL, is_closed = false,
                card_message_id = NULL, card_hash = NULL, gone_told_at = NULL
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, topic_id, thread_id, name,
        )  # fmt: skip

    async def release(self, topic_id: UUID) -> None:
        """It could not be made; the next one may try at once."""
        await self._connection.execute(
            "UPDATE staff_topics SET claimed_until = NULL WHERE project_id = $1 AND id = $2",
            self._project_id, topic_id,
        )  # fmt: skip

    async def lost(self, topic_id: UUID, *, thread_id: int) -> None:
        """Somebody deleted it in Telegram. Another thread that was made meanwhile stays."""
        await self._connection.execute(
            "UPDATE staff_topics SET thread_id = NULL WHERE project_id = $1 AND id = $2 AND thread_id = $3",
            self._project_id, topic_id, thread_id,
        )  # fmt: skip

    async def get(self, chat_id: int, *, kind: str, user_id: UUID | None) -> Topic | None:
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM staff_topics
            WHERE project_id = $1 AND chat_id = $2 AND kind = $3 AND user_id IS NOT DISTINCT FROM $4
            """,  # noqa: S608  # a constant
            self._project_id, chat_id, kind, user_id,
        )  # fmt: skip
        return to_topic(row) if row else None

    async def by_thread(self, chat_id: int, thread_id: int) -> Topic | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_topics WHERE project_id = $1 AND chat_id = $2 AND thread_id = $3",  # noqa: S608  # the columns are a constant
            self._project_id, chat_id, thread_id,
        )  # fmt: skip
        return to_topic(row) if row else None

    async def of_user(self, user_id: UUID) -> list[Topic]:
        """In every group that this project ever had."""
        rows = await self._connection.fetch(
            f"SELECT {COLUMNS} FROM staff_topics WHERE project_id = $1 AND user_id = $2",  # noqa: S608  # the columns are a constant
            self._project_id, user_id,
        )  # fmt: skip
        return [to_topic(row) for row in rows]

    async def closed(self, chat_id: int, thread_id: int, *, is_closed: bool) -> None:
        await self._connection.execute(
            "UPDATE staff_topics SET is_closed = $4 WHERE project_id = $1 AND chat_id = $2 AND thread_id = $3",
            self._project_id, chat_id, thread_id, is_closed,
        )  # fmt: skip

    async def renamed(self, topic_id: UUID, name: str) -> None:
        await self._connection.execute(
            "UPDATE staff_topics SET name = $3 WHERE project_id = $1 AND id = $2", self._project_id, topic_id, name
        )

    async def carded(self, topic_id: UUID, *, message_id: int, card_hash: str) -> None:
        """The card that stands in the topic now, and what it says."""
        await self._connection.execute(
            "UPDATE staff_topics SET card_message_id = $3, card_hash = $4 WHERE project_id = $1 AND id = $2",
            self._project_id, topic_id, message_id, card_hash,
        )  # fmt: skip

    async def tell_gone(self, topic_id: UUID) -> bool:
        """True for the first who asks: the staff hear once that a client cannot be written to."""
        first = await self._connection.fetchval(
            """
            UPDATE staff_topics SET gone_told_at = now()
            WHERE project_id = $1 AND id = $2 AND gone_told_at IS NULL RETURNING true
            """,
            self._project_id, topic_id,
        )  # fmt: skip
        return bool(first)

    async def back(self, user_id: UUID) -> None:
        """The client can be written to again, and his next departure is news again."""
        await self._connection.execute(
            "UPDATE staff_topics SET gone_told_at = NULL WHERE project_id = $1 AND user_id = $2",
            self._project_id, user_id,
        )  # fmt: skip

    async def erase(self, user_id: UUID) -> None:
        await self._connection.execute(
            "DELETE FROM staff_topics WHERE project_id = $1 AND user_id = $2", self._project_id, user_id
        )
