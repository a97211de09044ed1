"""The bot's part: what waits for a person becomes one message, sent at most once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from uuid import UUID

import asyncpg
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions

from app.catalogue.library import Library, Project
from app.kit.clock import utc_now
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.locales import Words
from app.notifications.kinds import KINDS, Said, Screen
from app.notifications.preferences import quiet_ends_sql, quiet_join_sql, wishes
from app.notifications.repository import Notification, NotificationRepository
from app.notifications.service import DELIVER
from app.settings import Settings
from app.telegram.departures import DepartureRepository
from app.telegram.limiter import Congested
from app.telegram.links import mini_app
from app.telegram.registry import BotRegistry
from app.telegram.session import never_sent
from app.worker.port import enqueue

log = get_logger("app.notifications")

# Telegram takes 4096 characters of text; the title and an address need some.
TEXT_CHARACTERS = 3500
TITLES = 5
RETRY = timedelta(minutes=1)
REVOKED_RETRY = timedelta(minutes=10)
# Nobody wants to hear of it by then; the inbox still has it.
STALE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent to one person as one message."""

    bot: Bot
    project: Project
    telegram_id: int
    ids: list[UUID]
    text: str
    keyboard: InlineKeyboardMarkup | None


class Delivery:
    """`project_id` and `user_id` are the person's; each step is a transaction of its own."""

    def __init__(
        self,
        database: Database,
        bots: BotRegistry,
        library: Library,
        settings: Settings,
        *,
        project_id: int,
        user_id: UUID,
    ) -> None:
        self._database = database
        self._bots = bots
        self._library = library
        self._settings = settings
        self._project_id = project_id
        self._user_id = user_id

    async def run(self) -> None:
        """Sends what is due; nothing if there is none, somebody else sends it, or it must wait."""
        parcel = await self._pack()
        if parcel is None:
            return
        try:
            await parcel.bot.send_message(
                parcel.telegram_id,
                parcel.text,
                reply_markup=parcel.keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        except (TelegramForbiddenError, TelegramNotFound):
            await self._mark(parcel.ids, "skipped")
        except TelegramRetryAfter as error:
            await self._postpone(parcel.ids, timedelta(seconds=error.retry_after))
        except Congested as error:
            await self._postpone(parcel.ids, timedelta(seconds=error.facts["retry_after"]))
        except TelegramUnauthorizedError:
            await self._postpone(parcel.ids, REVOKED_RETRY)
        except TelegramNetworkError as error:
            if never_sent(error):
                await self._postpone(parcel.ids, RETRY)
            else:
                await self._mark(parcel.ids, "uncertain")
        except TelegramServerError:
            await self._mark(parcel.ids, "uncertain")
        except TelegramBadRequest as error:
            # Somebody who only ever opened the Mini App: the bot may not begin a chat.
            gone = "chat not found" in error.message
            if not gone:
                log.error("a notice was refused", project=parcel.project.key, reason=error.message)
            await self._mark(parcel.ids, "skipped" if gone else "failed")
        except TelegramAPIError as error:
            log.error("a notice was refused", project=parcel.project.key, reason=error.message)
            await self._mark(parcel.ids, "failed")
        else:
            await self._mark(parcel.ids, "sent")

    async def _pack(self) -> Parcel | None:
        """Takes what is due and commits it as `sending`; sets aside what cannot be sent, or not now."""
        async with self._database.transaction() as connection:
            inbox = NotificationRepository(connection, self._project_id, self._user_id)
            due = await inbox.take_due()
            if not due:
                return None
            person = await connection.fetchrow(
                f"""
                SELECT telegram_id, language, state, address, gender, consented_at, {quiet_ends_sql()} - now() AS quiet
                FROM users {quiet_join_sql()}
                WHERE users.project_id = $1 AND users.id = $2
                """,  # noqa: S608  # built from the preferences' own words
                self._project_id, self._user_id,
            )  # fmt: skip
            ids = [notification.id for notification in due]
            project = self._library.project_by_id(self._project_id)
            if person is None or person["telegram_id"] is None or due[0].created_at < utc_now() - STALE:
                await inbox.mark(ids, "skipped")
                return None
            if project is None or person["quiet"]:
                # A process that has just started may not know the project yet.
                await self._wait(connection, ids, max(person["quiet"], RETRY) if project is None else person["quiet"])
                return None
            bot = self._bots.bot(project.bot.id) if project.bot and project.live else None
            switches = (await wishes(connection, project_id=self._project_id, user_id=self._user_id)).switches
            wanted = [
                notification
                for notification in due
                if notification.read_at is None
                and notification.kind in KINDS
                and switches[notification.kind]
                and (person["state"] == "active" or KINDS[notification.kind].reaches_blocked)
            ]
            if bot is None or await DepartureRepository(connection, project.id).reason(bot.id, person["telegram_id"]):
                wanted = []
            chosen = [notification.id for notification in wanted]
            await inbox.mark([id for id in ids if id not in chosen], "skipped")
            if bot is None or not wanted:
                return None
            await inbox.mark(chosen, "sending")
            # Before the commit: what cannot be composed has surely not been sent.
            text, keyboard = compose(
                wanted,
                self._settings,
                project,
                words=_words(project.language(person["language"]), person),
                with_way_in=person["state"] == "active",
            )
            return Parcel(bot, project, person["telegram_id"], chosen, text, keyboard)

    async def _mark(self, ids: list[UUID], delivery: str) -> None:
        async with self._database.connection() as connection:
            await NotificationRepository(connection, self._project_id, self._user_id).mark(ids, delivery)

    async def _postpone(self, ids: list[UUID], delay: timedelta) -> None:
        async with self._database.transaction() as connection:
            await self._wait(connection, ids, delay)

    async def _wait(self, connection: Connection, ids: list[UUID], delay: timedelta) -> None:
        await NotificationRepository(connection, self._project_id, self._user_id).postpone(ids, delay)
        await enqueue(connection, DELIVER, {"project": self._project_id, "user": str(self._user_id)}, delay=delay)


def compose(
    notifications: Sequence[Notification], settings: Settings, project: Project, *, words: Words, with_way_in: bool
) -> tuple[str, InlineKeyboardMarkup | None]:
    """Telegram HTML and the button: one notice as it is, several as a list that leads to the inbox."""
    first, *others = notifications
    if others:
        screen = Screen("inbox")
        titles = [_said(notification, words).title for notification in notifications]
        lines = [words.html("notice.many", count=len(titles))]
        lines += [f"• {escape(title, quote=False)}" for title in list(dict.fromkeys(titles))[:TITLES]]
        text = "\n".join(lines)
    else:
        screen = KINDS[first.kind].screen(first.values)
        said = _said(first, words)
        text = f"<b>{escape(said.title, quote=False)}</b>\n\n{escape(_clip(said.text), quote=False)}"
    if not with_way_in:
        return text, None
    app = mini_app(settings, project, screen.path)
    if app.door == "text":
        text += f"\n\n{escape(app.url, quote=False)}"
    return text, app.keyboard(words.plain(f"notice.button.{screen.name}"))


def _said(notification: Notification, words: Words) -> Said:
    return KINDS[notification.kind].render(words, notification.values)


def _words(language: str, person: asyncpg.Record) -> Words:
    return Words(language, person["address"], person["gender"]) if person["consented_at"] else Words(language)


def _clip(text: str) -> str:
    return text if len(text) <= TEXT_CHARACTERS else text[: TEXT_CHARACTERS - 1].rstrip() + "…"
