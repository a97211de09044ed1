"""Looking at the connected group again, and telling its people what has changed."""

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.methods import SendMessage
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from app.catalogue.library import Project
from app.crm.actions import StaffAction
from app.crm.checks import Findings, in_words, inspect
from app.crm.groups import GroupRepository, StaffGroup
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.locales import html, plain

log = get_logger("app.crm.checking")


async def recheck(database: Database, bot: Bot, project: Project) -> StaffGroup | None:
    """The project's group as it is now; whoever it concerns is told when that is news. Outages are raised."""
    async with database.connection() as connection:
        group = await GroupRepository(connection, project.id).get()
    if group is None:
        return None
    findings = await inspect(bot, group.chat_id)
    before = await _record(database, project, group, findings)
    async with database.connection() as connection:
        now = await GroupRepository(connection, project.id).get()
    if before is not None and now is not None and before.problems != now.problems:
        await _tell(bot, now)
    return now


async def _record(database: Database, project: Project, group: StaffGroup, findings: Findings) -> StaffGroup | None:
    async with database.transaction() as connection:
        groups = GroupRepository(connection, project.id)
        if findings.chat_id != group.chat_id:
            await groups.migrate(group.chat_id, findings.chat_id)
        return await groups.checked(findings.chat_id, title=findings.title, problems=findings.problems)


async def _tell(bot: Bot, group: StaffGroup) -> None:
    """In the group, and to whoever connected it: one of the two may be out of reach."""
    for chat_id in (group.chat_id, group.connected_by):
        try:
            await bot(SendMessage(chat_id=chat_id, text=state_text(group), reply_markup=check_keyboard(group)))
        except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
            log.info("somebody could not be told of a group", project_id=group.project_id, reason=error.message)


def state_text(group: StaffGroup) -> str:
    """Telegram HTML: that all is well, or what is missing, in words."""
    if group.ready:
        return html(group.language, "staff.ready", title=group.title)
    lacks = in_words(group.problems, group.language)
    return html(group.language, "staff.not_ready", title=group.title) + "\n\n" + lacks


def check_keyboard(group: StaffGroup) -> InlineKeyboardMarkup | None:
    if group.ready:
        return None
    button = InlineKeyboardButton(
        text=plain(group.language, "button.staff_check"), callback_data=StaffAction(action="check").pack()
    )
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
