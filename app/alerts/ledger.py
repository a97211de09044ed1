"""Who tells what, and when: the first time, again at growing intervals while it goes on, and once when it is over.

Postgres decides for all processes together. While it is away each process decides for itself, and asks Redis whether
another one has told the same just now.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import asyncpg
from redis.asyncio import Redis

from app.alerts.causes import Cause, Occurrences
from app.kit.clock import utc_now
from app.kit.database import Connection, Database
from app.kit.redis import REDIS_LOST, key


@dataclass(frozen=True, slots=True)
class Pace:
    """All times follow from how long something may be away before anybody hears of it, in seconds."""

    patience: float = 30.0

    @property
    def tick(self) -> float:
        """From one look of the watch to the next, and from one sign of life to the next."""
        return self.patience / 3

    @property
    def dead_after(self) -> timedelta:
        """Without a sign of life for so long, all processes of a kind are gone."""
        return timedelta(seconds=2 * self.patience)

    @property
    def settled_after(self) -> timedelta:
        """Nobody has seen it broken for so long: a watched condition is well."""
        return timedelta(seconds=1.5 * self.tick)

    @property
    def quiet_after(self) -> timedelta:
        """An error that did not come again for so long is over."""
        return timedelta(seconds=20 * self.patience)

    def pause(self, told: int) -> timedelta:
        """How long nothing is told after so many tellings."""
        return timedelta(seconds=(10, 60, 240)[min(told, 3) - 1] * self.patience)


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to be sent by this process. `fresh`: how many came since the last telling, of `occurrences`."""

    kind: Literal["first", "again", "over"]
    cause: Cause
    occurrences: int
    fresh: int
    opened_at: datetime
    last_at: datetime
    first_request_id: str | None
    last_request_id: str | None


class SharedLedger:
    """In Postgres. Raises `Unavailable` when it is away."""

    def __init__(self, database: Database, pace: Pace) -> None:
        self._database = database
        self._pace = pace

    async def note(self, occurrences: Occurrences) -> Telling | None:
        """What is to be told now, if it is this process that shall tell it."""
        cause = occurrences.cause
        async with self._database.transaction() as connection:
            # The row stays locked to the end: of all processes that count at this moment, one finds it untold.
            row = await connection.fetchrow(
                """
                INSERT INTO alerts AS a (fingerprint, lasting, cause, occurrences, first_request_id, last_request_id)
                VALUES ($1, $2, $3, $4, $5, $6)
                ON CONFLICT (fingerprint) DO UPDATE SET
                    state = 'open', last_at = now(),
                    cause = CASE WHEN a.state = 'over' THEN excluded.cause ELSE a.cause END,
                    occurrences = excluded.occurrences + CASE WHEN a.state = 'open' THEN a.occurrences ELSE 0 END,
                    opened_at = CASE WHEN a.state = 'open' THEN a.opened_at ELSE now() END,
                    first_request_id = CASE WHEN a.state = 'open'
                        THEN COALESCE(a.first_request_id, excluded.first_request_id) ELSE excluded.first_request_id END,
                    last_request_id = COALESCE(
                        excluded.last_request_id, CASE WHEN a.state = 'open' THEN a.last_request_id END),
                    told = CASE WHEN a.state = 'open' THEN a.told ELSE 0 END,
                    told_occurrences = CASE WHEN a.state = 'open' THEN a.told_occurrences ELSE 0 END,
                    next_tell_at = CASE WHEN a.state = 'open' THEN a.next_tell_at ELSE now() END
                RETURNING *, next_tell_at <= now() AS due
                """,
                cause.fingerprint, cause.lasting, cause.body(), occurrences.count,
                occurrences.first_request_id, occurrences.last_request_id,
            )  # fmt: skip
            assert row is not None  # noqa: S101  # an upsert always returns its row
            if not row["due"]:
                return None
            await connection.execute(
                """
                UPDATE alerts SET told = told + 1, told_occurrences = occurrences, next_tell_at = now() + $2::interval
                WHERE fingerprint = $1
                """,
                cause.fingerprint, self._pace.pause(row["told"] + 1),
            )  # fmt: skip
        return _telling(row, "again" if row["told"] else "first")

    async def end(self, fingerprints: Sequence[str], *, at_once: bool = False) -> list[Telling]:
        """These conditions are well: what was open and has not been seen broken by anybody lately is over."""
        settled = timedelta(0) if at_once else self._pace.settled_after
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """
                UPDATE alerts SET state = 'over'
                WHERE fingerprint = ANY($1::text[]) AND state = 'open' AND last_at <= now() - $2::interval RETURNING *
                """,
                list(fingerprints), settled,
            )  # fmt: skip
        return [_telling(row, "over") for row in rows]

    async def sweep(self) -> list[Telling]:
        """Errors that have not come for a while are over."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(
                """
                UPDATE alerts SET state = 'over'
                WHERE state = 'open' AND NOT lasting AND last_at < now() - $1::interval RETURNING *
                """,
                self._pace.quiet_after,
            )
            await connection.execute("DELETE FROM alerts WHERE state = 'over' AND last_at < now() - interval '30 days'")
        return [_telling(row, "over") for row in rows]


def _telling(row: asyncpg.Record, kind: Literal["first", "again", "over"]) -> Telling:
    return Telling(
        kind,
        Cause.of(row["cause"]),
        row["occurrences"],
        row["occurrences"] - row["told_occurrences"],
        row["opened_at"],
        row["last_at"],
        row["first_request_id"],
        row["last_request_id"],
    )


@dataclass(slots=True)
class _Open:
    occurrences: Occurrences
    opened_at: datetime
    last_at: datetime
    told: int = 0
    told_count: int = 0
    next_tell_at: float = field(default=0.0)


class LocalLedger:
    """The same in this process alone, for when Postgres is what failed."""

    def __init__(self, redis: Redis, pace: Pace) -> None:
        self._redis = redis
        self._pace = pace
        self._open: dict[str, _Open] = {}

    def __contains__(self, fingerprint: str) -> bool:
        """Something that was begun here is ended here."""
        return fingerprint in self._open

    async def note(self, occurrences: Occurrences) -> Telling | None:
        fingerprint = occurrences.cause.fingerprint
        known = self._open.get(fingerprint)
        if known is None:
            known = self._open[fingerprint] = _Open(occurrences, utc_now(), utc_now())
        else:
            known.occurrences.count += occurrences.count
            known.occurrences.last_request_id = occurrences.last_request_id or known.occurrences.last_request_id
            known.last_at = utc_now()
        if known.next_tell_at > time.monotonic():
            return None
        kind: Literal["first", "again"] = "again" if known.told else "first"
        telling = self._telling(known, kind)
        known.told += 1
        known.told_count = known.occurrences.count
        known.next_tell_at = time.monotonic() + self._pace.pause(known.told).total_seconds()
        return telling if await self._is_mine(fingerprint, f"{kind}:{known.told}") else None

    async def end(self, fingerprints: Sequence[str]) -> list[Telling]:
        ended = []
        for fingerprint in fingerprints:
            known = self._open.pop(fingerprint, None)
            if known is not None and await self._is_mine(fingerprint, "over"):
                ended.append(self._telling(known, "over"))
        return ended

    async def sweep(self) -> list[Telling]:
        long_ago = utc_now() - self._pace.quiet_after
        return await self.end(
            [
                fingerprint
                for fingerprint, known in self._open.items()
                if not known.occurrences.cause.lasting and known.last_at < long_ago
            ]
        )

    def _telling(self, known: _Open, kind: Literal["first", "again", "over"]) -> Telling:
        occurrences = known.occurrences
        return Telling(
            kind,
            occurrences.cause,
            occurrences.count,
            occurrences.count - known.told_count,
            known.opened_at,
            known.last_at,
            occurrences.first_request_id,
            occurrences.last_request_id,
        )

    async def _is_mine(self, fingerprint: str, what: str) -> bool:
        """False if another process has told the same a moment ago; without Redis everybody tells for himself."""
        try:
            first = await self._redis.set(
                key("alerts", fingerprint, what), 1, nx=True, px=int(self._pace.patience * 2000)
            )
        except REDIS_LOST:
            return True
        return bool(first)


async def beat(connection: Connection, kind: str) -> None:
    """A sign of life of one kind of process."""
    await connection.execute(
        """
        INSERT INTO process_beats (kind) VALUES ($1) ON CONFLICT (kind) DO UPDATE SET beaten_at = now()
        """,
        kind,
    )
