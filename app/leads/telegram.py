"""`/request`: a request left in the chat, step by step. Where a person stands is kept in Redis."""

import time
from typing import Any

from aiogram import F, Router
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
    """What the bot waits for. Data: name, phone, about, and the time of the last word."""

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


def router() -> Router:
    router = Router(name="leads")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(begin, Command("request"))
    dialog = Router(name="leads.dialog")
    dialog.message.filter(StateFilter(Asking), Here())
    dialog.message.register(cancel, Command("cancel"))
    dialog.message.register(cancel, Says("button.lead_cancel"))
    spoken = ~F.text.startswith("/")
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


async def ask(
    message: Message, state: FSMContext, step: State, data: dict[str, Any], text: str, markup: ReplyKeyboardMarkup
) -> SendMessage:
    # Data first: a state whose data is missing could not be answered.
    await state.set_data({**data, "at": time.time()})
    await state.set_state(step)
    return message.answer(text, reply_markup=markup)


async def begin(message: Message, project: Project, user: User | None, words: Words, state: FSMContext) -> SendMessage:
    if user is None or not project.live:
        raise SkipHandler
    name = service.clean(user.first_name[: service.NAME_LIMIT], limit=service.NAME_LIMIT)
    markup = keyboard(words, *([name] if name else []))
    return await ask(message, state, Asking.name, {}, words.html("lead.ask_name"), markup)


async def cancel(message: Message, words: Words, state: FSMContext) -> SendMessage:
    await state.clear()
    return message.answer(words.html("lead.cancelled"), reply_markup=ReplyKeyboardRemove())


async def take_name(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    name = _words(message, limit=service.NAME_LIMIT, lines=False)
    if not name:
        return message.answer(words.html("lead.name_unclear", limit=service.NAME_LIMIT))
    text = words.html("lead.ask_phone", name=name)
    return await ask(message, state, Asking.phone, {**asked, "name": name}, text, keyboard(words, contact=True))


async def take_phone(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    raw = message.contact.phone_number if message.contact else message.text or ""
    if message.contact and not raw.startswith("+"):
        # Telegram leaves the plus out on some clients; the number is whole all the same.
        raw = f"+{raw}"
    try:
        phone = phones.normalise(raw, language=words.language)
    except PhoneInvalid:
        return message.answer(words.html("lead.phone_unclear"), reply_markup=keyboard(words, contact=True))
    text = words.html("lead.ask_about")
    return await ask(message, state, Asking.about, {**asked, "phone": phone}, text, keyboard(words))


async def take_about(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    about = _words(message, limit=service.ABOUT_LIMIT, lines=True)
    if not about:
        return message.answer(words.html("lead.about_unclear", limit=service.ABOUT_LIMIT))
    return await _confirm(message, words, state, {**asked, "about": about})


async def confirm_again(message: Message, words: Words, state: FSMContext, asked: dict[str, Any]) -> SendMessage:
    return await _confirm(message, words, state, asked)


async def _confirm(message: Message, words: Words, state: FSMContext, data: dict[str, Any]) -> SendMessage:
    text = words.html("lead.confirm", name=data["name"], phone=phones.pretty(data["phone"]), about=data["about"])
    markup = keyboard(words, words.plain("button.lead_send"))
    return await ask(message, state, Asking.confirm, data, text, markup)


async def send(
    message: Message,
    project: Project,
    user: User,
    words: Words,
    state: FSMContext,
    asked: dict[str, Any],
    database: Database,
) -> SendMessage:
    request = service.Request(asked["name"], asked["phone"], asked["about"])
    async with database.transaction() as connection:
        submitted = await service.submit(
            connection, project_id=project.id, user_id=user.id, request=request, source="bot"
        )
    # After the commit: what was lost before it is asked for again, and what was kept is not kept twice.
    await state.clear()
    key = "lead.accepted" if submitted.is_new else "lead.known"
    text = words.html(key, project=project.text(project.name, words.language))
    return message.answer(text, reply_markup=ReplyKeyboardRemove())


def _words(message: Message, *, limit: int, lines: bool) -> str:
    """What he wrote; empty for anything that is no text, or too long."""
    try:
        return service.clean(message.text or "", limit=limit, lines=lines)
    except InvalidRequest:
        return ""
