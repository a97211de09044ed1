"""Rows of pictures: which ones the documents name, what became of them, and their bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.catalogue.images import Rendition
from app.kit.database import Connection

# A claimed picture is somebody's for so long; then it is due again.
CLAIM = timedelta(minutes=2)
LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DuePicture:
    id: str
    url: str
    attempts: int


class PicturesRepository:
    """Pictures belong to the one catalogue of the installation: projects share decks, and so pictures."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def register(self, pictures: Mapping[str, str]) -> bool:
        """Notes pictures (id → url) that a document names; true if any of them is still to be fetched."""
        await self.connection.execute(
            # In their own order, which puts logos, covers and backs before cards.
            "INSERT INTO pictures (id, url, due_at) SELECT id, url, now() + number * interval '1 microsecond'"
            " FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given(id, url, number)"
            " ON CONFLICT DO NOTHING",
            list(pictures),
            list(pictures.values()),
        )
        # These may have been put right together with the document.
        await self.connection.execute(
            "UPDATE pictures SET state = 'pending', reason = NULL, attempts = 0, due_at = now(), updated_at = now()"
            " WHERE id = ANY($1::text[]) AND state = 'refused' AND reason IN ('not_found', 'foreign_address')",
            list(pictures),
        )
        waiting: bool = await self.connection.fetchval(
            "SELECT EXISTS (SELECT FROM pictures WHERE state = 'pending' AND id = ANY($1::text[]))",
            list(pictures),
        )
        return waiting

    async def any_due(self) -> bool:
        due: bool = await self.connection.fetchval(
            "SELECT EXISTS (SELECT FROM pictures WHERE state = 'pending' AND due_at <= now())"
        )
        return due

    async def claim(self, limit: int) -> list[DuePicture]:
        """Takes due pictures for this worker; each failed attempt makes the next wait longer."""
        rows = await self.connection.fetch(
            "UPDATE pictures SET attempts = attempts + 1, updated_at = now(),"
            " due_at = now()"
            " + greatest($2::interval, least($3::interval, interval '10 s' * 2 ^ least(attempts, 12)))"
            " WHERE id IN (SELECT id FROM pictures WHERE state = 'pending' AND due_at <= now()"
            " ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id, url, attempts",
            limit,
            CLAIM,
            LONGEST_WAIT,
        )
        return [DuePicture(**dict(row)) for row in rows]

    async def add(self, picture_id: str, picture_hash: str, renditions: list[Rendition]) -> None:
        await self.connection.executemany(
            "INSERT INTO picture_files (hash, width, height, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [(picture_hash, one.width, one.height, one.body) for one in renditions],
        )
        await self.connection.execute(
            "UPDATE pictures SET state = 'mirrored', hash = $2, widths = $3, reason = NULL,"
            " updated_at = now() WHERE id = $1",
            picture_id,
            picture_hash,
            [[one.width, one.height] for one in renditions],
        )

    async def refuse(self, picture_id: str, reason: str) -> None:
        await self.connection.execute(
            "UPDATE pictures SET state = 'refused', reason = $2, updated_at = now() WHERE id = $1",
            picture_id,
            reason,
        )

    async def note(self, picture_id: str, reason: str) -> None:
        """Why the last attempt failed; the next one comes when it is due."""
        await self.connection.execute("UPDATE pictures SET reason = $2 WHERE id = $1", picture_id, reason)

    async def refused(self, picture_ids: list[str]) -> dict[str, str]:
        """Refused ones among the given: id → reason."""
        rows = await self.connection.fetch(
            "SELECT id, reason FROM pictures WHERE state = 'refused' AND id = ANY($1::text[])", picture_ids
        )
        return {row["id"]: row["reason"] for row in rows}

    async def file(self, picture_hash: str, width: int) -> bytes | None:
        body: bytes | None = await self.connection.fetchval(
            "SELECT body FROM picture_files WHERE hash = $1 AND width = $2", picture_hash, width
        )
        return body
