"""`/settings`: what the bot may write about by itself, when it is silent, and how it speaks. A page of rows; a feature
that has something to set adds one to `ROWS`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from typing import Final

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.locales import Words, language_name
from app.notifications import preferences
from app.notifications.kinds import KINDS
from app.notifications.preferences import Quiet, Wishes
from app.telegram.dialogues import leave_dialogue
from app.telegram.menu import MenuAction
from app.telegram.middlewares import words_for
from app.telegram.replies import acknowledge, change, say
from app.users import telegram_manners as manners
from app.users.repository import User
from app.users.service import UserService
from app.users.telegram import principal_of

Buttons = list[list[InlineKeyboardButton]]

# Other hours are set in the Mini App.
QUIET_CHOICES: Final[dict[str, Quiet | None]] = {
    "22-9": Quiet(time(22), time(9)),
    "23-8": Quiet(time(23), time(8)),
    "off": None,
}


class Setting(CallbackData, prefix="setting"):
    """`name` is `language`, `quiet`, or the kind whose switch is moved to `value`, `on` or `off`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Page:
    """All that rows are made of."""

    project: Project
    user: User
    words: Words
    wishes: Wishes


def kind_rows(page: Page) -> Buttons:
    """A button says what it moves; the tick, how it stands."""
    return [
        [_button(page.words.plain(f"settings.kind.{name}"), name, "off" if enabled else "on", chosen=enabled)]
        for name, enabled in page.wishes.switches.items()
        if KINDS[name].switchable
    ]


def quiet_rows(page: Page) -> Buttons:
    row = []
    for value, quiet in QUIET_CHOICES.items():
        caption = f"{quiet.start:%H:%M}–{quiet.end:%H:%M}" if quiet else page.words.plain("settings.quiet.off")
        row.append(_button(caption, "quiet", value, chosen=quiet == page.wishes.quiet))
    return [row]


def manner_rows(page: Page) -> Buttons:
    # Before he agreed to the notice nobody is addressed as he chose, so nothing is offered that would change nothing.
    names = None if page.user.consented_at else ("reversals",)
    return manners.rows(page.user, page.words, names=names or tuple(manners.VALUES))


def language_rows(page: Page) -> Buttons:
    languages = page.project.languages
    if len(languages) == 1:
        return []
    buttons = [_button(language_name(code), "language", code, chosen=code == page.user.language) for code in languages]
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


ROWS: Final[tuple[Callable[[Page], Buttons], ...]] = (kind_rows, quiet_rows, manner_rows, language_rows)


def _button(caption: str, name: str, value: str, *, chosen: bool) -> InlineKeyboardButton:
    data = Setting(name=name, value=value).pack()
    return InlineKeyboardButton(text=f"✓ {caption}" if chosen else caption, callback_data=data)


def router() -> Router:
    router = Router(name="settings")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(show, Command("settings"))
    router.callback_query.register(show, MenuAction.filter(F.action == "settings"))
    router.callback_query.register(set_one, Setting.filter())
    return router


async def show(
    event: Message | CallbackQuery, project: Project, user: User, words: Words, database: Database
) -> SendMessage:
    async with database.connection() as connection:
        page = await _page(connection, project, user, words)
    await acknowledge(event)
    return say(event, _text(page), _rows(page))


async def set_one(
    callback: CallbackQuery,
    callback_data: Setting,
    project: Project,
    user: User,
    words: Words,
    database: Database,
    users: UserService,
) -> SendMessage | None:
    """Sets what the button says, so that pressing it twice is no harm, and redraws the page."""
    if not is_known(callback_data, project):
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    name, value = callback_data.name, callback_data.value
    async with database.transaction() as connection:
        if name == "language":
            changes = {"language": value}
            profile = await users.update(connection, principal_of(user), changes=changes, consent=None, project=project)
            user, words = profile.user, words_for(value, profile.user)
        elif name == "quiet":
            quiet = QUIET_CHOICES[value]
            await preferences.set_quiet(connection, project_id=project.id, user_id=user.id, quiet=quiet)
        else:
            await preferences.switch(
                connection, project_id=project.id, user_id=user.id, kind=name, enabled=value == "on"
            )
        page = await _page(connection, project, user, words)
    await acknowledge(callback, words.plain("settings.saved"))
    return await change(callback, _text(page), _rows(page))


def is_known(setting: Setting, project: Project) -> bool:
    """False for a button of an older page, or of nobody's."""
    if setting.name == "language":
        return setting.value in project.languages
    if setting.name == "quiet":
        return setting.value in QUIET_CHOICES
    return setting.name in KINDS and KINDS[setting.name].switchable and setting.value in ("on", "off")


async def _page(connection: Connection, project: Project, user: User, words: Words) -> Page:
    wishes = await preferences.wishes(connection, project_id=project.id, user_id=user.id)
    return Page(project, user, words, wishes)


def _text(page: Page) -> str:
    quiet = page.wishes.quiet
    hours = (
        page.words.html("settings.quiet.set", start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}")
        if quiet
        else page.words.html("settings.quiet.none")
    )
    return f"{page.words.html('settings.text')}\n\n{hours}"


def _rows(page: Page) -> Buttons:
    return [row for rows in ROWS for row in rows(page)]
