"""Rows of projects: kept in step with the catalogue, never deleted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from app.kit.database import Connection


@dataclass(frozen=True, slots=True)
class ProjectRecord:
    id: int
    key: str
    slug: str
    status: str
    source: str
    ever_live: bool
    removed: bool


@dataclass(frozen=True, slots=True)
class WantedProject:
    """What the catalogue says of a project; `bot_id` is the number of an opened token."""

    key: str
    slug: str
    status: Literal["draft", "live", "off"]
    bot_id: int | None


class ProjectsRepository:
    """The table of tenants itself, so it is built without one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def all(self) -> list[ProjectRecord]:
        rows = await self.connection.fetch(
            "SELECT id, key, slug, status, source, live_since IS NOT NULL AS ever_live,"
            " removed_at IS NOT NULL AS removed FROM projects ORDER BY id"
        )
        return [ProjectRecord(**dict(row)) for row in rows]

    async def sync(self, source: Literal["demo", "store"], wanted: Iterable[WantedProject]) -> None:
        """Makes the rows say what the catalogue says; what is not wanted any more is marked as removed.

        An id is given once and never again; unchanged rows are not written.
        """
        projects = list(wanted)
        keys = [project.key for project in projects]
        # First what frees a slug or a bot, then what takes it.
        await self.connection.execute(
            "UPDATE projects SET status = 'off', bot_id = NULL, removed_at = now(), updated_at = now()"
            " WHERE removed_at IS NULL AND NOT key = ANY($1::text[])",
            keys,
        )
        await self.connection.execute(
            "UPDATE projects p SET bot_id = NULL, slug = 'moving--' || p.id"
            " FROM unnest($1::text[], $2::bigint[], $3::text[]) AS w(key, bot_id, slug)"
            " WHERE p.key = w.key AND (p.bot_id IS DISTINCT FROM w.bot_id OR p.slug <> w.slug)",
            keys,
            [project.bot_id for project in projects],
            [project.slug for project in projects],
        )
        for project in projects:
            row = (project.key, project.slug, project.status, source, project.bot_id)
            # Not ON CONFLICT: that would use up an id of the small sequence each time.
            changed = await self.connection.fetchval(
                "UPDATE projects SET slug = $2, status = $3, source = $4, bot_id = $5, removed_at = NULL,"
                " live_since = CASE WHEN $3 = 'live' THEN coalesce(live_since, now()) ELSE live_since END,"
                " updated_at = now() WHERE key = $1 AND (removed_at IS NOT NULL"
                " OR (slug, status, source, bot_id) IS DISTINCT FROM ($2, $3, $4, $5::bigint)) RETURNING id",
                *row,
            )
            if changed is None:
                await self.connection.execute(
                    "INSERT INTO projects (key, slug, status, source, bot_id, live_since)"
                    " SELECT $1, $2, $3, $4, $5::bigint, CASE WHEN $3 = 'live' THEN now() END"
                    " WHERE NOT EXISTS (SELECT FROM projects WHERE key = $1)",
                    *row,
                )
