"""`/request`: a request left in the chat, step by step. Where a person stands is kept in Redis.

A worker may die in the middle of a message, and another one goes on with it. Each step keeps by which message it was
reached, so that the same message is never taken for the next answer too; a dialogue ends after its last word was sent.
"""

import time
from typing import Any

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.filters import Command, Filter, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import SendMessage
from aiogram.types import KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove

from app.catalogue.library import Project
from app.errors import InvalidRequest
from app.kit.database import Database
from app.leads import phones, service
from app.leads.errors import PhoneInvalid
from app.locales import LANGUAGES, Words, plain
from app.users.repository import User

# Whoever was silent for so long has forgotten that he was asked.
DIALOG_SECONDS = 24 * 3600


class Asking(StatesGroup):
    """What the bot waits for. Data: name, phone, about; the time of the last word, and the message that brought it."""

    name = State()
    phone = State()
    about = State()
    confirm = State()


class Says(Filter):
    """The message is the caption of a button, in whichever language it was shown."""

    def __init__(self, key: str) -> None:
        self._captions = frozenset(plain(language, key) for language in LANGUAGES)

    async def __call__(self, message: Message) -> bool:
        return message.text in self._captions


class Here(Filter):
    """A message of somebody whom the bot has asked not too long ago."""

    async def __call__(self, message: Message, state: FSMContext) -> bool | dict[str, Any]:
        data = await state.get_data()
        if time.time() - data.get("at", 0) > DIALOG_SECONDS:
            await state.clear()
            return False
        return {"asked": data}


class Taken(Filter):
    """The message that has brought the dialogue to where it is; whoever took it did not live to ask on."""

    async def __call__(self, message: Message, asked: dict[str, Any]) -> bool:
        return asked.get("by") == message.message_id


def router() -> Router:
    router = Router(name="leads")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(begin, Command("request"))
    dialog = Router(name="leads.dialog")
    dialog.message.filter(StateFilter(Asking), Here())
    dialog.message.register(cancel, Command("cancel"))
    dialog.message.register(cancel, Says("button.lead_cancel"))
    spoken = ~F.text.startswith("/")
    dialog.message.register(ask_again, Taken())
    dialog.message.register(take_name, StateFilter(Asking.name), spoken)
    dialog.message.register(take_phone, StateFilter(Asking.phone), spoken)
    dialog.message.register(take_about, StateFilter(Asking.about), spoken)
    dialog.message.register(send, StateFilter(Asking.confirm), Says("button.lead_send"))
    dialog.message.register(confirm_again, StateFilter(Asking.confirm), spoken)
    router.include_router(dialog)
    return router


def keyboard(words: Words, *captions: str, contact: bool = False) -> ReplyKeyboardMarkup:
    rows = [[KeyboardButton(text=caption)] for caption in captions]
    if contact:
        rows.insert(0, [KeyboardButton(text=words.plain("button.share_contact"), request_contact=True)])
    rows.append([KeyboardButton(text=words.plain("button.lead_cancel"))])
    return ReplyKeyboardMarkup(keyboard=rows, resize_keyboard=True)


def question(message: Message, step: str | None, words: Words, asked: dict[str, Any]) -> SendMessage:
    """What is asked at a step."""
    if step == Asking.name.state:
        name = message.from_user.first_name if message.from_user else ""
        suggested = service.clean(name[: service.NAME_LIMIT], limit=service.NAME_LIMIT)
        text, markup = words.html("lead.ask_name"), keyboard(words, *([suggested] if suggested else []))
    elif step == Asking.phone.state:
        text, markup = words.html("lead.ask_phone", name=asked["name"]), keyboard(words, contact=True)
    elif step == Asking.about.state:
        text, markup = words.html("lead.ask_about"), keyboard(words)
    else:
        phone = phones.pretty(asked["phone"])
        text = words.html("lead.confirm", name=asked["name"], phone=phone, about=asked["about"])
        markup = keyboard(words, words.plain("button.lead_send"))
    return message.answer(text, reply_markup=markup)


async def go_on(message: Message, words: Words, state: FSMContext, step: State, asked: dict[str, Any]) -> SendMessage:
    """To the next step."""
    # Data first: a state whose data is missing could not be answered.
    await state.set_data({**asked, "at": time.time(), "by": message.message_id})
    await state.set_state(step)
    return question(message, step.state, words, asked)


async def begin(message: Message, project: Project, user: User | None, words: Words, state: FSMContext) -> SendMessage:
    if user is None or not project.live:
        raise SkipHandler
    return await go_on(message, words, state, Asking.name, {})


async def ask_again(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    return question(message, await state.get_state(), words, asked)


async def cancel(message: Message, bot: Bot, words: Words, state: FSMContext) -> None:
    await bot(message.answer(words.html("lead.cancelled"), reply_markup=ReplyKeyboardRemove()))
    await state.clear()


async def take_name(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    name = _words(message, limit=service.NAME_LIMIT, lines=False)
    if not name:
        return message.answer(words.html("lead.name_unclear", limit=service.NAME_LIMIT))
    return await go_on(message, words, state, Asking.phone, {**asked, "name": name})


async def take_phone(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    raw = message.contact.phone_number if message.contact else message.text or ""
    if message.contact and not raw.startswith("+"):
        # Telegram leaves the plus out on some clients; the number is whole all the same.
        raw = f"+{raw}"
    try:
        phone = phones.normalise(raw, language=words.language)
    except PhoneInvalid:
        return message.answer(words.html("lead.phone_unclear"), reply_markup=keyboard(words, contact=True))
    return await go_on(message, words, state, Asking.about, {**asked, "phone": phone})


async def take_about(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    about = _words(message, limit=service.ABOUT_LIMIT, lines=True)
    if not about:
        return message.answer(words.html("lead.about_unclear", limit=service.ABOUT_LIMIT))
    return await go_on(message, words, state, Asking.confirm, {**asked, "about": about})


async def confirm_again(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    return await go_on(message, words, state, Asking.confirm, asked)


async def send(
    message: Message,
    bot: Bot,
    project: Project,
    user: User,
    words: Words,
    state: FSMContext,
    asked: dict[str, Any],
    database: Database,
) -> None:
    request = service.Request(asked["name"], asked["phone"], asked["about"])
    async with database.transaction() as connection:
        submitted = await service.submit(
            connection, project_id=project.id, user_id=user.id, request=request, source="bot"
        )
    key = "lead.accepted" if submitted.is_new else "lead.known"
    text = words.html(key, project=project.text(project.name, words.language))
    # After the commit: what was lost before it is asked for again, and what was kept is not kept twice.
    await bot(message.answer(text, reply_markup=ReplyKeyboardRemove()))
    await state.clear()


def _words(message: Message, *, limit: int, lines: bool) -> str:
    """What he wrote; empty for anything that is no text, or too long."""
    try:
        return service.clean(message.text or "", limit=limit, lines=lines)
    except InvalidRequest:
        return ""
