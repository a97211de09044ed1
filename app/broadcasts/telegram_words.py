"""What a manager writes after a button asked for it: a version, its buttons, a time, a correction."""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Filter, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import DeleteMessage, SendMessage
from aiogram.types import InlineKeyboardMarkup, Message

from app.broadcasts.dialogue import (
    Misunderstood,
    checked,
    read_buttons,
    read_content,
    read_moment,
    read_version,
    to_utc,
)
from app.broadcasts.panel import confirm_keyboard, panel, shown
from app.broadcasts.repository import BroadcastRepository
from app.broadcasts.service import Found, broadcasts
from app.catalogue.library import Project
from app.crm.audit import Actor
from app.crm.filters import HasRole
from app.crm.groups import StaffGroup
from app.crm.role import Role
from app.errors import ArcanaError
from app.kit.clock import utc_now
from app.kit.database import Database
from app.locales import html
from app.users.repository import UserRepository


class Writing(StatesGroup):
    version = State()
    buttons = State()
    moment = State()
    correction = State()


class InDialogue(Filter):
    """The answer of whoever was asked, in the topic where he was asked; commands and notes are none."""

    async def __call__(self, message: Message, state: FSMContext) -> bool | dict[str, Any]:
        if (message.text or message.caption or "").startswith("/"):
            return False
        data = await state.get_data()
        if data.get("thread") != message.message_thread_id:
            return False
        return {"asked": data}


def register(router: Router) -> None:
    router.message.register(answer, StateFilter(Writing), InDialogue(), HasRole(Role.MANAGER))


async def zone_of(database: Database, project_id: int, telegram_id: int) -> str:
    """The manager's own zone if he has been in the Mini App, else UTC."""
    async with database.connection() as connection:
        user = await UserRepository(connection, project_id).by_telegram_id(telegram_id)
    return user.timezone if user is not None else "UTC"


class Dialogue:
    """One answer of a manager: the broadcast that it is about, and the panel, which moves down to the answer."""

    def __init__(
        self, message: Message, bot: Bot, project: Project, staff: StaffGroup, database: Database, asked: dict[str, Any]
    ) -> None:
        self.message, self.bot, self.project, self.staff, self.database = message, bot, project, staff, database
        self.language = staff.language
        self.broadcast_id = UUID(asked["broadcast"])
        self.code = str(asked.get("code", ""))
        self.zone = str(asked.get("zone", "UTC"))
        person = message.from_user
        self.actor = Actor(person.id, person.full_name) if person else Actor(0, "")

    async def found(self) -> Found:
        async with self.database.connection() as connection:
            return await broadcasts.get(connection, self.project.id, self.broadcast_id)

    async def change(self, version: dict[str, Any]) -> None:
        found = await self.found()
        content = {**found.broadcast.content, self.code: version}
        async with self.database.transaction() as connection:
            await broadcasts.change(connection, self.project.id, self.broadcast_id, {"content": content})

    async def complain(self, key: str, **values: Any) -> None:
        await self.bot(self._message(html(self.language, key, **values), None))

    async def move_panel(self, text: str | None = None, keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Posts the panel anew under what was written, and takes the old one away."""
        found = await self.found()
        if text is None:
            text, keyboard = panel(found, self.project, self.language)
        posted = await self.bot(self._message(text, keyboard))
        place = {"bot_id": self.bot.id, "chat_id": posted.chat.id, "message_id": posted.message_id, "shown": ""}
        async with self.database.transaction() as connection:
            await BroadcastRepository(connection, self.project.id).note_panel(self.broadcast_id, place)
        old = found.broadcast
        if old.message_id is not None and old.chat_id is not None:
            try:
                await self.bot(DeleteMessage(chat_id=old.chat_id, message_id=old.message_id))
            except TelegramBadRequest:
                # It was deleted by hand, or is too old for that: two panels do no harm.
                return

    def _message(self, text: str, keyboard: InlineKeyboardMarkup | None) -> SendMessage:
        return SendMessage(
            chat_id=self.message.chat.id,
            message_thread_id=self.message.message_thread_id,
            text=text,
            reply_markup=keyboard,
        )


# What the panel shows next, instead of itself.
Next = tuple[str, InlineKeyboardMarkup | None]


async def answer(
    message: Message,
    bot: Bot,
    project: Project,
    staff: StaffGroup,
    database: Database,
    state: FSMContext,
    asked: dict[str, Any],
) -> None:
    """Does what was asked for. What was not understood is asked for again; what is refused ends the dialogue."""
    dialogue = Dialogue(message, bot, project, staff, database, asked)
    step = STEPS[await state.get_state()]
    try:
        shown = await step(dialogue)
    except Misunderstood as error:
        await dialogue.complain(error.key, why=error.why)
        return
    except ArcanaError as error:
        await state.clear()
        await dialogue.complain("broadcast.error.other", words=error.message)
        return
    await state.clear()
    await dialogue.move_panel(*(shown or ()))


async def write_version(dialogue: Dialogue) -> None:
    found = await dialogue.found()
    former = found.broadcast.content.get(dialogue.code)
    await dialogue.change(read_version(dialogue.message, bot_id=dialogue.bot.id, former=former))


async def write_buttons(dialogue: Dialogue) -> None:
    found = await dialogue.found()
    former = found.broadcast.content.get(dialogue.code, {"text": ""})
    await dialogue.change(checked({**former, "buttons": read_buttons(dialogue.message.text or "")}))


async def write_moment(dialogue: Dialogue) -> Next:
    """A time was given: asks once more, with the count, and says the zone."""
    wall, zone = read_moment(dialogue.message.text or "", zone=dialogue.zone, now=utc_now())
    found = await dialogue.found()
    if dialogue.code == "at":
        moment = to_utc(wall, zone)
        what, words = f"a{int(moment.timestamp()) // 60}", f"{shown(wall)} {zone} ({shown(moment)} UTC)"
        when = html(dialogue.language, "broadcast.when.at", moment=words)
    else:
        what = f"l{wall:%Y%m%d%H%M}"
        when = html(dialogue.language, "broadcast.when.local", moment=shown(wall))
    async with dialogue.database.connection() as connection:
        languages = await broadcasts.count(connection, dialogue.project, found.broadcast.segment)
    text = html(dialogue.language, "broadcast.ask.sure", count=sum(languages.values())) + "\n" + when
    return text, confirm_keyboard(found.broadcast, dialogue.language, "y", what)


async def write_correction(dialogue: Dialogue) -> None:
    """New words for one version of what was sent; the other versions, its buttons and its picture stay."""
    message = dialogue.message
    found = await dialogue.found()
    former = found.broadcast.content[dialogue.code]
    text = message.html_text if message.text or message.caption else ""
    content = {**found.broadcast.content, dialogue.code: checked({**former, "text": text})}
    async with dialogue.database.transaction() as connection:
        await broadcasts.edit(
            connection, dialogue.project, dialogue.broadcast_id, read_content(content), actor=dialogue.actor
        )


STEPS: Final[dict[str | None, Callable[[Dialogue], Awaitable[Next | None]]]] = {
    Writing.version.state: write_version,
    Writing.buttons.state: write_buttons,
    Writing.moment.state: write_moment,
    Writing.correction.state: write_correction,
}
