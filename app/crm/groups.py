"""Which forum belongs to which project."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.kit.database import Connection

COLUMNS = "project_id, chat_id, title, language, connected_by, connected_at, problems, checked_at"


@dataclass(frozen=True, slots=True)
class StaffGroup:
    """`language` is what the bot speaks there; `problems` are codes of `app.crm.checks`, empty when it is ready."""

    project_id: int
    chat_id: int
    title: str
    language: str
    connected_by: int
    connected_at: datetime
    problems: tuple[str, ...]
    checked_at: datetime | None

    @property
    def ready(self) -> bool:
        return not self.problems


class GroupTaken(Exception):
    """The chat is another project's group: a group never serves two."""


def to_group(row: asyncpg.Record) -> StaffGroup:
    return StaffGroup(**{**dict(row), "problems": tuple(row["problems"])})


class GroupRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self) -> StaffGroup | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_groups WHERE project_id = $1",  # noqa: S608  # a constant
            self._project_id,
        )
        return to_group(row) if row else None

    async def by_chat(self, chat_id: int) -> StaffGroup | None:
        """The group if this chat is it; None for every other chat, another project's group included."""
        group = await self.get()
        return group if group is not None and group.chat_id == chat_id else None

    async def connect(
        self, chat_id: int, *, title: str, language: str, connected_by: int, problems: Sequence[str]
    ) -> StaffGroup:
        """Connects it, instead of the one before. Raises `GroupTaken`, which leaves the transaction usable."""
        try:
            async with self._connection.transaction():
                row = await self._connection.fetchrow(
                    f"""
                    INSERT INTO staff_groups (project_id, chat_id, title, language, connected_by, problems, checked_at)
                    VALUES ($1, $2, $3, $4, $5, $6, now())
                    ON CONFLICT (project_id) DO UPDATE SET chat_id = $2, title = $3, language = $4, connected_by = $5,
                        problems = $6, checked_at = now(), connected_at = now()
                    RETURNING {COLUMNS}
                    """,  # noqa: S608  # a constant
                    self._project_id, chat_id, title, language, connected_by, list(problems),
                )  # fmt: skip
        except asyncpg.UniqueViolationError as error:
            raise GroupTaken from error
        assert row is not None  # noqa: S101  # an upsert always returns its row
        return to_group(row)

    async def checked(self, chat_id: int, *, title: str | None, problems: Sequence[str]) -> StaffGroup | None:
        """Records what a look at the group found; the group as it was before, None if it is not this chat any more."""
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_groups WHERE project_id = $1 AND chat_id = $2 FOR UPDATE",  # noqa: S608  # the columns are a constant
            self._project_id, chat_id,
        )  # fmt: skip
        if row is None:
            return None
        await self._connection.execute(
            """
            UPDATE staff_groups SET title = coalesce($2, title), problems = $3, checked_at = now()
            WHERE project_id = $1
            """,
            self._project_id, title, list(problems),
        )  # fmt: skip
        return to_group(row)

    async def migrate(self, old_chat_id: int, new_chat_id: int) -> bool:
        """Follows a group that became a supergroup; false if it was not this project's, or was followed before."""
        moved = await self._connection.fetchval(
            "UPDATE staff_groups SET chat_id = $3 WHERE project_id = $1 AND chat_id = $2 RETURNING true",
            self._project_id, old_chat_id, new_chat_id,
        )  # fmt: skip
        if moved:
            for table, column in (("staff_topics", "chat_id"), ("message_links", "group_chat_id")):
                await self._connection.execute(
                    f"UPDATE {table} SET {column} = $3 WHERE project_id = $1 AND {column} = $2",  # noqa: S608  # names of the line above
                    self._project_id, old_chat_id, new_chat_id,
                )  # fmt: skip
        return bool(moved)

    async def disconnect(self) -> bool:
        """False if none was connected. Topics stay in their chat, and are found again if it comes back."""
        gone = await self._connection.fetchval(
            "DELETE FROM staff_groups WHERE project_id = $1 RETURNING true", self._project_id
        )
        return bool(gone)


async def groups_to_check(connection: Connection, *, limit: int = 100) -> list[StaffGroup]:
    """Groups of all projects that lacked something when they were looked at; for the periodic check."""
    rows = await connection.fetch(
        f"SELECT {COLUMNS} FROM staff_groups WHERE problems <> '[]'::jsonb ORDER BY checked_at LIMIT $1",  # noqa: S608  # the columns are a constant
        limit,
    )
    return [to_group(row) for row in rows]
