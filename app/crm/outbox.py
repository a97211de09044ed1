"""What staff send to a client without writing it into his topic themselves: templates, drafts, answers under a card.

It goes out once and is shown in the client's topic with the name of whoever sent it.
"""

from html import escape

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.methods import SendMessage
from aiogram.types import LinkPreviewOptions, Message, ReplyKeyboardMarkup

from app.catalogue.library import Project
from app.crm.audit import Actor
from app.crm.groups import GroupRepository
from app.crm.topics import ClientErased, GroupUnusable, Topics
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.locales import html
from app.users.repository import User

log = get_logger("app.crm.outbox")

# Telegram takes 4096; the topic's copy has a line above it.
SHOWN_CHARACTERS = 3800
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class ClientUnreachable(Exception):
    """He has blocked the bot, closed his account, or erased himself."""


class Outbox:
    """`bot` must be the project's own."""

    def __init__(self, database: Database, bot: Bot, project: Project) -> None:
        self._database = database
        self._bot = bot
        self._project = project

    async def say(self, client: User, text: str, *, actor: Actor, keyboard: ReplyKeyboardMarkup | None = None) -> None:
        """Sends plain text. Raises `ClientUnreachable`; any other error means that it may or may not have arrived."""
        if client.telegram_id is None:
            raise ClientUnreachable
        try:
            await self._bot(
                SendMessage(
                    chat_id=client.telegram_id,
                    text=escape(text, quote=False),
                    reply_markup=keyboard,
                    link_preview_options=NO_PREVIEW,
                )
            )
        except TelegramForbiddenError as error:
            raise ClientUnreachable from error
        await self._show(client, escape(text[:SHOWN_CHARACTERS], quote=False), actor)

    async def copy(self, client: User, message: Message, *, actor: Actor) -> None:
        """Sends a copy of whatever a member of the staff wrote. Raises as `say`."""
        if client.telegram_id is None:
            raise ClientUnreachable
        try:
            await self._bot.copy_message(client.telegram_id, message.chat.id, message.message_id)
        except TelegramForbiddenError as error:
            raise ClientUnreachable from error
        words = message.text or message.caption or f"[{message.content_type}]"
        await self._show(client, escape(words[:SHOWN_CHARACTERS], quote=False), actor)

    async def _show(self, client: User, text: str, actor: Actor) -> None:
        """What was said stands in the client's topic too. It has been said: no failure here may say otherwise."""
        async with self._database.connection() as connection:
            group = await GroupRepository(connection, self._project.id).get()
        if group is None:
            return
        heading = html(group.language, "outbox.sent", name=actor.name)

        def make(chat_id: int, thread_id: int) -> SendMessage:
            return SendMessage(
                chat_id=chat_id,
                message_thread_id=thread_id,
                text=f"{heading}\n{text}",
                link_preview_options=NO_PREVIEW,
                disable_notification=True,
            )

        try:
            await Topics(self._database).post(self._bot, self._project, "client", make, user=client)
        except (GroupUnusable, ClientErased, TelegramBadRequest) as error:
            log.warning("a topic does not show what was sent", project=self._project.key, reason=str(error))
