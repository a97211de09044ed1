"""`/reading`: a reading inside the chat, from the notice to the shuffled deck. The draw is in `telegram_fan`."""

from uuid import UUID

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton

from app.errors import ArcanaError
from app.readings import chats, telegram_consent, telegram_question, telegram_spreads
from app.readings.telegram_consent import consent_page
from app.readings.telegram_fan import fan_page
from app.readings.telegram_refusals import refusal
from app.readings.telegram_spreads import SpreadPage, spreads_page
from app.readings.telegram_table import Table, lay_table
from app.telegram.dialogues import leave_dialogue
from app.telegram.menu import MenuAction
from app.telegram.replies import Event, acknowledge, change, chat_of, say


class Resume(CallbackData, prefix="resume"):
    reading: UUID


def router() -> Router:
    """Commands and buttons."""
    router = Router(name="reading")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    lay_table(router)
    router.message.register(reading, Command("reading"))
    router.callback_query.register(reading, MenuAction.filter(F.action == "reading"))
    router.callback_query.register(resume, Resume.filter())
    whole = Router(name="readings")
    whole.include_routers(router, telegram_consent.router(), telegram_spreads.router(), telegram_question.router())
    return whole


def dialogue_router() -> Router:
    """Words that answer a question of ours; behind all commands."""
    return telegram_question.dialogue_router()


async def reading(event: Event, table: Table) -> SendMessage:
    """Consent, the reading that waits, or the choice of a spread."""
    project, user, words = table.project, table.user, table.words
    async with table.database.connection() as connection:
        profile = await table.users.profile(connection, table.principal)
    await acknowledge(event)
    if user.consented_at is None:
        return say(event, *consent_page(project, user, words))
    if profile.unfinished_reading is None:
        return say(event, *spreads_page(project, words, table.settings))
    choices = (
        ("button.resume", Resume(reading=profile.unfinished_reading)),
        ("button.new_reading", SpreadPage(page=0)),
    )
    rows = [[InlineKeyboardButton(text=words.plain(key), callback_data=data.pack())] for key, data in choices]
    return say(event, words.html("reading.unfinished"), rows)


async def resume(callback: CallbackQuery, callback_data: Resume, table: Table) -> SendMessage | None:
    """Takes up a reading that waits, wherever it was begun: its fan, or the text that is being written."""
    chat_id = chat_of(callback)
    try:
        async with table.database.transaction() as connection:
            fan = await chats.open_fan(
                connection, table.principal, callback_data.reading, chat_id=chat_id, readings=table.readings
            )
            if fan.drawn:
                await chats.deliver(connection, project_id=table.project.id, reading_id=fan.reading.id, chat_id=chat_id)
    except ArcanaError as error:
        text, rows = refusal(error, table)
    else:
        text, rows = fan_page(fan, table.project, table.words, table.settings)
    await acknowledge(callback)
    return await change(callback, text, rows)
