"""Clients as the staff look for them; every statement names the projects that the caller may see."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from app.kit.database import Connection

COLUMNS = (
    "u.id, u.project_id, u.telegram_id, u.first_name, u.last_name, u.username, u.language, u.state, "
    "u.created_at, u.last_seen_at"
)


@dataclass(frozen=True, slots=True)
class Client:
    id: UUID
    project_id: int
    telegram_id: int
    first_name: str
    last_name: str | None
    username: str | None
    language: str
    state: str
    created_at: datetime
    last_seen_at: datetime

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"#{self.telegram_id}"


@dataclass(frozen=True, slots=True)
class Details:
    """Counts are of all time; `reason` is why he was shut out, if he is."""

    readings: int
    good: int
    bad: int
    balance: int
    follow_ups: int
    phone: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    state: Literal["active", "blocked"] | None = None
    language: str | None = None


def to_client(row: asyncpg.Record) -> Client:
    return Client(*row[: len(Client.__slots__)])


# The best match first: an id or a name that is exactly so, then beginnings, then parts.
_FIND = f"""
WITH reachable AS (
    SELECT project_id, user_id, phone FROM user_contacts WHERE project_id = ANY($1::smallint[])
    UNION ALL
    SELECT project_id, user_id, phone FROM leads WHERE project_id = ANY($1::smallint[])
), phones AS (
    SELECT project_id, user_id, max(CASE WHEN phone = '+' || $4 THEN 90 ELSE 55 END) AS rank FROM reachable
    WHERE length($4) >= 4 AND strpos(phone, $4) > 0 GROUP BY project_id, user_id
), found AS (
    SELECT {COLUMNS}, GREATEST(
        CASE WHEN u.telegram_id::text = $3 THEN 100
            WHEN length($3) >= 3 AND starts_with(u.telegram_id::text, $3) THEN 50 ELSE 0 END,
        CASE WHEN lower(u.username) = $5 THEN 95
            WHEN starts_with(lower(u.username), $5) THEN 70
            WHEN strpos(lower(u.username), $5) > 0 THEN 40 ELSE 0 END,
        CASE WHEN $6 THEN 0
            WHEN lower(concat_ws(' ', u.first_name, u.last_name)) = $2 THEN 85
            WHEN lower(concat_ws(' ', u.last_name, u.first_name)) = $2 THEN 84
            WHEN starts_with(lower(u.first_name), $2) OR starts_with(lower(u.last_name), $2) THEN 60
            WHEN starts_with(lower(concat_ws(' ', u.first_name, u.last_name)), $2) THEN 58
            WHEN strpos(lower(concat_ws(' ', u.first_name, u.last_name)), $2) > 0 THEN 30 ELSE 0 END,
        COALESCE(p.rank, 0)
    ) AS rank
    FROM users u LEFT JOIN phones p ON p.project_id = u.project_id AND p.user_id = u.id
    WHERE u.project_id = ANY($1::smallint[]) AND u.telegram_id IS NOT NULL
)
SELECT * FROM found WHERE rank > 0 ORDER BY rank DESC, last_seen_at DESC, id LIMIT $7
"""  # noqa: S608  # a constant of this module


async def find(connection: Connection, *, project_ids: Sequence[int], query: str, limit: int) -> list[Client]:
    """By id, @name, name or number, whole or in part; the best match first."""
    words = " ".join(query.lower().split())
    digits = re.sub(r"\D", "", words) if re.fullmatch(r"[\d\s+()-]+", words) else ""
    # A number dialled at home in Russia begins with an 8 that is not part of it.
    phone = "7" + digits[1:] if len(digits) == 11 and digits[0] == "8" else digits
    handle = words.removeprefix("@").removeprefix("https://t.me/")
    if not words or not handle:
        return []
    rows = await connection.fetch(
        _FIND, list(project_ids), words, digits or "-", phone, handle, words.startswith("@"), limit
    )
    return [to_client(row) for row in rows]


async def named(connection: Connection, *, project_ids: Sequence[int], reference: str) -> list[Client]:
    """Whom a whole id or a whole @name means; one of each project at most."""
    handle = reference.removeprefix("@").lower()
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS} FROM users u
        WHERE u.project_id = ANY($1::smallint[])
            AND CASE WHEN $3 THEN u.telegram_id = $4 ELSE lower(u.username) = $2 AND u.telegram_id IS NOT NULL END
        ORDER BY u.last_seen_at DESC LIMIT 20
        """,  # noqa: S608  # a constant of this module
        list(project_ids), handle, handle.isdigit(), int(handle) if handle.isdigit() and len(handle) < 19 else 0,
    )  # fmt: skip
    return [to_client(row) for row in rows]


async def get(connection: Connection, *, project_ids: Sequence[int], user_id: UUID) -> Client | None:
    """None also for one who was erased, or is out of reach."""
    row = await connection.fetchrow(
        f"""
        SELECT {COLUMNS} FROM users u
        WHERE u.project_id = ANY($1::smallint[]) AND u.id = $2 AND u.telegram_id IS NOT NULL
        """,  # noqa: S608  # the columns are a constant
        list(project_ids), user_id,
    )  # fmt: skip
    return to_client(row) if row else None


async def page(
    connection: Connection,
    *,
    project_ids: Sequence[int],
    filters: Filters,
    older_than: UUID | None = None,
    newer_than: UUID | None = None,
    limit: int,
) -> list[Client]:
    """Newcomers first, from a cursor on in either direction; always in the same order."""
    backwards = newer_than is not None
    rows = await connection.fetch(
        f"""
        SELECT {COLUMNS} FROM users u
        WHERE u.project_id = ANY($1::smallint[]) AND u.telegram_id IS NOT NULL
            AND ($2::text IS NULL OR u.state = $2) AND ($3::text IS NULL OR u.language = $3)
            AND ($4::uuid IS NULL OR u.id < $4) AND ($5::uuid IS NULL OR u.id > $5)
        ORDER BY u.id {"ASC" if backwards else "DESC"} LIMIT $6
        """,  # noqa: S608  # two constants
        list(project_ids), filters.state, filters.language, older_than, newer_than, limit,
    )  # fmt: skip
    clients = [to_client(row) for row in rows]
    return clients[::-1] if backwards else clients


async def count(connection: Connection, *, project_ids: Sequence[int], filters: Filters) -> int:
    found: int = await connection.fetchval(
        """
        SELECT count(*) FROM users
        WHERE project_id = ANY($1::smallint[]) AND telegram_id IS NOT NULL
            AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR language = $3)
        """,
        list(project_ids), filters.state, filters.language,
    )  # fmt: skip
    return found


async def details(connection: Connection, client: Client) -> Details:
    row = await connection.fetchrow(
        """
        SELECT
            count(*) FILTER (WHERE state = 'finished'), count(*) FILTER (WHERE rating = 'good'),
            count(*) FILTER (WHERE rating = 'bad'),
            COALESCE((SELECT balance - held FROM wallets
                WHERE project_id = $1 AND user_id = $2 AND unit = 'readings'), 0),
            COALESCE((SELECT balance - held FROM wallets
                WHERE project_id = $1 AND user_id = $2 AND unit = 'follow_ups'), 0),
            COALESCE(
                (SELECT phone FROM user_contacts WHERE project_id = $1 AND user_id = $2),
                (SELECT phone FROM leads WHERE project_id = $1 AND user_id = $2 ORDER BY created_at DESC LIMIT 1)
            ),
            CASE WHEN $3 THEN (
                SELECT details ->> 'reason' FROM audit_log
                WHERE project_id = $1 AND user_id = $2 AND action = 'user.block' ORDER BY id DESC LIMIT 1
            ) END
        FROM readings WHERE project_id = $1 AND user_id = $2
        """,
        client.project_id, client.id, client.state == "blocked",
    )  # fmt: skip
    assert row is not None  # noqa: S101  # an aggregate always has its row
    return Details(*row)
