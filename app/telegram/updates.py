"""Updates: read, kept once, and handed out again in order per chat."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.errors import ArcanaError
from app.kit import json
from app.kit.database import Connection
from app.kit.telemetry import redact
from app.telegram.metrics import RECEIVED
from app.worker.port import enqueue

JOB = "telegram.update"
LARGEST_ID = 2**63 - 1


class MalformedUpdate(ArcanaError):
    status, code, detail = 400, "malformed_update", "This is not an update of the Bot API."


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update as it came. `chat_id` is its lane: the chat, or the person where there is no chat."""

    update_id: int
    chat_id: int | None
    payload: Any


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update that this process works on now; `attempt` proves it when the outcome is written."""

    bot_id: int
    update_id: int
    chat_id: int | None
    payload: dict[str, Any]
    attempt: int
    failures: int
    received_at: datetime


def read(body: bytes) -> Incoming:
    """Checks just enough to store and route it. Raises `MalformedUpdate`."""
    try:
        update = json.loads(body)
    except ValueError as error:
        raise MalformedUpdate("The body is not JSON.") from error
    # Postgres keeps no NUL in text; Telegram never sends one.
    if b"\\u0000" in body:
        raise MalformedUpdate("The update contains a NUL character.")
    incoming = inspect(update)
    # The body is good JSON and goes into the row as it came, without being written anew.
    return Incoming(incoming.update_id, incoming.chat_id, orjson.Fragment(body))


def inspect(update: Any) -> Incoming:
    """As `read`, for an update that is already decoded."""
    update_id: Any = update.get("update_id") if isinstance(update, dict) else None
    if not _is_id(update_id) or update_id < 0:
        raise MalformedUpdate("update_id is missing or not a number.")
    content: Any = next((value for name, value in update.items() if name != "update_id"), None)
    return Incoming(update_id, _lane(content), update)


def _is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_ID


def _lane(content: Any) -> int | None:
    if not isinstance(content, dict):
        return None
    message = content.get("message")
    sources = (content.get("chat"), message.get("chat") if isinstance(message, dict) else None)
    for source in (*sources, content.get("from"), content.get("user")):
        if isinstance(source, dict) and _is_id(source.get("id")):
            return int(source["id"])
    return None


class UpdateRepository:
    """`project_id` is the tenant that the bot belonged to when the update came."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, bot_id: int, incoming: Incoming) -> bool:
        """False if it was kept before."""
        added = await self._connection.fetchval(
            """
            INSERT INTO telegram_updates (bot_id, update_id, project_id, chat_id, payload)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (bot_id, update_id) DO NOTHING RETURNING true
            """,
            bot_id, incoming.update_id, self._project_id, incoming.chat_id, incoming.payload,
        )  # fmt: skip
        return bool(added)

    async def claim(self, bot_id: int, *, chat_id: int | None, update_id: int, lease: timedelta) -> Claimed | None:
        """Takes the oldest pending update of the lane; None if there is none, or it is taken, or not yet due.

        Only the oldest one can be taken, and only by one process: that keeps the order. A lease that ran out
        means that its process died, which counts as a failure, so that no update can kill workers for ever.
        """
        row = await self._connection.fetchrow(
            """
            UPDATE telegram_updates
            SET attempts = attempts + 1, failures = failures + (leased_until IS NOT NULL)::int,
                leased_until = now() + $5
            WHERE bot_id = $1 AND project_id = $2 AND state = 'pending' AND next_attempt_at <= now()
                AND (leased_until IS NULL OR leased_until < now())
                AND update_id = CASE WHEN $3::bigint IS NULL THEN $4 ELSE (
                    SELECT update_id FROM telegram_updates
                    WHERE bot_id = $1 AND project_id = $2 AND chat_id = $3 AND state = 'pending'
                    ORDER BY update_id LIMIT 1
                ) END
            RETURNING bot_id, update_id, chat_id, payload, attempts, failures, received_at
            """,
            bot_id, self._project_id, chat_id, update_id, lease,
        )  # fmt: skip
        return Claimed(*row) if row else None

    async def renew(self, claimed: Claimed, *, lease: timedelta) -> bool:
        """False if the lease was lost to another process."""
        return await self._close(claimed, "leased_until = now() + $5", lease)

    async def finish(self, claimed: Claimed, *, note: str | None = None) -> bool:
        return await self._close(claimed, "state = 'done', done_at = now(), leased_until = NULL, error = $5", note)

    async def put_aside(self, claimed: Claimed, *, error: str) -> bool:
        """It is not tried again; the next one of the chat gets its turn."""
        return await self._close(
            claimed, "state = 'failed', done_at = now(), leased_until = NULL, error = $5", shorten(error)
        )

    async def try_again(self, claimed: Claimed, *, after: timedelta, failed: bool, error: str | None) -> bool:
        """The chat's later updates wait for it. `failed` says that it was the update's own fault."""
        return await self._close(
            claimed,
            "leased_until = NULL, next_attempt_at = now() + $5, failures = failures + $6, error = $7",
            after, int(failed), error and shorten(error),
        )  # fmt: skip

    async def _close(self, claimed: Claimed, change: str, *values: Any) -> bool:
        # `change` is one of the constants above.
        outcome = await self._connection.execute(
            f"UPDATE telegram_updates SET {change} WHERE bot_id = $1 AND update_id = $2 AND project_id = $3"  # noqa: S608
            " AND state = 'pending' AND attempts = $4",
            claimed.bot_id, claimed.update_id, self._project_id, claimed.attempt, *values,
        )  # fmt: skip
        return bool(outcome == "UPDATE 1")


async def keep(connection: Connection, *, project_id: int, bot_id: int, incoming: Incoming, transport: str) -> bool:
    """Stores the update and its job in the caller's transaction; false if it had been kept before."""
    added = await UpdateRepository(connection, project_id).add(bot_id, incoming)
    if added:
        payload = job_payload(project_id, bot_id, incoming.chat_id, incoming.update_id)
        await enqueue(connection, JOB, payload)
    RECEIVED.labels(transport, "kept" if added else "repeated").inc()
    return added


def job_payload(project_id: int, bot_id: int, chat_id: int | None, update_id: int) -> dict[str, Any]:
    return {"project": project_id, "bot": bot_id, "chat": chat_id, "update": update_id}


async def enqueue_stranded(connection: Connection, *, grace: timedelta, limit: int = 500) -> int:
    """Makes jobs for updates whose own job was lost or whose worker died; the number of jobs made."""
    rows = await connection.fetch(
        """
        SELECT project_id, bot_id, chat_id, update_id FROM telegram_updates AS stranded
        WHERE state = 'pending' AND next_attempt_at < now() - $1::interval
            AND (leased_until IS NULL OR leased_until < now())
            AND NOT EXISTS (
                SELECT FROM telegram_updates AS older
                WHERE older.bot_id = stranded.bot_id AND older.chat_id = stranded.chat_id
                    AND older.project_id = stranded.project_id AND older.state = 'pending'
                    AND older.update_id < stranded.update_id
            )
        ORDER BY next_attempt_at LIMIT $2
        """,
        grace, limit,
    )  # fmt: skip
    made = 0
    for row in rows:
        name = f"{JOB}:{row['bot_id']}:{row['update_id']}"
        made += await enqueue(connection, JOB, job_payload(*row), dedupe_key=name)
    return made


async def prune(connection: Connection, *, older_than: timedelta, batch: int = 5000) -> int:
    """Forgets updates that came longer ago and are not pending; the number of rows gone."""
    outcome: str = await connection.execute(
        """
        DELETE FROM telegram_updates WHERE (bot_id, update_id) IN (
            SELECT bot_id, update_id FROM telegram_updates
            WHERE received_at < now() - $1::interval AND state <> 'pending' LIMIT $2
        )
        """,
        older_than, batch,
    )  # fmt: skip
    return int(outcome.removeprefix("DELETE "))


def shorten(error: str) -> str:
    """An error as it may be kept: short and without secrets."""
    return redact(error)[:500].replace("\x00", "")
