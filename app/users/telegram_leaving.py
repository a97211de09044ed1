"""`/delete_me`: a person leaves, after he was told twice what that means."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.locales import Words
from app.telegram.dialogues import leave_dialogue
from app.telegram.replies import acknowledge, change, say
from app.users.repository import User
from app.users.service import UserService
from app.users.telegram import principal_of


class Leaving(CallbackData, prefix="leave"):
    """`step`: doubt, erase or stay."""

    step: str


def router() -> Router:
    router = Router(name="leaving")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(ask, Command("delete_me"))
    router.callback_query.register(doubt, Leaving.filter(F.step == "doubt"))
    router.callback_query.register(erase, Leaving.filter(F.step == "erase"))
    router.callback_query.register(stay, Leaving.filter(F.step == "stay"))
    return router


async def ask(message: Message, user: User, words: Words, users: UserService, connection: Connection) -> SendMessage:
    """What goes, and what is forfeited."""
    text = words.html("leave.ask") + await _forfeited(user, words, users, connection)
    return say(message, text, [[_button(words, "doubt")], [_button(words, "stay")]])


async def doubt(
    callback: CallbackQuery, user: User, words: Words, users: UserService, database: Database
) -> SendMessage | None:
    async with database.connection() as connection:
        forfeited = await _forfeited(user, words, users, connection)
    await acknowledge(callback)
    return await change(
        callback, words.html("leave.doubt") + forfeited, [[_button(words, "stay"), _button(words, "erase")]]
    )


async def erase(
    callback: CallbackQuery,
    project: Project,
    user: User,
    words: Words,
    users: UserService,
    database: Database,
    state: FSMContext,
) -> SendMessage | None:
    async with database.transaction() as connection:
        await users.erase(connection, principal_of(user), project=project)
    await state.clear()
    await acknowledge(callback)
    return await change(callback, words.html("leave.gone"))


async def stay(callback: CallbackQuery, words: Words) -> SendMessage | None:
    await acknowledge(callback)
    return await change(callback, words.html("leave.stayed"))


async def _forfeited(user: User, words: Words, users: UserService, connection: Connection) -> str:
    wallet = (await users.profile(connection, principal_of(user))).wallet
    lines = [words.html(f"leave.{unit}", count=balance.balance) for unit, balance in wallet.items() if balance.balance]
    return "\n\n" + words.html("leave.forfeit") + "\n" + "\n".join(lines) if lines else ""


def _button(words: Words, step: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(f"button.leave_{step}"), callback_data=Leaving(step=step).pack())
