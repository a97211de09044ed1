"""Photos that are sent again and again: uploaded once for each bot, then named by what Telegram calls them."""

from collections.abc import Awaitable, Callable

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, Message

from app.kit.database import Connection, Database
from app.telegram.replies import Rows, keyboard


class TelegramFileRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self, bot_id: int, digest: str) -> str | None:
        file_id: str | None = await self._connection.fetchval(
            "SELECT file_id FROM telegram_files WHERE project_id = $1 AND bot_id = $2 AND digest = $3",
            self._project_id, bot_id, digest,
        )  # fmt: skip
        return file_id

    async def put(self, bot_id: int, digest: str, file_id: str) -> None:
        await self._connection.execute(
            """
            INSERT INTO telegram_files (project_id, bot_id, digest, file_id) VALUES ($1, $2, $3, $4)
            ON CONFLICT (project_id, bot_id, digest) DO UPDATE SET file_id = excluded.file_id, created_at = now()
            """,
            self._project_id, bot_id, digest, file_id,
        )  # fmt: skip


async def send_photo(
    bot: Bot,
    database: Database,
    *,
    project_id: int,
    chat_id: int,
    digest: str,
    draw: Callable[[], Awaitable[bytes]],
    caption: str,
    rows: Rows = (),
) -> Message:
    """`digest` names the picture, which `draw` makes if this bot has not sent it before. Telegram's refusals are
    raised as they come."""
    async with database.connection() as connection:
        known = await TelegramFileRepository(connection, project_id).get(bot.id, digest)
    if known is not None:
        try:
            return await bot.send_photo(chat_id, known, caption=caption, reply_markup=keyboard(rows))
        except TelegramBadRequest as error:
            # Telegram has forgotten the file; the next try brings it anew.
            if "file" not in error.message.lower():
                raise
    photo = BufferedInputFile(await draw(), "cards.jpg")
    message = await bot.send_photo(chat_id, photo, caption=caption, reply_markup=keyboard(rows))
    if message.photo:
        async with database.connection() as connection:
            await TelegramFileRepository(connection, project_id).put(bot.id, digest, message.photo[-1].file_id)
    return message
