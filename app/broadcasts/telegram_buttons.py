"""What a press on a manager's button does: each letter that a button carries is a verb of the desk."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, User

from app.broadcasts import telegram_words
from app.broadcasts.errors import BroadcastNotFound, ContentMissing, WrongState
from app.broadcasts.panel import (
    Press,
    back,
    confirm_keyboard,
    languages_keyboard,
    panel,
    segment_keyboard,
    segment_words,
    toggled,
    versions_of,
    when_keyboard,
)
from app.broadcasts.repository import BroadcastRepository
from app.broadcasts.samples import send_samples
from app.broadcasts.schedule import At, LocalTime, Now
from app.broadcasts.service import Found, broadcasts
from app.broadcasts.telegram_words import Writing
from app.catalogue.library import Project
from app.crm.audit import Actor
from app.crm.groups import StaffGroup
from app.errors import ArcanaError, InvalidRequest
from app.kit.database import Database
from app.locales import html, plain
from app.settings import Settings


def actor(person: User | None) -> Actor:
    return Actor(person.id, person.full_name) if person is not None else Actor(0, "")


class Desk:
    """One press of a manager's button."""

    def __init__(
        self,
        query: CallbackQuery,
        message: Message | None,
        bot: Bot,
        project: Project,
        staff: StaffGroup,
        database: Database,
        settings: Settings,
        state: FSMContext,
    ) -> None:
        self.query, self.message = query, message
        self.bot, self.project, self.staff = bot, project, staff
        self.database, self.settings, self.state = database, settings, state
        self.language = staff.language
        self.actor = actor(query.from_user)

    async def do(self, pressed: Press) -> str | None:
        """What the manager reads for a moment. Raises the errors of the service."""
        try:
            broadcast_id = pressed.broadcast_id
        except ValueError:
            raise BroadcastNotFound from None
        verbs = {
            "v": self._write, "b": self._buttons, "s": self._segment, "z": self._toggle, "p": self._preview,
            "t": self._test, "c": self._count, "w": self._when, "g": self._plan, "y": self._start, "x": self._discard,
            "m": self._back, "h": self._pause, "r": self._resume, "k": self._cancel, "K": self._cancel_surely,
            "e": self._edit, "d": self._delete, "D": self._delete_surely,
        }  # fmt: skip
        verb = verbs.get(pressed.do)
        return None if verb is None else await verb(await self._found(broadcast_id), pressed.what)

    async def _found(self, broadcast_id: UUID) -> Found:
        async with self.database.connection() as connection:
            return await broadcasts.get(connection, self.project.id, broadcast_id)

    async def _render(self, text: str, keyboard: InlineKeyboardMarkup | None) -> None:
        if self.message is None:
            return
        try:
            await self.message.edit_text(text, reply_markup=keyboard)
        except TelegramBadRequest as error:
            if "not modified" not in error.message:
                raise

    async def _panel(self, broadcast_id: UUID, *, counted: int | None = None) -> None:
        found = await self._found(broadcast_id)
        await self._render(*panel(found, self.project, self.language, counted=counted))

    async def _ask(self, found: Found, what: State, key: str, *, code: str, **values: Any) -> None:
        """Waits for the manager's next words in this topic; the panel says for which."""
        if self.message is None:
            return
        data = {
            "broadcast": str(found.broadcast.id),
            "code": code,
            "thread": self.message.message_thread_id,
            "zone": values.get("zone", "UTC"),
        }
        await self.state.set_state(what)
        await self.state.set_data(data)
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[back(found.broadcast, self.language)]])
        await self._render(html(self.language, key, **values), keyboard)

    async def _write(self, found: Found, code: str) -> None:
        if found.broadcast.state != "draft" or code not in versions_of(found.broadcast, self.project):
            raise WrongState(state=found.broadcast.state)
        await self._ask(found, Writing.version, "broadcast.ask.version", code=code, name=code.upper())

    async def _buttons(self, found: Found, code: str) -> None:
        if found.broadcast.state != "draft":
            raise WrongState(state=found.broadcast.state)
        if (chosen := await self._which(found, code, "b")) is None:
            return
        await self._ask(found, Writing.buttons, "broadcast.ask.buttons", code=chosen, name=chosen.upper())

    async def _which(self, found: Found, code: str, do: str) -> str | None:
        """The language of the version that is meant; None while the manager is asked for it."""
        versions = found.broadcast.content
        if not versions:
            raise ContentMissing
        if code in versions or len(versions) == 1:
            return code if code in versions else next(iter(versions))
        text = html(self.language, "broadcast.ask.which")
        await self._render(text, languages_keyboard(found.broadcast, self.language, do))
        return None

    async def _segment(self, found: Found, _: str) -> None:
        whom = segment_words(found.broadcast.segment, self.language)
        text = html(self.language, "broadcast.ask.segment", whom=whom)
        await self._render(text, segment_keyboard(found.broadcast, self.project, self.language))

    async def _toggle(self, found: Found, what: str) -> None:
        segment = toggled(found.broadcast.segment, what)
        async with self.database.transaction() as connection:
            changed = await broadcasts.change(connection, self.project.id, found.broadcast.id, {"segment": segment})
        await self._segment(Found(changed, []), "")

    async def _count_people(self, found: Found) -> int:
        async with self.database.connection() as connection:
            languages = await broadcasts.count(connection, self.project, found.broadcast.segment)
        return sum(languages.values())

    async def _count(self, found: Found, _: str) -> None:
        await self._panel(found.broadcast.id, counted=await self._count_people(found))

    async def _preview(self, found: Found, _: str) -> str:
        thread = self.message.message_thread_id if self.message else None
        await self._samples(found, chat_id=self.staff.chat_id, thread_id=thread)
        return plain(self.language, "broadcast.previewed")

    async def _test(self, found: Found, _: str) -> str:
        await self._samples(found, chat_id=self.query.from_user.id, thread_id=None)
        return plain(self.language, "broadcast.tested")

    async def _samples(self, found: Found, *, chat_id: int, thread_id: int | None) -> None:
        try:
            await send_samples(
                self.bot, self.project, found.broadcast.id,
                database=self.database, settings=self.settings, chat_id=chat_id, thread_id=thread_id,
            )  # fmt: skip
        except TelegramForbiddenError as error:
            raise ArcanaError(plain(self.language, "broadcast.error.private")) from error
        except TelegramBadRequest as error:
            private = chat_id > 0 and "chat not found" in error.message
            words = plain(self.language, "broadcast.error.private") if private else error.message
            raise ArcanaError(words) from error

    async def _when(self, found: Found, _: str) -> None:
        await self._render(html(self.language, "broadcast.ask.when"), when_keyboard(found.broadcast, self.language))

    async def _plan(self, found: Found, what: str) -> None:
        if what == "now":
            await self.confirm(found, "now", html(self.language, "broadcast.when.now"))
            return
        key = "broadcast.ask.at" if what == "at" else "broadcast.ask.local"
        zone = await telegram_words.zone_of(self.database, self.project.id, self.query.from_user.id)
        await self._ask(found, Writing.moment, key, code=what, zone=zone)

    async def confirm(self, found: Found, what: str, when: str) -> None:
        """Asks once more, with the count. `what` is the plan as the button carries it; `when` is HTML."""
        people = await self._count_people(found)
        text = html(self.language, "broadcast.ask.sure", count=people) + "\n" + when
        await self._render(text, confirm_keyboard(found.broadcast, self.language, "y", what))

    async def _start(self, found: Found, what: str) -> str:
        async with self.database.transaction() as connection:
            await broadcasts.start(connection, self.project, found.broadcast.id, plan_of(what), actor=self.actor)
            await BroadcastRepository(connection, self.project.id).note_panel(found.broadcast.id, {"shown": ""})
        await self.state.clear()
        await self._panel(found.broadcast.id)
        return plain(self.language, "broadcast.started")

    async def _discard(self, found: Found, _: str) -> None:
        async with self.database.transaction() as connection:
            if found.broadcast.state != "draft":
                raise ArcanaError(plain(self.language, "broadcast.error.state"))
            await broadcasts.cancel(connection, self.project.id, found.broadcast.id, actor=self.actor)
        await self.state.clear()
        await self._panel(found.broadcast.id)

    async def _back(self, found: Found, _: str) -> None:
        await self.state.clear()
        await self._panel(found.broadcast.id)

    async def _pause(self, found: Found, _: str) -> None:
        await self._verb("pause", found)

    async def _resume(self, found: Found, _: str) -> None:
        await self._verb("resume", found)

    async def _cancel(self, found: Found, _: str) -> None:
        text = html(self.language, "broadcast.ask.cancel")
        await self._render(text, confirm_keyboard(found.broadcast, self.language, "K"))

    async def _cancel_surely(self, found: Found, _: str) -> None:
        await self._verb("cancel", found)

    async def _verb(self, verb: str, found: Found) -> None:
        async with self.database.transaction() as connection:
            act = getattr(broadcasts, verb)
            await act(connection, self.project.id, found.broadcast.id, actor=self.actor)
            await BroadcastRepository(connection, self.project.id).note_panel(found.broadcast.id, {"shown": ""})
        await self._panel(found.broadcast.id)

    async def _edit(self, found: Found, code: str) -> None:
        if found.broadcast.state not in ("done", "cancelled"):
            raise WrongState(state=found.broadcast.state)
        if (chosen := await self._which(found, code, "e")) is None:
            return
        await self._ask(found, Writing.correction, "broadcast.ask.correction", code=chosen, name=chosen.upper())

    async def _delete(self, found: Found, _: str) -> None:
        text = html(self.language, "broadcast.ask.delete")
        await self._render(text, confirm_keyboard(found.broadcast, self.language, "D"))

    async def _delete_surely(self, found: Found, _: str) -> None:
        async with self.database.transaction() as connection:
            await broadcasts.delete(connection, self.project, found.broadcast.id, actor=self.actor)
            await BroadcastRepository(connection, self.project.id).note_panel(found.broadcast.id, {"shown": ""})
        await self._panel(found.broadcast.id)


def plan_of(what: str) -> Now | At | LocalTime:
    """The plan that a button carries: `now`, `a` and a Unix time in minutes, `l` and a wall time.

    Raises `InvalidRequest` for what no button of ours carries.
    """
    try:
        if what == "now":
            return Now()
        if what.startswith("a"):
            return At(kind="at", at=datetime.fromtimestamp(60 * int(what[1:]), UTC))
        wall = datetime.strptime(what, "l%Y%m%d%H%M")  # noqa: DTZ007  # a wall time
        return LocalTime(kind="local_time", local_time=f"{wall:%Y-%m-%dT%H:%M}")
    except (ValueError, OverflowError, OSError):
        raise InvalidRequest("This is no time.") from None
