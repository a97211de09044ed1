"""SQL of broadcasts and their runs; every statement carries the project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from app.crm.audit import Actor
from app.kit.database import Connection
from app.kit.ids import new_id

State = Literal["draft", "counting", "scheduled", "sending", "paused", "done", "cancelled"]
Kind = Literal["send", "edit", "delete"]
COUNTERS = ("total", "sent", "gone", "failed", "uncertain", "skipped", "opened")

COLUMNS = (
    "id, project_id, title, content, segment, state, run, problem, schedule_kind, begin_at, local_time, "
    "quiet_wait_hours, created_by, created_name, created_at, updated_at, bot_id, chat_id, message_id, shown"
)
RUN_COLUMNS = (
    f"broadcast_id, run, project_id, kind, bot_id, content, {', '.join(COUNTERS)}, outcome, started_at, ended_at"
)


@dataclass(frozen=True, slots=True)
class Broadcast:
    id: UUID
    project_id: int
    title: str
    content: dict[str, Any]
    segment: dict[str, Any]
    state: State
    run: int
    problem: str | None
    schedule_kind: Literal["now", "at", "local_time"]
    begin_at: datetime | None
    local_time: str | None
    quiet_wait_hours: int
    created_by: int
    created_name: str
    created_at: datetime
    updated_at: datetime
    bot_id: int | None
    chat_id: int | None
    message_id: int | None
    shown: str


@dataclass(frozen=True, slots=True)
class Run:
    """`pending` is what is still to be done, what is being sent right now included."""

    broadcast_id: UUID
    run: int
    project_id: int
    kind: Kind
    bot_id: int
    content: dict[str, Any]
    total: int
    sent: int
    gone: int
    failed: int
    uncertain: int
    skipped: int
    opened: int
    outcome: Literal["done", "cancelled"] | None
    started_at: datetime
    ended_at: datetime | None

    @property
    def pending(self) -> int:
        return self.total - self.sent - self.gone - self.failed - self.uncertain - self.skipped


def to_broadcast(row: asyncpg.Record) -> Broadcast:
    return Broadcast(*row)


class BroadcastRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, actor: Actor, values: dict[str, Any]) -> Broadcast:
        """A draft. `values` maps columns, which the service has allow-listed, to values."""
        names = ["id", "project_id", "created_by", "created_name", *values]
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO broadcasts ({", ".join(names)}) VALUES ({_parameters(len(names))}) RETURNING {COLUMNS}
            """,  # noqa: S608  # names of columns from the code alone
            new_id(), self._project_id, actor.telegram_id, actor.name, *values.values(),
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        return to_broadcast(row)

    async def get(self, broadcast_id: UUID, *, lock: bool = False) -> Broadcast | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM broadcasts WHERE project_id = $1 AND id = $2 {'FOR UPDATE' if lock else ''}",  # noqa: S608  # the columns are a constant
            self._project_id, broadcast_id,
        )  # fmt: skip
        return to_broadcast(row) if row else None

    async def page(self, *, before: UUID | None, state: str | None, limit: int) -> list[Broadcast]:
        """The newest first."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM broadcasts
            WHERE project_id = $1 AND ($2::uuid IS NULL OR id < $2) AND ($3::text IS NULL OR state = $3)
            ORDER BY id DESC LIMIT $4
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, before, state, limit,
        )  # fmt: skip
        return [to_broadcast(row) for row in rows]

    async def change(self, broadcast_id: UUID, values: dict[str, Any]) -> None:
        """`values` maps columns, which the service has allow-listed, to values."""
        assignments = "".join(f", {column} = ${number}" for number, column in enumerate(values, start=3))
        await self._connection.execute(
            f"UPDATE broadcasts SET updated_at = now(){assignments} WHERE project_id = $1 AND id = $2",  # noqa: S608  # allow-listed, as said above
            self._project_id, broadcast_id, *values.values(),
        )  # fmt: skip

    async def note_panel(self, broadcast_id: UUID, values: dict[str, Any]) -> None:
        """Where its panel is and what it shows; `values` maps columns, named by the code alone, to values."""
        assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(values, start=3))
        await self._connection.execute(
            f"UPDATE broadcasts SET {assignments} WHERE project_id = $1 AND id = $2",  # noqa: S608  # as said above
            self._project_id, broadcast_id, *values.values(),
        )  # fmt: skip

    async def move(
        self,
        broadcast_id: UUID,
        state: State,
        *,
        allowed: Sequence[State],
        problem: str | None = None,
    ) -> Broadcast | None:
        """The conditional transition; None if it is in another state."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE broadcasts SET state = $3, problem = $5, updated_at = now()
            WHERE project_id = $1 AND id = $2 AND state = ANY($4::text[]) RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, broadcast_id, state, list(allowed), problem,
        )  # fmt: skip
        return to_broadcast(row) if row else None

    async def add_run(
        self, broadcast: Broadcast, *, run: int, kind: Kind, bot_id: int, content: dict[str, Any]
    ) -> None:
        await self._connection.execute(
            """
            INSERT INTO broadcast_runs (broadcast_id, run, project_id, kind, bot_id, content)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            broadcast.id, run, self._project_id, kind, bot_id, content,
        )  # fmt: skip

    async def drop_run(self, broadcast_id: UUID, run: int) -> None:
        """Of a broadcast that goes back to a draft before anybody was counted."""
        await self._connection.execute(
            "DELETE FROM broadcast_runs WHERE project_id = $1 AND broadcast_id = $2 AND run = $3",
            self._project_id, broadcast_id, run,
        )  # fmt: skip

    async def runs(self, broadcast_ids: Sequence[UUID]) -> dict[UUID, list[Run]]:
        """Those of each, in their order."""
        rows = await self._connection.fetch(
            f"""
            SELECT {RUN_COLUMNS} FROM broadcast_runs
            WHERE project_id = $1 AND broadcast_id = ANY($2::uuid[]) ORDER BY broadcast_id, run
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, list(broadcast_ids),
        )  # fmt: skip
        found: dict[UUID, list[Run]] = {broadcast_id: [] for broadcast_id in broadcast_ids}
        for row in rows:
            found[row["broadcast_id"]].append(Run(*row))
        return found

    async def keep_file(self, broadcast_id: UUID, language: str, *, file_id: str, bot_id: int) -> None:
        """What was fetched from an address once is sent by its file id from now on."""
        for table, named in (("broadcasts", "id"), ("broadcast_runs", "broadcast_id")):
            await self._connection.execute(
                f"""
                UPDATE {table} SET content = jsonb_set(
                    content, ARRAY[$3, 'media'], (content #> ARRAY[$3, 'media']) || $4::jsonb
                )
                WHERE project_id = $1 AND {named} = $2 AND content #> ARRAY[$3, 'media'] IS NOT NULL
                """,  # noqa: S608  # the two names above
                self._project_id, broadcast_id, language, {"file_id": file_id, "bot_id": bot_id},
            )  # fmt: skip

    async def end_run(self, broadcast_id: UUID, run: int, *, outcome: Literal["cancelled"]) -> None:
        await self._connection.execute(
            """
            UPDATE broadcast_runs SET outcome = $4, ended_at = now()
            WHERE project_id = $1 AND broadcast_id = $2 AND run = $3
            """,
            self._project_id, broadcast_id, run, outcome,
        )  # fmt: skip

    async def finish(self, broadcast_id: UUID, run: int) -> bool:
        """Ends a run in which nothing is left to do; true for who ended it."""
        ended = await self._connection.fetchval(
            """
            WITH ended AS (
                UPDATE broadcasts SET state = 'done', updated_at = now()
                WHERE project_id = $1 AND id = $2 AND run = $3 AND state = 'sending' AND NOT EXISTS (
                    SELECT FROM broadcast_recipients r
                    WHERE r.broadcast_id = $2 AND r.run = $3 AND r.state IN ('pending', 'sending')
                )
                RETURNING id, run
            )
            UPDATE broadcast_runs r SET outcome = 'done', ended_at = now() FROM ended
            WHERE r.project_id = $1 AND r.broadcast_id = ended.id AND r.run = ended.run RETURNING true
            """,
            self._project_id, broadcast_id, run,
        )  # fmt: skip
        return bool(ended)


def _parameters(count: int) -> str:
    return ", ".join(f"${number}" for number in range(1, count + 1))
