"""SQL of readings and their follow-ups; every statement carries the project and, for users, the owner."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.readings.figures import delete_readings
from app.users.errors import UserBlocked

COLUMNS = (
    "id, project_id, user_id, state, language, question, spread, deck_hash, cards, reversals, cost, free_follow_ups, "
    "hold_id, seed, commitment, client_seed, picks, drawn, rating, created_at, expires_at, drawn_at, finished_at, "
    "deleted_at, paid_by, paid_on"
)


@dataclass(frozen=True, slots=True)
class Paid:
    """Who pays for a reading: nobody, the wallet with a hold, or the subscription on a day of the person's."""

    by: Literal["free", "wallet", "subscription"]
    hold_id: UUID | None = None
    on: date | None = None

    @classmethod
    def of(cls, reading: "Reading") -> "Paid":
        return cls(reading.paid_by, reading.hold_id, reading.paid_on)


@dataclass(frozen=True, slots=True)
class Reading:
    id: UUID
    project_id: int
    user_id: UUID
    state: str
    language: str
    question: str | None
    spread: dict[str, Any]
    deck_hash: bytes
    cards: list[str]
    reversals: str
    cost: int
    free_follow_ups: int
    hold_id: UUID | None
    seed: bytes
    commitment: str
    client_seed: str | None
    picks: list[int] | None
    drawn: list[dict[str, Any]] | None
    rating: str | None
    created_at: datetime
    expires_at: datetime
    drawn_at: datetime | None
    finished_at: datetime | None
    deleted_at: datetime | None
    paid_by: Literal["free", "wallet", "subscription"]
    paid_on: date | None


def to_reading(row: asyncpg.Record) -> Reading:
    return Reading(*row[: len(Reading.__slots__)])


class ReadingRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add_deck_copy(self, digest: bytes, content: dict[str, Any]) -> None:
        await self._connection.execute(
            "INSERT INTO deck_copies (project_id, hash, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            self._project_id, digest, content,
        )  # fmt: skip

    async def deck_name(self, digest: bytes) -> dict[str, str]:
        row = await self._connection.fetchrow(
            "SELECT content ->> 'key', content ->> 'name' FROM deck_copies WHERE project_id = $1 AND hash = $2",
            self._project_id, digest,
        )  # fmt: skip
        assert row is not None  # noqa: S101  # a foreign key holds it
        return {"key": row[0], "name": row[1]}

    async def copied_cards(self, digest: bytes, keys: list[str]) -> dict[str, dict[str, Any]]:
        rows = await self._connection.fetch(
            """
            SELECT key, content -> 'cards' -> key FROM deck_copies, unnest($3::text[]) AS key
            WHERE project_id = $1 AND hash = $2
            """,
            self._project_id, digest, keys,
        )  # fmt: skip
        return dict(map(tuple, rows))

    async def add(
        self,
        *,
        reading_id: UUID,
        user_id: UUID,
        language: str,
        question: str | None,
        spread: dict[str, Any],
        deck_hash: bytes,
        cards: list[str],
        reversals: str,
        cost: int,
        free_follow_ups: int,
        paid: Paid,
        seed: bytes,
        commitment: str,
        lifetime: timedelta,
    ) -> None:
        await self._connection.execute(
            """
            INSERT INTO readings (
                id, project_id, user_id, language, question, spread, deck_hash, cards, reversals, cost,
                free_follow_ups, hold_id, paid_by, paid_on, seed, commitment, expires_at
            ) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, now() + $17)
            """,
            reading_id, self._project_id, user_id, language, question, spread, deck_hash, cards, reversals, cost,
            free_follow_ups, paid.hold_id, paid.by, paid.on, seed, commitment, lifetime,
        )  # fmt: skip

    async def get(self, reading_id: UUID, user_id: UUID, *, lock: bool = False) -> Reading | None:
        """Raises `UserBlocked` for one whose owner was shut out."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS}, (SELECT state FROM users WHERE project_id = $1 AND id = $3) AS owner FROM readings
            WHERE project_id = $1 AND id = $2 AND user_id = $3 AND deleted_at IS NULL {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, reading_id, user_id,
        )  # fmt: skip
        if row is not None and row["owner"] == "blocked":
            raise UserBlocked
        return to_reading(row) if row else None

    async def draw(self, reading_id: UUID, *, picks: list[int], client_seed: str, drawn: list[dict[str, Any]]) -> None:
        await self._connection.execute(
            """
            UPDATE readings
            SET state = 'interpreting', picks = $3, client_seed = $4, drawn = $5, drawn_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'awaiting_draw'
            """,
            self._project_id, reading_id, picks, client_seed, drawn,
        )  # fmt: skip

    async def end(self, reading_id: UUID, *, state: str) -> None:
        """`finished` or `failed`."""
        await self._connection.execute(
            """
            UPDATE readings SET state = $3, finished_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'interpreting'
            """,
            self._project_id, reading_id, state,
        )  # fmt: skip

    async def bury(self, reading_id: UUID) -> None:
        """One that its user deleted while it was being written goes for good."""
        await delete_readings(
            self._connection,
            "project_id = $1 AND id = $2 AND deleted_at IS NOT NULL", self._project_id, reading_id,
        )  # fmt: skip

    async def expire_due(self, limit: int = 100) -> list[tuple[UUID, Paid]]:
        """Expires readings nobody drew for; (person, who paid) of each."""
        rows = await self._connection.fetch(
            """
            UPDATE readings SET state = 'expired', finished_at = now()
            WHERE id IN (
                SELECT id FROM readings WHERE project_id = $1 AND state = 'awaiting_draw' AND expires_at <= now()
                ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
            ) AND project_id = $1
            RETURNING user_id, paid_by, hold_id, paid_on
            """,
            self._project_id, limit,
        )  # fmt: skip
        return [(user_id, Paid(*paid)) for user_id, *paid in rows]

    async def expire(self, reading_id: UUID) -> None:
        await self._connection.execute(
            """
            UPDATE readings SET state = 'expired', finished_at = now()
            WHERE project_id = $1 AND id = $2 AND state = 'awaiting_draw'
            """,
            self._project_id, reading_id,
        )  # fmt: skip

    async def rate(self, reading_id: UUID, rating: str) -> None:
        await self._connection.execute(
            "UPDATE readings SET rating = $3 WHERE project_id = $1 AND id = $2",
            self._project_id,
            reading_id,
            rating,
        )

    async def delete(self, reading_id: UUID, *, keep_until_end: bool) -> None:
        """Removes it, or hides it until its generation has ended."""
        if keep_until_end:
            await self._connection.execute(
                "UPDATE readings SET deleted_at = now() WHERE project_id = $1 AND id = $2",
                self._project_id, reading_id,
            )  # fmt: skip
        else:
            await delete_readings(self._connection, "project_id = $1 AND id = $2", self._project_id, reading_id)

    async def delete_of_user(self, user_id: UUID) -> None:
        await delete_readings(self._connection, "project_id = $1 AND user_id = $2", self._project_id, user_id)

    async def page(self, user_id: UUID, *, before: UUID | None, limit: int) -> list[asyncpg.Record]:
        """Newest first; each with the deck's name and the beginning of its text."""
        rows: list[asyncpg.Record] = await self._connection.fetch(
            f"""
            SELECT {", ".join(f"r.{column}" for column in COLUMNS.split(", "))},
                d.content ->> 'key' AS deck_key, d.content ->> 'name' AS deck_name, left(g.text, 200) AS excerpt
            FROM readings r
            JOIN deck_copies d ON d.project_id = r.project_id AND d.hash = r.deck_hash
            LEFT JOIN generations g ON g.reading_id = r.id AND g.question_id IS NULL AND g.state = 'finished'
            WHERE r.project_id = $1 AND r.user_id = $2 AND r.deleted_at IS NULL
                AND ($3::uuid IS NULL OR r.id < $3)
            ORDER BY r.id DESC LIMIT $4
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, user_id, before, limit,
        )  # fmt: skip
        return rows
