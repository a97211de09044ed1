"""SQL of the bots' own rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.kit.database import Connection

COLUMNS = (
    "bot_id, project_id, webhook_id, username, state, sent, settings_hash, error_code, error, failures, next_check_at"
)


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


async def bot_records(connection: Connection) -> dict[int, BotRecord]:
    """All bots of all projects, by id; for the set-up and for the operator."""
    rows = await connection.fetch(f"SELECT {COLUMNS} FROM bots")  # noqa: S608  # a constant
    return {row["bot_id"]: BotRecord(*row) for row in rows}


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
    ) -> None:
        """Everything was accepted. A bot that moved to another project moves with its row."""
        await self._connection.execute(
            """
            INSERT INTO bots
                (bot_id, project_id, webhook_id, username, state, sent, settings_hash, checked_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, now())
            ON CONFLICT (bot_id) DO UPDATE SET project_id = $2, webhook_id = $3, username = $4, state = $5,
                sent = $6, settings_hash = $7, checked_at = now(), error_code = NULL, error = NULL,
                failures = 0, next_check_at = NULL
            """,
            bot_id, self._project_id, webhook_id, username, state, sent, settings_hash,
        )  # fmt: skip

    async def fail(
        self,
        bot_id: int,
        *,
        webhook_id: str,
        state: str,
        sent: dict[str, str],
        settings_hash: str,
        error_code: str,
        error: str,
        check_after: timedelta,
    ) -> bool:
        """Records what is wrong and when to look again; true if it is news."""
        news: Any = await self._connection.fetchval(
            """
            WITH before AS (SELECT error_code, settings_hash FROM bots WHERE bot_id = $1)
            INSERT INTO bots
                (bot_id, project_id, webhook_id, state, sent, settings_hash, error_code, error, failures,
                 checked_at, next_check_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, now(), now() + $9::interval)
            ON CONFLICT (bot_id) DO UPDATE SET project_id = $2, webhook_id = $3, state = $4, sent = $5,
                settings_hash = $6, error_code = $7, error = $8, failures = bots.failures + 1,
                checked_at = now(), next_check_at = now() + $9::interval
            RETURNING NOT EXISTS (
                SELECT FROM before WHERE before.error_code = $7 AND before.settings_hash = $6
            )
            """,
            bot_id, self._project_id, webhook_id, state, sent, settings_hash, error_code, error, check_after,
        )  # fmt: skip
        return bool(news)

    async def note(self, bot_id: int, *, error_code: str | None, error: str | None, instead_of: str | None) -> None:
        """What a poller found wrong, or right again. It takes back nothing that the set-up has recorded."""
        await self._connection.execute(
            """
            UPDATE bots SET error_code = $3, error = $4
            WHERE bot_id = $1 AND project_id = $2 AND ($3::text IS NOT NULL OR error_code = $5)
            """,
            bot_id, self._project_id, error_code, error, instead_of,
        )  # fmt: skip

    async def forget(self, bot_id: int) -> None:
        """The bot left the catalogue; should it come back, everything is sent to it again."""
        await self._connection.execute(
            """
            UPDATE bots SET state = 'gone', sent = '{}', settings_hash = NULL, error_code = NULL,
                error = NULL, next_check_at = NULL
            WHERE bot_id = $1 AND project_id = $2
            """,
            bot_id, self._project_id,
        )  # fmt: skip
