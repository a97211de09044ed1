"""How a person wants to be addressed, and whether cards may be reversed: rows of buttons for any page of the bot."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.catalogue.library import Project
from app.kit.database import Database
from app.locales import ADDRESSES, GENDERS, Words
from app.telegram.middlewares import words_for
from app.telegram.replies import acknowledge
from app.users.repository import User
from app.users.service import UserService
from app.users.telegram import principal_of

VALUES: dict[str, tuple[str, ...]] = {"address": ADDRESSES, "gender": GENDERS, "reversals": ("yes", "no")}


class Manner(CallbackData, prefix="manner"):
    name: str
    value: str


def router() -> Router:
    router = Router(name="manners")
    router.callback_query.register(set_manner, F.message.chat.type == ChatType.PRIVATE, Manner.filter())
    return router


def rows(user: User, words: Words, *, names: tuple[str, ...] = tuple(VALUES)) -> list[list[InlineKeyboardButton]]:
    """Buttons that set what they say, the chosen ones with a tick. They keep themselves up to date on whatever page
    they stand. Languages without forms of address get only what matters in them."""
    if words.language != "ru":
        names = tuple(name for name in names if name == "reversals")
    chosen = {"address": user.address, "gender": user.gender, "reversals": "yes" if user.reversals else "no"}
    return [
        [
            InlineKeyboardButton(
                text=("✓ " if chosen[name] == value else "") + words.plain(f"button.{name}_{value}"),
                callback_data=Manner(name=name, value=value).pack(),
            )
            for value in VALUES[name]
        ]
        for name in names
    ]


async def set_manner(
    callback: CallbackQuery,
    callback_data: Manner,
    project: Project,
    user: User,
    language: str,
    words: Words,
    database: Database,
    users: UserService,
) -> None:
    name, value = callback_data.name, callback_data.value
    if value not in VALUES.get(name, ()):
        await acknowledge(callback, words.plain("answer.forgotten"))
        return
    changes = {name: value == "yes" if name == "reversals" else value}
    async with database.transaction() as connection:
        profile = await users.update(connection, principal_of(user), changes=changes, consent=None, project=project)
    words = words_for(language, profile.user)
    await acknowledge(callback, words.plain("manners.saved"))
    await _refresh(callback, profile.user, words)


async def _refresh(callback: CallbackQuery, user: User, words: Words) -> None:
    """Ticks move; whatever other buttons the page has stay where they are."""
    if not isinstance(callback.message, Message) or callback.message.reply_markup is None:
        return
    standing = callback.message.reply_markup.inline_keyboard
    fresh = {_name(row): row for row in rows(user, words)}
    keyboard = [fresh.get(_name(row), row) for row in standing]
    try:
        await callback.message.edit_reply_markup(reply_markup=InlineKeyboardMarkup(inline_keyboard=keyboard))
    except TelegramBadRequest:
        # The same was pressed again, or the message is gone: the setting stands either way.
        return


def _name(row: list[InlineKeyboardButton]) -> str:
    """Which manner a row sets, or "" for a row of somebody else."""
    prefix, _, rest = (row[0].callback_data or "").partition(":")
    return rest.partition(":")[0] if prefix == Manner.__prefix__ else ""
