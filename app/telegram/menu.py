"""The menu that stands under a bot's friendlier messages."""

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from app.catalogue.library import Project
from app.locales import Words
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.replies import Rows


class MenuAction(CallbackData, prefix="menu"):
    """`action` is the command that the button stands for."""

    action: str


def button(words: Words, action: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(f"button.{action}"), callback_data=MenuAction(action=action).pack())


def menu(words: Words, project: Project, settings: Settings) -> Rows:
    return [
        [mini_app(settings, project).button(words.plain("button.open"))],
        [button(words, "reading"), button(words, "daily")],
        [button(words, "balance"), button(words, "help")],
    ]
