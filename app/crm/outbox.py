"""What staff send to a client without writing it into his topic themselves: templates, drafts, answers under a card.

It goes out once, by the mirror's own way, and stands in the client's topic under the name of whoever sent it.
"""

from collections.abc import Callable
from html import escape

from aiogram import Bot
from aiogram.methods import SendMessage, TelegramMethod
from aiogram.types import LinkPreviewOptions, Message, ReplyKeyboardMarkup

from app.catalogue.library import Project
from app.crm.audit import Actor
from app.crm.groups import GroupRepository
from app.crm.writing import write_to_client
from app.errors import Unavailable
from app.kit.database import Database
from app.locales import html
from app.users.repository import User

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class ClientUnreachable(Exception):
    """He has blocked the bot, was shut out, or has erased himself; or Telegram refuses to send him this."""


class MaybeSent(Unavailable):
    detail = "Telegram did not say whether the message arrived."


class Outbox:
    """`bot` must be the project's own."""

    def __init__(self, database: Database, bot: Bot, project: Project) -> None:
        self._database = database
        self._bot = bot
        self._project = project

    async def say(self, client: User, text: str, *, actor: Actor, keyboard: ReplyKeyboardMarkup | None = None) -> None:
        """Sends plain text. Raises `ClientUnreachable`; any other error means that it may or may not have arrived."""

        def make(chat_id: int) -> TelegramMethod[Message]:
            words = escape(text, quote=False)
            return SendMessage(chat_id=chat_id, text=words, reply_markup=keyboard, link_preview_options=NO_PREVIEW)

        await self._write(client, make, actor)

    async def copy(self, client: User, message: Message, *, actor: Actor) -> None:
        """Sends a copy of whatever a member of the staff wrote. Raises as `say`."""

        def make(chat_id: int) -> TelegramMethod[Message]:
            # Not copyMessage, which answers with an id alone: reactions and answers belong to a message we know.
            return message.send_copy(chat_id)

        try:
            message.send_copy(message.chat.id)
        except TypeError as error:
            raise ClientUnreachable from error
        await self._write(client, make, actor)

    async def _write(self, client: User, make: Callable[[int], TelegramMethod[Message]], actor: Actor) -> None:
        async with self._database.connection() as connection:
            group = await GroupRepository(connection, self._project.id).get()
        written = await write_to_client(
            self._database,
            bot=self._bot,
            project=self._project,
            user=client,
            make=make,
            heading=html(group.language, "outbox.sent", name=actor.name) if group is not None else None,
        )
        if written.outcome == "uncertain":
            raise MaybeSent
        if written.outcome != "sent":
            raise ClientUnreachable
