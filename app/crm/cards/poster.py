"""Puts cards into the staff's topics and keeps their messages true."""

from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from aiogram.types import LinkPreviewOptions, Message

from app.catalogue.library import Project
from app.crm.cards.registry import CardKinds
from app.crm.cards.render import show
from app.crm.cards.store import Card, CardRepository
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.topics import ClientErased, GroupUnusable, Topics
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.users.repository import UserRepository

log = get_logger("app.crm.cards")


class Poster:
    """`bot` must be the project's own."""

    def __init__(self, database: Database, kinds: CardKinds | None = None) -> None:
        self._database = database
        self._kinds = kinds or CardKinds()

    async def post(self, bot: Bot, project: Project, card_id: UUID) -> bool:
        """False if there is nothing to post, or no group to post it in yet: the beat comes back to it."""
        async with self._database.connection() as connection:
            card = await CardRepository(connection, project.id).get(card_id)
            group = await GroupRepository(connection, project.id).get()
        kind = self._kinds.get(card.kind) if card is not None else None
        if card is None or card.posted_at is not None or group is None or kind is None:
            return False
        try:
            await self._open_client_topic(bot, project, card)
            async with self._database.connection() as connection:
                shown = await show(connection, card, kind, chat_id=group.chat_id, language=group.language)

            def make(chat_id: int, thread_id: int) -> SendMessage:
                return SendMessage(
                    chat_id=chat_id,
                    message_thread_id=thread_id,
                    text=shown.text,
                    reply_markup=shown.keyboard,
                    link_preview_options=LinkPreviewOptions(is_disabled=True),
                )

            message = await Topics(self._database).post(bot, project, kind.topic, make)
        except (GroupUnusable, ClientErased):
            return False
        if message is None:
            return False
        await self._posted(project, card, message)
        return True

    async def _posted(self, project: Project, card: Card, message: Message) -> None:
        async with self._database.connection() as connection:
            await CardRepository(connection, project.id).posted(
                card.id,
                chat_id=message.chat.id,
                thread_id=message.message_thread_id,
                message_id=message.message_id,
            )

    async def _open_client_topic(self, bot: Bot, project: Project, card: Card) -> None:
        """So that the card can lead there."""
        if card.user_id is None:
            return
        async with self._database.connection() as connection:
            user = await UserRepository(connection, project.id).get(card.user_id)
        if user is not None and user.telegram_id is not None:
            await Topics(self._database).thread(bot, project, kind="client", user=user)

    async def refresh(self, bot: Bot, project: Project, group: StaffGroup, card: Card) -> None:
        """Makes the message say what the card says now."""
        kind = self._kinds.get(card.kind)
        if card.message_id is None or card.chat_id is None or kind is None:
            return
        async with self._database.connection() as connection:
            shown = await show(connection, card, kind, chat_id=card.chat_id, language=group.language)
        try:
            await bot.edit_message_text(
                shown.text,
                chat_id=card.chat_id,
                message_id=card.message_id,
                reply_markup=shown.keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except TelegramBadRequest as error:
            # It says so already, or somebody deleted it: the row is what counts.
            log.info("a card was not edited", project=project.key, reason=error.message)
