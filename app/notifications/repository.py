"""SQL of the inbox; every statement carries the project and the person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.locales import FALLBACK, Words
from app.notifications.kinds import KINDS

COLUMNS = "id, kind, values, created_at, read_at"


@dataclass(frozen=True, slots=True)
class Notification:
    id: UUID
    kind: str
    values: dict[str, Any]
    created_at: datetime
    read_at: datetime | None


class NotificationRepository:
    def __init__(self, connection: Connection, project_id: int, user_id: UUID) -> None:
        self._connection = connection
        self._owner = project_id, user_id

    async def add(
        self, *, kind: str, values: dict[str, Any], dedupe: str | None, delay: timedelta | None
    ) -> UUID | None:
        """None if the same was told before. `delay`: until the bot may send it; None: never."""
        found: UUID | None = await self._connection.fetchval(
            """
            INSERT INTO notifications (id, project_id, user_id, kind, values, dedupe, delivery, deliver_after)
            VALUES ($3, $1, $2, $4, $5, $6, $7, now() + $8::interval)
            ON CONFLICT (project_id, user_id, dedupe) DO NOTHING RETURNING id
            """,
            *self._owner, new_id(), kind, values, dedupe, "none" if delay is None else "waiting", delay or timedelta(0),
        )  # fmt: skip
        return found

    async def revise(self, *, kind: str, dedupe: str, values: dict[str, Any]) -> None:
        """What was told under `dedupe` says this from now on; nothing if it was not told."""
        await self._connection.execute(
            "UPDATE notifications SET values = $5 WHERE project_id = $1 AND user_id = $2 AND kind = $3 AND dedupe = $4",
            *self._owner, kind, dedupe, values,
        )  # fmt: skip

    async def page(self, *, before: UUID | None, limit: int) -> list[Notification]:
        """Newest first."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM notifications
            WHERE project_id = $1 AND user_id = $2 AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
            """,  # noqa: S608  # the columns are a constant of this module
            *self._owner, before, limit,
        )  # fmt: skip
        return [Notification(*row) for row in rows]

    async def unread(self) -> int:
        count: int = await self._connection.fetchval(
            "SELECT count(*) FROM notifications WHERE project_id = $1 AND user_id = $2 AND read_at IS NULL",
            *self._owner,
        )
        return count

    async def read(self, *, ids: list[UUID] | None = None, up_to: UUID | None = None) -> None:
        """Marks these, or everything as old as `up_to` and older; what is read stays read. Others' ids do nothing."""
        await self._connection.execute(
            """
            UPDATE notifications SET read_at = now()
            WHERE project_id = $1 AND user_id = $2 AND read_at IS NULL AND (id = ANY($3::uuid[]) OR id <= $4)
            """,
            *self._owner, ids or [], up_to,
        )  # fmt: skip

    async def take_due(self, *, limit: int = 50) -> list[Notification]:
        """Locks what the bot may send now, the oldest first, for as long as the transaction lasts."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM notifications
            WHERE project_id = $1 AND user_id = $2 AND delivery = 'waiting' AND deliver_after <= now()
            ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
            """,  # noqa: S608  # the columns are a constant of this module
            *self._owner, limit,
        )  # fmt: skip
        return [Notification(*row) for row in rows]

    async def mark(self, ids: list[UUID], delivery: str) -> None:
        """`sending` is the beginning, everything else an end."""
        await self._connection.execute(
            """
            UPDATE notifications SET delivery = $4,
                deliver_after = CASE WHEN $4 = 'sending' THEN now() ELSE deliver_after END,
                delivered_at = CASE WHEN $4 = 'sent' THEN now() END
            WHERE project_id = $1 AND user_id = $2 AND id = ANY($3)
            """,
            *self._owner, ids, delivery,
        )  # fmt: skip

    async def postpone(self, ids: list[UUID], delay: timedelta) -> None:
        await self._connection.execute(
            """
            UPDATE notifications SET delivery = 'waiting', deliver_after = now() + $4::interval
            WHERE project_id = $1 AND user_id = $2 AND id = ANY($3)
            """,
            *self._owner, ids, delay,
        )  # fmt: skip


async def add_for_many(
    connection: Connection,
    *,
    project_id: int,
    people: Sequence[tuple[UUID, str]],
    kind: str,
    values: Mapping[str, dict[str, Any]],
    dedupe: str | None = None,
) -> int:
    """One row in the inbox of each of these people, for what a bot sends them in its own way; how many were new.

    Each comes with the name of his `values`, which are as for `notify`.
    """
    for one in values.values():
        KINDS[kind].render(Words(FALLBACK), one)
        KINDS[kind].screen(one)
    # In one order for all processes: two of them may tell the same people.
    ordered = sorted(people)
    added = await connection.fetch(
        """
        WITH here AS MATERIALIZED (
            SELECT new.id, users.id AS user_id, new.version
            FROM unnest($2::uuid[], $3::uuid[], $4::text[]) AS new (id, user_id, version)
            JOIN users ON users.project_id = $1 AND users.id = new.user_id
            WHERE users.state <> 'erased' FOR KEY SHARE OF users
        )
        INSERT INTO notifications (id, project_id, user_id, kind, values, dedupe)
        SELECT id, $1, user_id, $5, $6::jsonb -> version, $7 FROM here
        ON CONFLICT (project_id, user_id, dedupe) DO NOTHING RETURNING 1
        """,
        project_id, [new_id() for _ in ordered], [user_id for user_id, _ in ordered],
        [version for _, version in ordered], kind, dict(values), dedupe,
    )  # fmt: skip
    return len(added)


async def stranded(connection: Connection, *, grace: timedelta, limit: int = 500) -> list[tuple[int, UUID]]:
    """(project, person) whose notices wait although their time has come, because a job was lost."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT project_id, user_id FROM notifications
        WHERE delivery = 'waiting' AND deliver_after < now() - $1::interval LIMIT $2
        """,
        grace, limit,
    )  # fmt: skip
    return [(row["project_id"], row["user_id"]) for row in rows]


async def give_up_unknown(connection: Connection, *, after: timedelta) -> int:
    """What was being sent when its process died may have arrived, and is not sent again; how many there were."""
    rows = await connection.fetch(
        """
        UPDATE notifications SET delivery = 'uncertain'
        WHERE delivery = 'sending' AND deliver_after < now() - $1::interval RETURNING 1
        """,
        after,
    )
    return len(rows)


async def prune(connection: Connection, *, older_than: timedelta) -> None:
    await connection.execute(
        "DELETE FROM notifications WHERE created_at < now() - $1::interval AND delivery NOT IN ('waiting', 'sending')",
        older_than,
    )


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Everything of a person who leaves."""
    for table in ("notifications", "notification_preferences", "notification_settings"):
        await connection.execute(
            f"DELETE FROM {table} WHERE project_id = $1 AND user_id = $2",  # noqa: S608  # the names above
            project_id, user_id,
        )  # fmt: skip
