"""Updates: read, kept once, and handed out again in order per chat."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from app.errors import ArcanaError
from app.kit import json
from app.kit.database import Connection
from app.kit.telemetry import redact
from app.telegram.metrics import RECEIVED

# Postgres tells the workers on it that something is due.
CHANNEL = "arcana_updates"
LARGEST_ID = 2**63 - 1


class MalformedUpdate(ArcanaError):
    status, code, detail = 400, "malformed_update", "This is not an update of the Bot API."


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update as it came, of the named kind. `chat_id` is its lane: the chat, or the person where there is no
    chat."""

    update_id: int
    chat_id: int | None
    payload: Any
    kind: str
    content: Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """An update and the bot that it is for; `project_id` is the tenant that the bot belongs to now."""

    project_id: int
    bot_id: int
    incoming: Incoming
    # Whoever keeps it works on it himself, until this lease ends.
    lease: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """An update that this process works on now; `attempt` proves it when the outcome is written.

    `reply` is what a former attempt has committed and may not have sent: its handler must not run again.
    """

    project_id: int
    bot_id: int
    update_id: int
    chat_id: int | None
    payload: dict[str, Any]
    attempt: int
    failures: int
    received_at: datetime
    reply: dict[str, Any] | None


def read(body: bytes) -> Incoming:
    """Checks just enough to store and route it. Raises `MalformedUpdate`."""
    try:
        update = json.loads(body)
    except ValueError as error:
        raise MalformedUpdate("The body is not JSON.") from error
    # Postgres keeps no NUL in text; Telegram never sends one.
    if b"\\u0000" in body:
        raise MalformedUpdate("The update contains a NUL character.")
    # The body is good JSON and goes into the row as it came, without being written anew.
    return inspect(update, payload=orjson.Fragment(body))


def inspect(update: Any, *, payload: Any = None) -> Incoming:
    """As `read`, for an update that is already decoded."""
    update_id: Any = update.get("update_id") if isinstance(update, dict) else None
    if not _is_id(update_id) or update_id < 0:
        raise MalformedUpdate("update_id is missing or not a number.")
    kind, content = next(((name, value) for name, value in update.items() if name != "update_id"), ("", None))
    return Incoming(update_id, _lane(content), update if payload is None else payload, kind, content)


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


async def keep_all(connection: Connection, arrivals: Sequence[Arrival], *, transport: str) -> list[bool]:
    """Stores updates and wakes the workers, in one statement; false for what had been kept before."""
    order = sorted(range(len(arrivals)), key=lambda place: _identity(arrivals[place]))
    rows = [arrivals[place] for place in order]
    added = await connection.fetch(
        # In the order of the keys, so that two processes that keep the same never wait for each other.
        f"""
        WITH added AS (
            INSERT INTO telegram_updates
                (bot_id, update_id, project_id, chat_id, payload, leased_until, attempts)
            SELECT bot_id, update_id, project_id, chat_id, payload, now() + lease, (lease IS NOT NULL)::int
            FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::jsonb[], $6::interval[])
                AS came (bot_id, update_id, project_id, chat_id, payload, lease)
            ON CONFLICT (bot_id, update_id) DO NOTHING RETURNING bot_id, update_id
        )
        SELECT bot_id, update_id, (SELECT pg_notify('{CHANNEL}', '')::text) FROM added
        """,  # noqa: S608  # a constant
        [row.bot_id for row in rows],
        [row.incoming.update_id for row in rows],
        [row.project_id for row in rows],
        [row.incoming.chat_id for row in rows],
        [row.incoming.payload for row in rows],
        [row.lease for row in rows],
    )
    fresh = {(row[0], row[1]) for row in added}
    outcomes = [False] * len(arrivals)
    for place in order:
        identity = _identity(arrivals[place])
        if identity in fresh:
            # The same update twice in one batch is kept once.
            fresh.discard(identity)
            outcomes[place] = True
    kept = sum(outcomes)
    RECEIVED.labels(transport, "kept").inc(kept)
    RECEIVED.labels(transport, "repeated").inc(len(outcomes) - kept)
    return outcomes


def _identity(arrival: Arrival) -> tuple[int, int]:
    return arrival.bot_id, arrival.incoming.update_id


async def keep(connection: Connection, *, project_id: int, bot_id: int, incoming: Incoming, transport: str) -> bool:
    """Stores one update in the caller's transaction; false if it had been kept before."""
    (kept,) = await keep_all(connection, [Arrival(project_id, bot_id, incoming)], transport=transport)
    return kept


# The oldest pending update of each lane, if it is due and nobody works on it: that keeps the order. A lease that ran
# out means that its process died, which counts as a failure, so that no update can kill workers for ever.
CLAIM = """
    UPDATE telegram_updates AS row
    SET attempts = attempts + 1, failures = failures + (leased_until IS NOT NULL)::int, leased_until = now() + $1
    FROM (
        SELECT bot_id, update_id FROM telegram_updates AS head
        WHERE state = 'pending' AND next_attempt_at <= now() AND (leased_until IS NULL OR leased_until < now())
            AND {which}
            AND (chat_id IS NULL OR update_id = (
                SELECT update_id FROM telegram_updates AS lane
                WHERE lane.bot_id = head.bot_id AND lane.chat_id = head.chat_id AND lane.project_id = head.project_id
                    AND lane.state = 'pending'
                ORDER BY lane.update_id LIMIT 1
            ))
        ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ) AS due
    WHERE row.bot_id = due.bot_id AND row.update_id = due.update_id
    RETURNING project_id, row.bot_id, row.update_id, chat_id, payload, attempts, failures, received_at, reply
"""
CLAIM_DUE = CLAIM.format(which="bot_id <> ALL($3::bigint[])")
CLAIM_LANE = CLAIM.format(
    which="bot_id = $3 AND project_id = $4 AND (chat_id = $5 OR ($5::bigint IS NULL AND update_id = $6))"
)


async def claim_due(
    connection: Connection, *, limit: int, lease: timedelta, resting: Collection[int] = ()
) -> list[Claimed]:
    """Takes the first update of up to `limit` lanes, whichever project's; none of the bots in `resting`."""
    return [Claimed(*row) for row in await connection.fetch(CLAIM_DUE, lease, limit, list(resting))]


class UpdateRepository:
    """`project_id` is the tenant that the bot belonged to when the update came."""

    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def claim(self, bot_id: int, *, chat_id: int | None, update_id: int, lease: timedelta) -> Claimed | None:
        """Takes the oldest pending update of one lane; None if there is none, or it is taken, or not yet due."""
        row = await self._connection.fetchrow(CLAIM_LANE, lease, 1, bot_id, self._project_id, chat_id, update_id)
        return Claimed(*row) if row else None

    async def commit_reply(self, claimed: Claimed, reply: dict[str, Any]) -> bool:
        """In the handler's own transaction: its work is done, the reply is still to be sent. False if the lease was
        lost to another process; then the transaction must be rolled back."""
        return await self._close(claimed, "reply = $5", reply)

    async def finish(self, claimed: Claimed, *, note: str | None = None) -> bool:
        change = "state = 'done', done_at = now(), leased_until = NULL, reply = NULL, error = $5"
        return await self._close(claimed, change, note)

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
            f"UPDATE telegram_updates SET {change} WHERE bot_id = $1 AND update_id = $2 AND project_id = $3"  # noqa: S608  # a constant, as said above
            " AND state = 'pending' AND attempts = $4",
            claimed.bot_id, claimed.update_id, self._project_id, claimed.attempt, *values,
        )  # fmt: skip
        return bool(outcome == "UPDATE 1")


async def finish_all(connection: Connection, finished: Sequence[tuple[Claimed, str | None]]) -> list[bool]:
    """`finish` of many, each with its note; false for those whose lease was lost to another process."""
    rows = await connection.fetch(
        """
        UPDATE telegram_updates AS row
        SET state = 'done', done_at = now(), leased_until = NULL, reply = NULL, error = done.note
        FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::int[], $5::text[])
            AS done (bot_id, update_id, project_id, attempt, note)
        WHERE row.bot_id = done.bot_id AND row.update_id = done.update_id AND row.project_id = done.project_id
            AND row.state = 'pending' AND row.attempts = done.attempt
        RETURNING row.bot_id, row.update_id
        """,
        *_columns([claimed for claimed, _ in finished]),
        [note for _, note in finished],
    )
    closed = {(row[0], row[1]) for row in rows}
    return [(claimed.bot_id, claimed.update_id) in closed for claimed, _ in finished]


async def renew_all(connection: Connection, held: Sequence[Claimed], *, lease: timedelta) -> None:
    """Holds on to updates that are being worked on; those that were lost stay lost."""
    await connection.execute(
        """
        UPDATE telegram_updates AS row SET leased_until = now() + $5
        FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::int[])
            AS held (bot_id, update_id, project_id, attempt)
        WHERE row.bot_id = held.bot_id AND row.update_id = held.update_id AND row.project_id = held.project_id
            AND row.state = 'pending' AND row.attempts = held.attempt
        """,
        *_columns(held),
        lease,
    )


def _columns(claimed: Sequence[Claimed]) -> tuple[list[int], list[int], list[int], list[int]]:
    return (
        [one.bot_id for one in claimed],
        [one.update_id for one in claimed],
        [one.project_id for one in claimed],
        [one.attempt for one in claimed],
    )


async def tell_workers(connection: Connection) -> None:
    """Something is due that was not before; heard when the caller's transaction commits."""
    await connection.execute("SELECT pg_notify($1, '')", CHANNEL)


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
