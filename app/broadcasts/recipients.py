"""SQL of recipients: taken down once, leased in batches, settled in batches. The run's counters change with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from app.broadcasts import segments, wishes
from app.broadcasts.repository import Broadcast
from app.kit.database import Connection

# Telegram deletes nothing older.
DELETABLE = timedelta(hours=48)
# A statement over everybody; no request waits for it.
STATEMENT_SECONDS = 900.0

Settled = Literal["sent", "gone", "failed", "uncertain", "skipped", "pending"]


@dataclass(frozen=True, slots=True)
class Recipient:
    """A leased one; `lease` tells this lease from any other. `message_id` is what an edit or a deletion is about."""

    user_id: UUID
    telegram_id: int
    language: str
    message_id: int | None
    lease: datetime


@dataclass(frozen=True, slots=True)
class Result:
    """`pending`: it surely was not sent, and is due again at `at`. Otherwise `at` is when Telegram answered."""

    recipient: Recipient
    state: Settled
    at: datetime
    message_id: int | None = None
    error: str | None = None


class RecipientRepository:
    """Recipients of one run."""

    def __init__(self, connection: Connection, project_id: int, broadcast_id: UUID, run: int) -> None:
        self._connection = connection
        self._project_id = project_id
        self._key = (broadcast_id, run)

    async def take_down(self, broadcast: Broadcast, *, bot_id: int, fallback: str) -> int:
        """Everybody of the segment who may be written to, with his version and his time; how many.

        A local time is everyone's own. Whoever would be in his quiet hours waits for their end, and whoever would
        have to wait longer than the broadcast allows is skipped.
        """
        where, values = segments.conditions(broadcast.segment, first=9)
        moment = "now()"
        if broadcast.local_time is not None:
            moment = "greatest(now(), zone_instant($7::text::timestamp, u.timezone))"
        await self._connection.execute(
            f"""
            WITH meant AS MATERIALIZED (
                SELECT u.id, u.telegram_id,
                    CASE WHEN u.language = ANY($5::text[]) THEN u.language ELSE $6 END AS language,
                    {wishes.quiet_ends(moment)} AS send_at, {moment} + $8::int * interval '1 hour' AS send_until
                FROM users u {wishes.QUIET_JOIN} WHERE {where} AND ($7::text IS NULL OR true)
            )
            INSERT INTO broadcast_recipients
                (broadcast_id, run, user_id, project_id, telegram_id, language, send_at, send_until, state, error)
            SELECT $3, $4, id, $1, telegram_id, language, send_at, send_until,
                CASE WHEN send_at > send_until THEN 'skipped' ELSE 'pending' END,
                CASE WHEN send_at > send_until THEN 'quiet for too long' END
            FROM meant
            """,  # noqa: S608  # conditions of the segments' table, values as parameters
            self._project_id, bot_id, *self._key, list(broadcast.content), fallback, broadcast.local_time,
            broadcast.quiet_wait_hours, *values,
            timeout=STATEMENT_SECONDS,
        )  # fmt: skip
        return await self._count()

    async def take_over(self, *, deleting: bool) -> int:
        """Everybody who got the message of run 0 and still has it; how many. What is too old for it is not deleted."""
        await self._connection.execute(
            """
            INSERT INTO broadcast_recipients
                (broadcast_id, run, user_id, project_id, telegram_id, language, send_at, message_id, state, error)
            SELECT r.broadcast_id, $3, r.user_id, r.project_id, r.telegram_id, r.language, now(), r.message_id,
                CASE WHEN $4 AND r.settled_at < now() - $5::interval THEN 'skipped' ELSE 'pending' END,
                CASE WHEN $4 AND r.settled_at < now() - $5::interval THEN 'older than 48 hours' END
            FROM broadcast_recipients r
            WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = 0 AND r.state = 'sent'
                AND r.telegram_id IS NOT NULL AND r.message_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM broadcast_recipients d JOIN broadcast_runs n USING (broadcast_id, run)
                    WHERE d.broadcast_id = $2 AND d.user_id = r.user_id AND n.kind = 'delete' AND d.state = 'sent'
                )
            """,
            self._project_id, *self._key, deleting, DELETABLE,
            timeout=STATEMENT_SECONDS,
        )  # fmt: skip
        return await self._count()

    async def _count(self) -> int:
        # Until autovacuum looks, Postgres takes a hundred thousand new rows for none, and leases take seconds.
        await self._connection.execute("ANALYZE broadcast_recipients", timeout=STATEMENT_SECONDS)
        total: int = await self._connection.fetchval(
            """
            UPDATE broadcast_runs n SET started_at = now(), total = c.total, skipped = c.skipped FROM (
                SELECT count(*) AS total, count(*) FILTER (WHERE state = 'skipped') AS skipped
                FROM broadcast_recipients WHERE project_id = $1 AND broadcast_id = $2 AND run = $3
            ) c
            WHERE n.project_id = $1 AND n.broadcast_id = $2 AND n.run = $3 RETURNING n.total
            """,
            self._project_id, *self._key,
            timeout=STATEMENT_SECONDS,
        )  # fmt: skip
        return total

    async def lease(self, *, bot_id: int, limit: int, lease: timedelta, sending: bool) -> list[Recipient]:
        """The next who are due, `sending` to this process; commit before anything is called.

        For a broadcast that is being sent (`sending`) everybody is looked at again: whoever left, was shut out,
        switched news off or has been waiting too long is skipped; whoever is in his quiet hours waits for their end.
        """
        # By their places (they are locked), and person by person: else the planner reads both tables whole for a batch.
        look = (
            f"""
            SELECT p.place,
                CASE
                    WHEN p.telegram_id IS NULL OR u.state <> 'active' THEN 'not here any more'
                    WHEN EXISTS (
                        SELECT FROM telegram_departures d WHERE d.bot_id = $4 AND d.chat_id = p.telegram_id
                    ) THEN 'left the bot'
                    WHEN NOT ({wishes.NEWS_WANTED}) THEN 'switched news off'
                    WHEN {wishes.quiet_ends("now()")} > greatest(p.send_until, now()) THEN 'quiet for too long'
                END AS obstacle,
                {wishes.quiet_ends("now()")} AS quiet_ends
            FROM picked p CROSS JOIN LATERAL (
                SELECT * FROM users WHERE users.project_id = $1 AND users.id = p.user_id OFFSET 0
            ) u {wishes.QUIET_JOIN}
            """  # noqa: S608  # conditions of this package
            if sending
            else """
            SELECT p.place, CASE WHEN p.telegram_id IS NULL THEN 'not here any more' END AS obstacle,
                now() AS quiet_ends
            FROM picked p WHERE $4::bigint IS NOT NULL
            """
        )
        rows = await self._connection.fetch(
            f"""
            WITH picked AS MATERIALIZED (
                SELECT r.ctid AS place, r.user_id, r.telegram_id, r.send_until FROM broadcast_recipients r
                WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = $3 AND r.state = 'pending'
                    AND r.send_at <= now() AND EXISTS (
                        SELECT FROM broadcasts b
                        WHERE b.project_id = $1 AND b.id = $2 AND b.run = $3 AND b.state = 'sending'
                    )
                ORDER BY r.send_at LIMIT $5 FOR UPDATE SKIP LOCKED
            ), looked AS MATERIALIZED ({look}), leased AS (
                UPDATE broadcast_recipients r SET
                    state = CASE
                        WHEN l.obstacle IS NOT NULL THEN 'skipped' WHEN l.quiet_ends > now() THEN 'pending'
                        ELSE 'sending'
                    END,
                    send_at = greatest(r.send_at, l.quiet_ends),
                    error = l.obstacle,
                    settled_at = CASE WHEN l.obstacle IS NOT NULL THEN now() END,
                    lease_until = CASE
                        WHEN l.obstacle IS NULL AND l.quiet_ends <= now() THEN now() + $6::interval
                    END
                FROM looked l
                WHERE r.ctid = ANY(ARRAY(SELECT place FROM looked)) AND r.ctid = l.place
                    AND r.project_id = $1 AND r.broadcast_id = $2 AND r.run = $3
                RETURNING r.user_id, r.telegram_id, r.language, r.message_id, r.lease_until, r.state
            ), counted AS (
                UPDATE broadcast_runs n SET skipped = n.skipped + s.skipped
                FROM (SELECT count(*) AS skipped FROM leased WHERE state = 'skipped') s
                WHERE n.project_id = $1 AND n.broadcast_id = $2 AND n.run = $3 AND s.skipped > 0
            )
            SELECT user_id, telegram_id, language, message_id, lease_until FROM leased WHERE state = 'sending'
            """,  # noqa: S608  # conditions of this package, values as parameters
            self._project_id, *self._key, bot_id, limit, lease,
        )  # fmt: skip
        return [Recipient(*row) for row in rows]

    async def settle(self, results: Sequence[Result]) -> None:
        """Writes what became of leased recipients, in one statement.

        What another process has meanwhile declared uncertain becomes what it really is; it is never pending again.
        Nobody but the holder of the lease makes a row pending: else a repeated statement could undo the next lease.
        """
        await self._connection.execute(
            """
            WITH told AS (
                SELECT * FROM unnest(
                    $4::uuid[], $5::text[], $6::timestamptz[], $7::bigint[], $8::text[], $9::timestamptz[]
                ) AS t (user_id, state, at, message_id, error, lease)
            ), before AS MATERIALIZED (
                SELECT r.user_id, r.state FROM broadcast_recipients r JOIN told t USING (user_id)
                WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = $3
                    AND (
                        r.state = 'sending' AND (t.state <> 'pending' OR r.lease_until = t.lease)
                        OR r.state = 'uncertain' AND t.state NOT IN ('pending', 'uncertain')
                    )
                FOR UPDATE OF r
            ), changed AS (
                UPDATE broadcast_recipients r SET
                    state = t.state, lease_until = NULL, error = t.error,
                    message_id = COALESCE(t.message_id, r.message_id),
                    send_at = CASE WHEN t.state = 'pending' THEN t.at ELSE r.send_at END,
                    settled_at = CASE WHEN t.state = 'pending' THEN NULL ELSE t.at END
                FROM told t JOIN before b USING (user_id)
                WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = $3 AND r.user_id = t.user_id
                RETURNING t.state AS state, b.state AS former
            ), counts AS (
                SELECT count(*) FILTER (WHERE state = 'sent') AS sent, count(*) FILTER (WHERE state = 'gone') AS gone,
                    count(*) FILTER (WHERE state = 'failed') AS failed,
                    count(*) FILTER (WHERE state = 'skipped') AS skipped,
                    count(*) FILTER (WHERE state = 'uncertain') - count(*) FILTER (WHERE former = 'uncertain')
                        AS uncertain
                FROM changed
            )
            UPDATE broadcast_runs n SET sent = n.sent + c.sent, gone = n.gone + c.gone, failed = n.failed + c.failed,
                skipped = n.skipped + c.skipped, uncertain = n.uncertain + c.uncertain
            FROM counts c WHERE n.project_id = $1 AND n.broadcast_id = $2 AND n.run = $3
            """,
            self._project_id, *self._key,
            [result.recipient.user_id for result in results], [result.state for result in results],
            [result.at for result in results], [result.message_id for result in results],
            [result.error for result in results], [result.recipient.lease for result in results],
        )  # fmt: skip

    async def note_departures(self, bot_id: int, results: Sequence[Result]) -> None:
        """Chats of which Telegram said 403; the first time counts."""
        await self._connection.execute(
            """
            INSERT INTO telegram_departures (bot_id, chat_id, project_id, reason)
            SELECT DISTINCT ON (chat_id) $1::bigint, chat_id, $2::smallint, left(reason, 200)
            FROM unnest($3::bigint[], $4::text[]) AS t (chat_id, reason)
            ON CONFLICT (bot_id, chat_id) DO NOTHING
            """,
            bot_id, self._project_id,
            [result.recipient.telegram_id for result in results], [result.error or "" for result in results],
        )  # fmt: skip

    async def skip_pending(self, reason: str) -> int:
        """Of a run that was cancelled; what is leased ends. How many."""
        skipped: int = await self._connection.fetchval(
            """
            WITH skipped AS (
                UPDATE broadcast_recipients SET state = 'skipped', error = $4, settled_at = now()
                WHERE project_id = $1 AND broadcast_id = $2 AND run = $3 AND state = 'pending' RETURNING 1
            ), counted AS (SELECT count(*) AS skipped FROM skipped)
            UPDATE broadcast_runs n SET skipped = n.skipped + c.skipped FROM counted c
            WHERE n.project_id = $1 AND n.broadcast_id = $2 AND n.run = $3 RETURNING c.skipped
            """,
            self._project_id, *self._key, reason,
            timeout=STATEMENT_SECONDS,
        )  # fmt: skip
        return skipped

    async def page(self, *, state: str | None, after: UUID | None, limit: int) -> list[dict[str, Any]]:
        rows = await self._connection.fetch(
            """
            SELECT user_id, telegram_id, language, state, send_at, message_id, error, settled_at, opened_at
            FROM broadcast_recipients
            WHERE project_id = $1 AND broadcast_id = $2 AND run = $3
                AND ($4::text IS NULL OR state = $4) AND ($5::uuid IS NULL OR user_id > $5)
            ORDER BY user_id LIMIT $6
            """,
            self._project_id, *self._key, state, after, limit,
        )  # fmt: skip
        return [dict(row) for row in rows]


async def count(connection: Connection, *, project_id: int, bot_id: int, segment: dict[str, Any]) -> dict[str, int]:
    """How many people a segment means now, by language."""
    where, values = segments.conditions(segment, first=3)
    rows = await connection.fetch(
        f"SELECT u.language, count(*) FROM users u WHERE {where} GROUP BY 1 ORDER BY 1",  # noqa: S608  # as above
        project_id, bot_id, *values,
        timeout=60,
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}


async def declare_uncertain(connection: Connection) -> int:
    """What was being sent when its process died is never sent again by itself; an edit or a deletion is, for twice
    is as good as once. Over all projects, for the beat; how many."""
    found: int = await connection.fetchval(
        """
        WITH expired AS (
            SELECT r.broadcast_id, r.run, r.user_id, n.kind FROM broadcast_recipients r
            JOIN broadcast_runs n USING (project_id, broadcast_id, run)
            WHERE r.state = 'sending' AND r.lease_until < now()
            ORDER BY r.broadcast_id, r.run, r.user_id FOR UPDATE OF r SKIP LOCKED
        ), changed AS (
            UPDATE broadcast_recipients r SET lease_until = NULL,
                state = CASE WHEN e.kind = 'send' THEN 'uncertain' ELSE 'pending' END,
                error = CASE WHEN e.kind = 'send' THEN 'the process died while sending' END,
                settled_at = CASE WHEN e.kind = 'send' THEN now() END
            FROM expired e WHERE r.broadcast_id = e.broadcast_id AND r.run = e.run AND r.user_id = e.user_id
            RETURNING r.broadcast_id, r.run, r.state
        ), counts AS (
            SELECT broadcast_id, run, count(*) FILTER (WHERE state = 'uncertain') AS uncertain
            FROM changed GROUP BY 1, 2
        ), counted AS (
            UPDATE broadcast_runs n SET uncertain = n.uncertain + c.uncertain FROM counts c
            WHERE n.broadcast_id = c.broadcast_id AND n.run = c.run
        )
        SELECT count(*) FROM changed
        """
    )
    return found
