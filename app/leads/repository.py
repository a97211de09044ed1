"""SQL of requests; every statement carries the project."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id

State = Literal["new", "taken", "done"]
Source = Literal["bot", "app"]

COLUMNS = "id, project_id, user_id, name, phone, about, source, state, created_at"


@dataclass(frozen=True, slots=True)
class Lead:
    """`phone` is in E.164."""

    id: UUID
    project_id: int
    user_id: UUID
    name: str
    phone: str
    about: str
    source: str
    state: State
    created_at: datetime


class LeadRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def lock(self, *names: str) -> None:
        """Lets those who ask in the same name wait for each other until their transactions end."""
        # In one order, so that two who ask in two names each do not wait for one another.
        for name in sorted(names):
            await self._connection.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended($1, $2))", f"lead:{name}", self._project_id
            )

    async def recent(self, *, user_id: UUID, phone: str, within: timedelta) -> Lead | None:
        """The last request of this person or from this number; his own before another's."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM leads
            WHERE project_id = $1 AND (user_id = $2 OR phone = $3) AND created_at > now() - $4::interval
            ORDER BY user_id = $2 DESC, created_at DESC LIMIT 1
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, user_id, phone, within,
        )  # fmt: skip
        return Lead(*row) if row else None

    async def add(self, *, user_id: UUID, name: str, phone: str, about: str, source: Source) -> Lead:
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO leads (id, project_id, user_id, name, phone, about, source)
            VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant
            new_id(), self._project_id, user_id, name, phone, about, source,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        return Lead(*row)

    async def get(self, lead_id: UUID) -> Lead | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM leads WHERE project_id = $1 AND id = $2",  # noqa: S608  # the columns are a constant
            self._project_id, lead_id,
        )  # fmt: skip
        return Lead(*row) if row else None

    async def take(self, lead_id: UUID, *, by: int) -> bool:
        """new → taken, once."""
        taken = await self._connection.fetchval(
            """
            UPDATE leads SET state = 'taken', taken_by = $3, taken_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'new' RETURNING true
            """,
            self._project_id, lead_id, by,
        )  # fmt: skip
        return bool(taken)

    async def finish(self, lead_id: UUID, *, by: int) -> bool:
        """new or taken → done, once."""
        done = await self._connection.fetchval(
            """
            UPDATE leads SET state = 'done', done_by = $3, done_at = now()
            WHERE project_id = $1 AND id = $2 AND state <> 'done' RETURNING true
            """,
            self._project_id, lead_id, by,
        )  # fmt: skip
        return bool(done)

    async def delete_of_user(self, user_id: UUID) -> None:
        await self._connection.execute(
            "DELETE FROM leads WHERE project_id = $1 AND user_id = $2", self._project_id, user_id
        )
