"""SQL of messages and their copies, which is also the queue of what is still to be carried."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id

COLUMNS = (
    "id, project_id, bot_id, direction, private_chat_id, private_message_id, group_chat_id, group_message_id, state, "
    "media_group_id, reply_to, note, says"
)
Direction = Literal["in", "out"]
SOURCE = {"in": "private_message_id", "out": "group_message_id"}

# Parts of an album arrive one by one, within a fraction of a second, and nothing says which is the last.
ALBUM_PAUSE = timedelta(seconds=1)
MOST_PARTS = 10
# Longer than sending can take: waiting for its turn, three attempts and their time-outs.
LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Link:
    """`in` comes from the client's private chat, `out` goes there; see `MessageLinkRow`."""

    id: UUID
    project_id: int
    bot_id: int
    direction: Direction
    private_chat_id: int
    private_message_id: int | None
    group_chat_id: int | None
    group_message_id: int | None
    state: str
    media_group_id: str | None
    reply_to: int | None
    note: str | None
    says: dict[str, Any] | None

    @property
    def source_id(self) -> int:
        """The id of the message that is copied."""
        found = self.private_message_id if self.direction == "in" else self.group_message_id
        assert found is not None  # noqa: S101  # a check of the table
        return found


@dataclass(frozen=True, slots=True)
class Lane:
    """Messages of one client in one direction are carried in their order, by one process at a time."""

    project_id: int
    bot_id: int
    private_chat_id: int
    direction: Direction

    @property
    def name(self) -> str:
        return f"crm lane {self.project_id}:{self.bot_id}:{self.private_chat_id}:{self.direction}"


def to_link(row: asyncpg.Record) -> Link:
    return Link(*row)


class LinkRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def queue_in(
        self,
        lane: Lane,
        message_id: int,
        *,
        media_group_id: str | None = None,
        reply_to: int | None = None,
        note: str | None = None,
    ) -> bool:
        """A client's message waits to be carried; false if it was queued before."""
        added = await self._connection.fetchval(
            """
            INSERT INTO message_links
                (id, project_id, bot_id, direction, private_chat_id, private_message_id, state, media_group_id,
                 reply_to, note, ready_at)
            VALUES ($1, $2, $3, 'in', $4, $5, 'waiting', $6, $7, $8, now() + $9)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            new_id(), self._project_id, lane.bot_id, lane.private_chat_id, message_id, media_group_id, reply_to, note,
            ALBUM_PAUSE if media_group_id else timedelta(0),
        )  # fmt: skip
        return bool(added)

    async def queue_out(
        self,
        lane: Lane,
        group_chat_id: int,
        message_id: int,
        *,
        media_group_id: str | None = None,
        reply_to: int | None = None,
        says: dict[str, Any] | None = None,
        keep: bool = False,
    ) -> bool:
        """A message of the staff waits to be carried, or with `keep` stays inside with the rest of its album.

        `says` is what the client's inbox will tell of it.
        """
        added = await self._connection.fetchval(
            """
            INSERT INTO message_links
                (id, project_id, bot_id, direction, private_chat_id, group_chat_id, group_message_id, state,
                 media_group_id, reply_to, says, ready_at)
            VALUES ($1, $2, $3, 'out', $4, $5, $6, $7, $8, $9, $10, now() + $11)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            new_id(), self._project_id, lane.bot_id, lane.private_chat_id, group_chat_id, message_id,
            "kept" if keep else "waiting", media_group_id, reply_to, None if keep else says,
            ALBUM_PAUSE if media_group_id else timedelta(0),
        )  # fmt: skip
        return bool(added)

    async def claim(self, lane: Lane) -> list[Link]:
        """The next message, or all parts of the next album, now leased to the caller.

        Empty: nothing waits, another process is at it, or an album is not complete yet.
        """
        await self._connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", lane.name)
        source = SOURCE[lane.direction]
        busy = await self._connection.fetchval(
            """
            SELECT true FROM message_links WHERE project_id = $1 AND bot_id = $2 AND private_chat_id = $3
                AND direction = $4 AND state = 'sending' AND leased_until > now() LIMIT 1
            """,
            self._project_id, lane.bot_id, lane.private_chat_id, lane.direction,
        )  # fmt: skip
        if busy:
            return []
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS}, ready_at <= now() AS ready FROM message_links
            WHERE project_id = $1 AND bot_id = $2 AND private_chat_id = $3 AND direction = $4 AND state = 'waiting'
            ORDER BY {source} LIMIT $5
            """,  # noqa: S608  # constants only
            self._project_id, lane.bot_id, lane.private_chat_id, lane.direction, MOST_PARTS + 1,
        )  # fmt: skip
        if not rows:
            return []
        album = rows[0]["media_group_id"]
        batch = [row for row in rows if row["media_group_id"] == album] if album else rows[:1]
        # Whatever came after an album shows that it is complete.
        complete = len(batch) < len(rows) or len(batch) >= MOST_PARTS
        if album and not complete and not all(row["ready"] for row in batch):
            return []
        links = [Link(*row[:-1]) for row in batch]
        if album and await self._is_kept(lane, album):
            await self.settle(links, "kept")
            return await self.claim(lane)
        await self._connection.execute(
            """
            UPDATE message_links SET state = 'sending', leased_until = now() + $3, attempts = attempts + 1
            WHERE project_id = $1 AND id = ANY($2)
            """,
            self._project_id, [link.id for link in links], LEASE,
        )  # fmt: skip
        return links

    async def _is_kept(self, lane: Lane, album: str) -> bool:
        kept = await self._connection.fetchval(
            """
            SELECT true FROM message_links WHERE project_id = $1 AND bot_id = $2 AND private_chat_id = $3
                AND direction = $4 AND media_group_id = $5 AND state = 'kept' LIMIT 1
            """,
            self._project_id, lane.bot_id, lane.private_chat_id, lane.direction, album,
        )  # fmt: skip
        return bool(kept)

    async def settle(self, links: list[Link], state: str) -> None:
        await self._connection.execute(
            """
            UPDATE message_links SET state = $3, leased_until = NULL, says = CASE WHEN $3 = 'waiting' THEN says END
            WHERE project_id = $1 AND id = ANY($2)
            """,
            self._project_id, [link.id for link in links], state,
        )  # fmt: skip

    async def sent(self, link: Link, *, chat_id: int, message_id: int) -> None:
        """`chat_id` and `message_id` are the copy's."""
        change = (
            "private_chat_id = $3, private_message_id = $4"
            if link.direction == "out"
            else "group_chat_id = $3, group_message_id = $4"
        )
        await self._connection.execute(
            f"""
            UPDATE message_links SET state = 'sent', leased_until = NULL, says = NULL, {change}
            WHERE project_id = $1 AND id = $2
            """,  # noqa: S608  # one of the two above
            self._project_id, link.id, chat_id, message_id,
        )  # fmt: skip

    async def record(self, lane: Lane, *, private_message_id: int, group_chat_id: int, group_message_id: int) -> None:
        """Two messages that belong together, both there already."""
        await self._connection.execute(
            """
            INSERT INTO message_links
                (id, project_id, bot_id, direction, private_chat_id, private_message_id, group_chat_id,
                 group_message_id, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sent') ON CONFLICT DO NOTHING
            """,
            new_id(), self._project_id, lane.bot_id, lane.direction, lane.private_chat_id, private_message_id,
            group_chat_id, group_message_id,
        )  # fmt: skip

    async def expired(self, lane: Lane) -> list[Link]:
        """What a process that died was sending. Nobody knows whether it arrived."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM message_links
            WHERE project_id = $1 AND bot_id = $2 AND private_chat_id = $3 AND direction = $4
                AND state = 'sending' AND leased_until < now()
            ORDER BY {SOURCE[lane.direction]} FOR UPDATE
            """,  # noqa: S608  # constants only
            self._project_id, lane.bot_id, lane.private_chat_id, lane.direction,
        )  # fmt: skip
        return [to_link(row) for row in rows]

    async def by_private(self, bot_id: int, chat_id: int, message_id: int) -> Link | None:
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM message_links
            WHERE project_id = $1 AND bot_id = $2 AND private_chat_id = $3 AND private_message_id = $4
            """,  # noqa: S608  # a constant
            self._project_id, bot_id, chat_id, message_id,
        )  # fmt: skip
        return to_link(row) if row else None

    async def by_group(self, chat_id: int, message_id: int) -> Link | None:
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM message_links
            WHERE project_id = $1 AND group_chat_id = $2 AND group_message_id = $3
            """,  # noqa: S608  # a constant
            self._project_id, chat_id, message_id,
        )  # fmt: skip
        return to_link(row) if row else None

    async def erase(self, private_chat_id: int) -> None:
        await self._connection.execute(
            "DELETE FROM message_links WHERE project_id = $1 AND private_chat_id = $2",
            self._project_id, private_chat_id,
        )  # fmt: skip


async def open_lanes(connection: Connection, *, grace: timedelta, limit: int = 200) -> list[Lane]:
    """Lanes of all projects in which something waits or is stuck, and whose group takes messages; for the sweep."""
    rows = await connection.fetch(
        """
        SELECT project_id, bot_id, private_chat_id, direction FROM message_links
        JOIN staff_groups USING (project_id)
        WHERE ((state = 'waiting' AND ready_at < now() - $1::interval) OR (state = 'sending' AND leased_until < now()))
            AND state IN ('waiting', 'sending') AND problems = '[]'::jsonb
        GROUP BY 1, 2, 3, 4 ORDER BY min(ready_at) LIMIT $2
        """,
        grace, limit,
    )  # fmt: skip
    return [Lane(*row) for row in rows]


async def prune(connection: Connection, *, older_than: timedelta, batch: int = 5000) -> int:
    """Forgets pairs of messages that nobody edits or answers any more; the number of rows gone."""
    milliseconds = int((utc_now() - older_than).timestamp() * 1000)
    outcome: str = await connection.execute(
        "DELETE FROM message_links WHERE id IN (SELECT id FROM message_links WHERE id < $1 ORDER BY id LIMIT $2)",
        # Ids begin with their time (RFC 9562), so that no index of its own is needed.
        UUID(int=milliseconds << 80), batch,
    )  # fmt: skip
    return int(outcome.removeprefix("DELETE "))
