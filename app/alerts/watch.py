"""What the processes look at: each at what it can reach, one of them at the state of the whole installation."""

import asyncio
import time
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import asyncpg

from app.alerts.ledger import Pace
from app.catalogue.repository import CatalogueRepository
from app.container import Container
from app.errors import Unavailable
from app.kit.database import Connection
from app.kit.redis import REDIS_LOST
from app.settings import Settings

PROBE_SECONDS = 2.0
# A condition's name, and what is known of it while it is broken; None while it is well.
Signs = dict[str, dict[str, object] | None]


async def in_time(probe: Coroutine[Any, Any, bool]) -> bool:
    """False when it takes too long. It is left behind then: with a frozen server even the cancelling takes seconds."""
    task = asyncio.ensure_future(probe)
    done, _ = await asyncio.wait({task}, timeout=PROBE_SECONDS)
    if done:
        return task.result()
    task.cancel()
    return False


class Reach:
    """What this process itself can reach. A part is broken when it has been away for as long as the patience lasts."""

    def __init__(self, services: Container, pace: Pace) -> None:
        self._services = services
        self._pace = pace
        self._well_at = {"database": time.monotonic(), "redis": time.monotonic()}

    async def look(self) -> tuple[Signs, bool]:
        """(signs, whether the database answered just now); a part that has just gone away is in no sign yet."""
        database, redis = await asyncio.gather(in_time(self._database()), in_time(self._redis()))
        signs: Signs = {}
        now = time.monotonic()
        for name, is_up in (("database", database), ("redis", redis)):
            if is_up:
                self._well_at[name] = now
                signs[name] = None
            elif now - self._well_at[name] >= self._pace.patience:
                signs[name] = {}
        return signs, database

    async def _database(self) -> bool:
        try:
            async with self._services.database.connection() as connection:
                return bool(await connection.fetchval("SELECT true"))
        except (Unavailable, asyncpg.PostgresError):
            return False

    async def _redis(self) -> bool:
        try:
            return bool(await self._services.redis.ping())
        except REDIS_LOST:
            return False


async def claim_look(connection: Connection, name: str, pace: Pace) -> bool:
    """True for one process a tick."""
    claimed = await connection.fetchval(
        """
        INSERT INTO beats (name, tick) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET tick = excluded.tick, beaten_at = now() WHERE beats.tick < excluded.tick
        RETURNING true
        """,
        name, int(time.time() / pace.tick),
    )  # fmt: skip
    return bool(claimed)


async def installation(connection: Connection, settings: Settings, pace: Pace, *, running_for: timedelta) -> Signs:
    """What an API process that has run for so long sees of the others."""
    polled = settings.telegram_updates == "polling"
    return {
        **await _silent(connection, "worker", pace, running_for=running_for),
        **await _silent(connection, "polling", pace, running_for=running_for, expected=polled),
        "catalogue": await _catalogue(connection, settings, pace),
        "updates": await _updates(connection, pace),
        "queue": await _queue(connection, pace),
    }


async def api_alone(connection: Connection, pace: Pace, *, running_for: timedelta) -> Signs:
    """What a worker sees: whether any API process lives."""
    return await _silent(connection, "api", pace, running_for=running_for)


async def _silent(
    connection: Connection, kind: str, pace: Pace, *, running_for: timedelta, expected: bool = True
) -> Signs:
    """A kind that has never run here is a matter for the doctor, not for the night.

    Whoever has just started says nothing of a silence: the others may be starting with him after a night off.
    """
    silence: timedelta | None = await connection.fetchval(
        "SELECT now() - beaten_at FROM process_beats WHERE kind = $1", kind
    )
    if not expected or silence is None or silence < pace.dead_after:
        return {kind: None}
    return {kind: {"silent_seconds": round(silence.total_seconds())}} if running_for >= pace.dead_after else {}


async def _catalogue(connection: Connection, settings: Settings, pace: Pace) -> dict[str, object] | None:
    state = await CatalogueRepository(connection).serving()
    if state is None or state.source != "store":
        return None
    if state.alerted:
        return {"reason": state.failure or "refused"}
    allowed = pace.dead_after + timedelta(seconds=12 * settings.catalogue_poll_seconds)
    overdue = await connection.fetchval("SELECT $1::timestamptz < now() - $2::interval", state.checked_at, allowed)
    return {"asked_last": state.checked_at} if overdue else None


async def _updates(connection: Connection, pace: Pace) -> dict[str, object] | None:
    row = await connection.fetchrow(
        """
        SELECT count(*) AS count, count(DISTINCT bot_id) AS bots FROM telegram_updates
        WHERE state = 'failed' AND received_at > now() - interval '1 day' AND done_at > now() - $1::interval
        """,
        pace.quiet_after,
    )
    return {"updates": row["count"], "bots": row["bots"]} if row and row["count"] else None


async def _queue(connection: Connection, pace: Pace) -> dict[str, object] | None:
    """Jobs whose time came long ago, and updates that nothing before them in their chat holds up."""
    row = await connection.fetchrow(
        """
        WITH jobs AS (
            SELECT count(*) AS count, min(execute_after) AS oldest FROM pgqueuer
            WHERE status = 'queued' AND execute_after < now() - $1::interval
        ), updates AS (
            SELECT count(*) AS count, min(next_attempt_at) AS oldest FROM (
                SELECT bot_id, chat_id, update_id, next_attempt_at FROM telegram_updates
                WHERE state = 'pending' AND next_attempt_at < now() - $1::interval ORDER BY next_attempt_at LIMIT 1000
            ) late
            WHERE NOT EXISTS (
                SELECT FROM telegram_updates earlier
                WHERE earlier.bot_id = late.bot_id AND earlier.chat_id = late.chat_id AND earlier.state = 'pending'
                    AND earlier.update_id < late.update_id
            )
        )
        SELECT jobs.count AS jobs, updates.count AS updates,
            extract(epoch FROM now() - least(jobs.oldest, updates.oldest))::int AS oldest_seconds
        FROM jobs, updates
        """,
        2 * pace.dead_after,
    )
    return dict(row) if row and (row["jobs"] or row["updates"]) else None
