"""Chats that are gone: the bot was blocked or put out, or the account was closed."""

from app.kit.database import Connection


class DepartureRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, bot_id: int, chat_id: int, *, reason: str) -> None:
        """The first time counts; telling it again changes nothing."""
        await self._connection.execute(
            """
            INSERT INTO telegram_departures (bot_id, chat_id, project_id, reason) VALUES ($1, $2, $3, $4)
            ON CONFLICT (bot_id, chat_id) DO NOTHING
            """,
            bot_id, chat_id, self._project_id, reason[:200],
        )  # fmt: skip

    async def remove(self, bot_id: int, chat_id: int) -> None:
        """The chat came back."""
        await self._connection.execute(
            "DELETE FROM telegram_departures WHERE bot_id = $1 AND chat_id = $2 AND project_id = $3",
            bot_id, chat_id, self._project_id,
        )  # fmt: skip

    async def reason(self, bot_id: int, chat_id: int) -> str | None:
        """Why nothing can be sent there; None if it can."""
        found: str | None = await self._connection.fetchval(
            "SELECT reason FROM telegram_departures WHERE bot_id = $1 AND chat_id = $2 AND project_id = $3",
            bot_id, chat_id, self._project_id,
        )  # fmt: skip
        return found
