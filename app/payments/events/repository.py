"""SQL of what providers said: kept once, worked on until it is understood."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.port import Event


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that somebody works on; `attempts` includes this one."""

    id: UUID
    project_id: int
    provider: str
    account: str
    event: Event
    attempts: int


class EventRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def keep(self, provider: str, account: str, events: Sequence[Event]) -> list[UUID]:
        """Those to work on: the new ones, and those without a number that came before and meant nothing then."""
        added = []
        for event in events:
            row_id = await self._connection.fetchval(
                """
                INSERT INTO provider_events (id, project_id, provider, account, event_id, kind, body)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (provider, account, event_id) DO UPDATE
                SET state = 'new', attempts = 0, next_at = now(), note = NULL, done_at = NULL
                WHERE NOT $8 AND provider_events.project_id = $2 AND provider_events.state IN ('ignored', 'refused')
                RETURNING id
                """,
                new_id(), self._project_id, provider, account, event.id, event.kind, event.body, event.numbered,
            )  # fmt: skip
            if row_id is not None:
                added.append(row_id)
        return added

    async def claim(self, row_id: UUID, *, lease: timedelta) -> Kept | None:
        """None if it is done, or somebody works on it, or its time has not come."""
        row = await self._connection.fetchrow(
            """
            UPDATE provider_events SET attempts = attempts + 1, next_at = now() + $3
            WHERE project_id = $1 AND id = $2 AND state = 'new' AND next_at <= now()
            RETURNING id, project_id, provider, account, event_id, kind, body, attempts
            """,
            self._project_id, row_id, lease,
        )  # fmt: skip
        if row is None:
            return None
        return Kept(row[0], row[1], row[2], row[3], Event(row[4], row[5], row[6]), row[7])

    async def finish(self, row_id: UUID, *, state: str, note: str) -> bool:
        """False if somebody else has finished it: then what was done in this transaction must not stand."""
        done = await self._connection.fetchval(
            """
            UPDATE provider_events SET state = $3, note = NULLIF($4, ''), done_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'new' RETURNING true
            """,
            self._project_id, row_id, state, note,
        )  # fmt: skip
        return bool(done)

    async def put_off(self, row_id: UUID, *, wait: timedelta, note: str) -> None:
        await self._connection.execute(
            """
            UPDATE provider_events SET next_at = now() + $3, note = $4
            WHERE project_id = $1 AND id = $2 AND state = 'new'
            """,
            self._project_id, row_id, wait, note,
        )  # fmt: skip

    async def count_refused(self, provider: str, account: str, *, notes: Sequence[str], since: datetime) -> int:
        """Facts that were refused for one of these reasons."""
        return int(
            await self._connection.fetchval(
                """
                SELECT count(*) FROM provider_events
                WHERE project_id = $1 AND received_at >= $4 AND provider = $2 AND account = $3
                    AND state = 'refused' AND kind = 'refused' AND note = ANY($5::text[])
                """,
                self._project_id, provider, account, since, list(notes),
            )
        )  # fmt: skip


async def due(connection: Connection, *, limit: int = 100) -> list[tuple[int, UUID]]:
    """(project, event) of those whose time has come, the oldest first."""
    rows = await connection.fetch(
        """
        SELECT project_id, id FROM provider_events WHERE state = 'new' AND next_at <= now() ORDER BY next_at LIMIT $1
        """,
        limit,
    )
    return [(row[0], row[1]) for row in rows]


async def prune(connection: Connection, *, older_than: timedelta) -> None:
    """What was worked on goes after a while; what was refused or failed stays for whoever has to explain it."""
    await connection.execute(
        "DELETE FROM provider_events WHERE state IN ('done', 'ignored') AND done_at < now() - $1::interval", older_than
    )
