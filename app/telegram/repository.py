"""SQL of the bots' own rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.kit.database import Connection

COLUMNS = (
    "bot_id, project_id, webhook_id, username, state, sent, settings_hash, error_code, error, failures, next_check_at,"
    " sealed_token"
)

# About three minutes of trying.
NOTABLE_FAILURES = 6


@dataclass(frozen=True, slots=True)
class BotRecord:
    bot_id: int
    project_id: int
    webhook_id: str
    username: str | None
    state: str
    sent: dict[str, str]
    settings_hash: str | None
    error_code: str | None
    error: str | None
    failures: int
    next_check_at: datetime | None
    sealed_token: str | None


async def bot_records(connection: Connection) -> dict[int, BotRecord]:
    """All bots of all projects, by id; for the set-up and for the operator."""
    rows = await connection.fetch(f"SELECT {COLUMNS} FROM bots")  # noqa: S608  # a constant
    return {row["bot_id"]: BotRecord(*row) for row in rows}


@dataclass(frozen=True, slots=True)
class BotFault:
    """What is wrong with the bot of a project, by the project's key: a code of the texts `bot_error.*`, and what
    Telegram said."""

    project_key: str
    code: str
    reason: str


async def bot_faults(connection: Connection) -> list[BotFault]:
    """What the content manager should hear of. Telegram being away for a moment is nothing that he could put right."""
    rows = await connection.fetch(
        """
        SELECT projects.key, bots.error_code, coalesce(bots.error_reason, '') FROM bots
        JOIN projects ON projects.id = bots.project_id AND projects.removed_at IS NULL
        WHERE bots.error_code IS NOT NULL AND bots.state NOT IN ('leaving', 'gone')
            AND (bots.error_code <> 'telegram_unreachable' OR bots.failures >= $1)
        ORDER BY projects.key
        """,
        NOTABLE_FAILURES,
    )
    return [BotFault(*row) for row in rows]


class BotRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self, bot_id: int) -> BotRecord | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM bots WHERE bot_id = $1 AND project_id = $2",  # noqa: S608  # a constant
            bot_id, self._project_id,
        )  # fmt: skip
        return BotRecord(*row) if row else None

    async def succeed(
        self,
        bot_id: int,
        *,
        webhook_id: str,
        state: str,
        username: str | None,
        sent: dict[str, str],
        settings_hash: str,
        sealed_token: str | None,
        check_after: timedelta | None,
    ) -> None:
        """Everything essential was accepted; `check_after` for what Telegram takes later. A bot that moved to another
        project moves with its row."""
        await self._connection.execute(
            """
            INSERT INTO bots (bot_id, project_id, webhook_id, username, state, sent, settings_hash, sealed_token,
                checked_at, next_check_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now() + $9::interval)
            ON CONFLICT (bot_id) DO UPDATE SET project_id = $2, webhook_id = $3, username = $4, state = $5,
                sent = $6, settings_hash = $7, sealed_token = $8, checked_at = now(), error_code = NULL,
                error = NULL, error_reason = NULL, failures = 0, next_check_at = now() + $9::interval
            """,
            bot_id, self._project_id, webhook_id, username, state, sent, settings_hash, sealed_token, check_after,
        )  # fmt: skip

    async def fail(
        self,
        bot_id: int,
        *,
        webhook_id: str,
        state: str,
        sent: dict[str, str],
        settings_hash: str,
        sealed_token: str | None,
        error_code: str,
        error: str,
        reason: str,
        check_after: timedelta,
    ) -> bool:
        """Records what is wrong and when to look again; true if it is news. A token once kept is kept."""
        news: Any = await self._connection.fetchval(
            """
            WITH before AS (SELECT error_code, settings_hash FROM bots WHERE bot_id = $1)
            INSERT INTO bots
                (bot_id, project_id, webhook_id, state, sent, settings_hash, sealed_token, error_code, error,
                 error_reason, failures, checked_at, next_check_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, now(), now() + $11::interval)
            ON CONFLICT (bot_id) DO UPDATE SET project_id = $2, webhook_id = $3, state = $4, sent = $5,
                settings_hash = $6, sealed_token = coalesce($7, bots.sealed_token), error_code = $8, error = $9,
                error_reason = $10, failures = bots.failures + 1, checked_at = now(),
                next_check_at = now() + $11::interval
            RETURNING NOT EXISTS (
                SELECT FROM before WHERE before.error_code = $8 AND before.settings_hash = $6
            )
            """,
            bot_id, self._project_id, webhook_id, state, sent, settings_hash, sealed_token, error_code, error,
            reason or None, check_after,
        )  # fmt: skip
        return bool(news)

    async def note(self, bot_id: int, *, error_code: str | None, error: str | None, instead_of: str | None) -> None:
        """What a poller found wrong, or right again. It takes back nothing that the set-up has recorded."""
        await self._connection.execute(
            """
            UPDATE bots SET error_code = $3, error = $4, error_reason = NULL
            WHERE bot_id = $1 AND project_id = $2 AND ($3::text IS NOT NULL OR error_code = $5)
            """,
            bot_id, self._project_id, error_code, error, instead_of,
        )  # fmt: skip

    async def leave_later(self, bot_id: int, *, check_after: timedelta) -> None:
        """The bot left the catalogue, and its Telegram could not be told yet."""
        await self._connection.execute(
            """
            UPDATE bots SET state = 'leaving', settings_hash = NULL, failures = failures + 1,
                next_check_at = now() + $3::interval
            WHERE bot_id = $1 AND project_id = $2
            """,
            bot_id, self._project_id, check_after,
        )  # fmt: skip

    async def forget(self, bot_id: int) -> None:
        """The bot left the catalogue, and its token with it; should it come back, everything is sent to it again."""
        await self._connection.execute(
            """
            UPDATE bots SET state = 'gone', sent = '{}', settings_hash = NULL, sealed_token = NULL, error_code = NULL,
                error = NULL, error_reason = NULL, failures = 0, next_check_at = NULL
            WHERE bot_id = $1 AND project_id = $2
            """,
            bot_id, self._project_id,
        )  # fmt: skip
