"""The notice that a person agrees to before his first reading, and how he wants to be addressed."""

from html import escape

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton

from app.catalogue.library import Project
from app.locales import Words
from app.readings.telegram_spreads import spreads_page
from app.readings.telegram_table import Table, lay_table
from app.telegram.menu import button
from app.telegram.replies import Rows, acknowledge, change
from app.users.repository import User
from app.users.telegram_manners import rows as manner_rows


class Consent(CallbackData, prefix="consent"):
    step: str


def router() -> Router:
    router = Router(name="consent")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.callback_query.register(agree, Consent.filter(F.step == "agree"))
    return router


def consent_page(project: Project, user: User, words: Words) -> tuple[str, Rows]:
    notice = project.text(project.notice, words.language)
    text = words.html("consent.text", name=project.text(project.name, words.language))
    return text + (f"\n\n<i>{escape(notice, quote=False)}</i>" if notice else ""), [
        *manner_rows(user, words, names=("address", "gender")),
        [InlineKeyboardButton(text=words.plain("button.agree"), callback_data=Consent(step="agree").pack())],
        [button(words, "terms"), button(words, "privacy")],
    ]


async def agree(callback: CallbackQuery, table: Table) -> SendMessage | None:
    async with table.database.transaction() as connection:
        await table.users.update(connection, table.principal, changes={}, consent=True, project=table.project)
    await acknowledge(callback, table.words.plain("consent.thanks"))
    words = Words(table.words.language, table.user.address, table.user.gender)
    return await change(callback, *spreads_page(table.project, words, table.settings))
