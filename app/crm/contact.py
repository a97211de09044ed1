"""A client's card: pinned in his topic, and kept true."""

from datetime import datetime
from html import escape

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNotFound
from aiogram.methods import EditMessageText, SendMessage
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

from app.catalogue.library import Project
from app.crm.contact_buttons import ROWS
from app.crm.contact_facts import ContactFacts, contact_facts
from app.crm.groups import StaffGroup
from app.crm.topic_rows import Topic, TopicRepository
from app.crm.topics import CLIENT, client_name, is_missing_topic
from app.kit import json
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.leads.phones import pretty
from app.locales import html, plain, texts
from app.payments.sums import show
from app.users.repository import User

log = get_logger("app.crm.contact")

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class ContactCards:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, bot: Bot, project: Project, group: StaffGroup, user: User) -> None:
        """Makes the card say what is true now; the topic goes by the client's present name.

        Does nothing without a topic. A card that somebody deleted is written and pinned anew; a topic that somebody
        deleted stays away until there is something to say in it.
        """
        async with self._database.connection() as connection:
            topic = await TopicRepository(connection, project.id).get(group.chat_id, kind=CLIENT, user_id=user.id)
            facts = await contact_facts(connection, project_id=project.id, user_id=user.id, bot_id=bot.id)
        if topic is None or topic.thread_id is None or facts is None or facts.state == "erased":
            return
        try:
            await self._write(bot, topic, topic.thread_id, facts, group.language)
            await self._rename(bot, topic, topic.thread_id, client_name(user))
        except (TelegramBadRequest, TelegramNotFound) as error:
            if not is_missing_topic(error):
                # What the card shows is shown elsewhere too; the conversation must not end for it.
                log.warning("a contact card was refused", project=project.key, reason=error.message)

    async def _write(self, bot: Bot, topic: Topic, thread_id: int, facts: ContactFacts, language: str) -> None:
        words, keyboard = card_text(facts, language), card_keyboard(facts, language)
        card_hash = json.digest([words, keyboard.model_dump(exclude_none=True) if keyboard else None])
        if topic.card_message_id is not None:
            if topic.card_hash == card_hash:
                return
            if await self._edit(bot, topic, topic.card_message_id, words, keyboard):
                await self._record(topic, topic.card_message_id, card_hash)
                return
        sent = await bot(
            SendMessage(
                chat_id=topic.chat_id,
                message_thread_id=thread_id,
                text=words,
                reply_markup=keyboard,
                link_preview_options=NO_PREVIEW,
                disable_notification=True,
            )
        )
        await self._record(topic, sent.message_id, card_hash)
        await bot.pin_chat_message(topic.chat_id, sent.message_id, disable_notification=True)

    async def _edit(
        self, bot: Bot, topic: Topic, message_id: int, text: str, keyboard: InlineKeyboardMarkup | None
    ) -> bool:
        """False if the card is not there any more, or another bot of the project wrote it."""
        edit = EditMessageText(
            chat_id=topic.chat_id,
            message_id=message_id,
            text=text,
            reply_markup=keyboard,
            link_preview_options=NO_PREVIEW,
        )
        try:
            await bot(edit)
        except (TelegramBadRequest, TelegramNotFound) as error:
            if is_missing_topic(error):
                raise
            return "message is not modified" in error.message
        return True

    async def _rename(self, bot: Bot, topic: Topic, thread_id: int, name: str) -> None:
        if topic.name == name:
            return
        try:
            await bot.edit_forum_topic(topic.chat_id, thread_id, name=name)
        except TelegramBadRequest as error:
            if "TOPIC_NOT_MODIFIED" not in error.message:
                raise
        async with self._database.connection() as connection:
            await TopicRepository(connection, topic.project_id).renamed(topic.id, name)

    async def _record(self, topic: Topic, message_id: int, card_hash: str) -> None:
        async with self._database.connection() as connection:
            await TopicRepository(connection, topic.project_id).carded(
                topic.id, message_id=message_id, card_hash=card_hash
            )


def card_text(facts: ContactFacts, language: str) -> str:
    """Telegram HTML. Days and not minutes: each change of the card takes from the group's 20 messages a minute."""

    def day(moment: datetime) -> str:
        return f"{moment:{'%d.%m.%Y' if language == 'ru' else '%d %b %Y'}}"

    link = f'<a href="tg://user?id={facts.telegram_id}">{escape(facts.name, quote=False)}</a>'
    lines = [
        f"👤 <b>{link}</b>" + (f" @{facts.username}" if facts.username else ""),
        html(language, "staff.card.id", id=facts.telegram_id, spoken=facts.language),
    ]
    if facts.phone:
        lines.append(html(language, "user.phone", phone=pretty(facts.phone)))
    if facts.source:
        lines.append(html(language, "staff.card.source", source=_source(language, facts.source)))
    lines.append(html(language, "staff.card.seen", first=day(facts.first_seen), last=day(facts.last_seen)))
    if facts.last_reading is None:
        lines.append(html(language, "staff.card.no_readings"))
    else:
        lines.append(html(language, "staff.card.readings", number=facts.readings, last=day(facts.last_reading)))
    lines.append(html(language, "staff.card.balance", balance=facts.balance))
    if facts.paid:
        sums = ", ".join(show(paid.amount, paid.currency, language) for paid in facts.paid)
        lines.append(html(language, "staff.card.paid", sums=sums))
    if facts.subscription and facts.subscribed_until:
        name = facts.subscription.get(language) or next(iter(facts.subscription.values()))
        lines.append(html(language, "staff.card.subscription", name=name, until=day(facts.subscribed_until)))
    if facts.state == "blocked":
        lines.append(html(language, "staff.card.blocked"))
    if facts.left:
        lines.append(html(language, "staff.card.left"))
    return "\n".join(lines)


def _source(language: str, source: str) -> str:
    """Whence a person came; a campaign goes by the name that its link has."""
    known = f"staff.source.{source}"
    return plain(language, known) if known in texts(language) else source


def card_keyboard(facts: ContactFacts, language: str) -> InlineKeyboardMarkup | None:
    rows = [buttons for make in ROWS if (buttons := make(facts, language))]
    return InlineKeyboardMarkup(inline_keyboard=rows) if rows else None
