"""Broadcasts from the staff group: /broadcast opens a panel, its buttons do the rest. For managers."""

from aiogram import Bot, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.broadcasts import telegram_words
from app.broadcasts.panel import Press, panel
from app.broadcasts.repository import BroadcastRepository
from app.broadcasts.service import Found, broadcasts
from app.broadcasts.telegram_buttons import Desk, actor
from app.catalogue.library import Project
from app.crm.cards.render import topic_link
from app.crm.filters import HasRole, InStaffGroup
from app.crm.groups import StaffGroup
from app.crm.role import Role
from app.crm.topics import Topics
from app.errors import ArcanaError
from app.kit.database import Database
from app.locales import html, plain
from app.settings import Settings

KIND = "broadcasts"


def router() -> Router:
    router = Router(name="broadcasts")
    router.message.filter(InStaffGroup())
    router.message.register(open_panel, Command("broadcast"), HasRole(Role.MANAGER))
    router.message.register(refuse, Command("broadcast"))
    router.callback_query.filter(InStaffGroup())
    router.callback_query.register(press, Press.filter(), HasRole(Role.MANAGER))
    router.callback_query.register(refuse_press, Press.filter())
    telegram_words.register(router)
    return router


async def refuse(message: Message, staff: StaffGroup) -> SendMessage:
    return SendMessage(
        chat_id=message.chat.id,
        message_thread_id=message.message_thread_id if message.is_topic_message else None,
        text=html(staff.language, "broadcast.error.role"),
    )


async def refuse_press(query: CallbackQuery, bot: Bot, staff: StaffGroup) -> None:
    await bot.answer_callback_query(query.id, plain(staff.language, "broadcast.error.role"), show_alert=True)


async def open_panel(
    message: Message, bot: Bot, project: Project, staff: StaffGroup, database: Database
) -> SendMessage | None:
    """A new draft, and its panel in the topic of broadcasts; whoever asked elsewhere is led there."""
    async with database.transaction() as connection:
        draft = await broadcasts.create(connection, project, actor(message.from_user), {})
    text, keyboard = panel(Found(draft, []), project, staff.language)
    posted = await Topics(database).post(
        bot,
        project,
        KIND,
        lambda chat_id, thread_id: SendMessage(
            chat_id=chat_id, message_thread_id=thread_id, text=text, reply_markup=keyboard
        ),
    )
    if posted is None:
        return None
    place = {"bot_id": bot.id, "chat_id": posted.chat.id, "message_id": posted.message_id}
    async with database.transaction() as connection:
        await BroadcastRepository(connection, project.id).note_panel(draft.id, place)
    asked_in = message.message_thread_id if message.is_topic_message else None
    if posted.message_thread_id is None or posted.message_thread_id == asked_in:
        return None
    open_it = InlineKeyboardButton(
        text=plain(staff.language, "button.broadcast_open"),
        url=topic_link(posted.chat.id, posted.message_thread_id),
    )
    return SendMessage(
        chat_id=message.chat.id,
        message_thread_id=asked_in,
        text=html(staff.language, "broadcast.opened"),
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[open_it]]),
    )


async def press(
    query: CallbackQuery,
    callback_data: Press,
    bot: Bot,
    project: Project,
    staff: StaffGroup,
    database: Database,
    settings: Settings,
    state: FSMContext,
) -> None:
    """Answers every button; what can not be done is said in an alert."""
    message = query.message if isinstance(query.message, Message) else None
    desk = Desk(query, message, bot, project, staff, database, settings, state)
    try:
        words = await desk.do(callback_data)
    except ArcanaError as error:
        words = plain(staff.language, _error_key(error), words=error.message)
        await bot.answer_callback_query(query.id, words[:200], show_alert=True)
        return
    await bot.answer_callback_query(query.id, words[:200] if words else None)


def _error_key(error: ArcanaError) -> str:
    known = {
        "broadcast_not_found": "broadcast.error.gone",
        "broadcast_wrong_state": "broadcast.error.state",
        "broadcast_content_missing": "broadcast.error.empty",
        "broadcast_no_bot": "broadcast.error.bot",
        "broadcast_foreign_media": "broadcast.error.media",
    }
    return known.get(error.code, "broadcast.error.other")
