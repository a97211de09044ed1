"""A bot sets itself up when its project appears in the catalogue; only what changed is sent to Telegram."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    MenuButtonCommands,
    MenuButtonWebApp,
    WebAppInfo,
)

from app.catalogue.library import Project
from app.kit import json
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger, redact
from app.locales import LANGUAGES, plain
from app.telegram.links import mini_app
from app.telegram.registry import BotRegistry, usable
from app.telegram.repository import BotRecord, BotRepository, bot_records

log = get_logger("app.telegram.onboarding")

AT_ONCE = 4
# Between the first calls of two bots: setting up a thousand bots takes a minute and never comes as a burst.
STAGGER_SECONDS = 0.05
# A refused token is tried again rarely: only a new token helps, and that is noticed at once.
REFUSED_AGAIN = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that Telegram is told. `content` is all that it depends on."""

    name: str
    content: object
    send: Callable[[Bot], Awaitable[object]]

    @property
    def hash(self) -> str:
        return json.digest(self.content)


class Onboarding:
    """One pass over all bots. A pass over bots whose settings are unchanged costs one query and calls
    nobody."""

    def __init__(self, bots: BotRegistry, database: Database) -> None:
        self._bots = bots
        self._database = database

    async def run(self) -> int:
        """Sets up every bot that needs it; the number of bots that were talked to."""
        async with self._database.connection() as connection:
            records = await bot_records(connection)
        due = [project for project in self._bots.projects() if self._is_due(project, records)]
        known = {project.bot.id for project in self._bots.projects() if project.bot}
        for record in records.values():
            if record.bot_id not in known and record.state != "gone":
                async with self._database.connection() as connection:
                    await BotRepository(connection, record.project_id).forget(record.bot_id)
        room = asyncio.Semaphore(AT_ONCE)

        async def set_up(project: Project, position: int) -> None:
            await asyncio.sleep(position * STAGGER_SECONDS)
            async with room:
                await self.set_up(project)

        async with asyncio.TaskGroup() as group:
            for position, project in enumerate(due):
                group.create_task(set_up(project, position))
        return len(due)

    def _is_due(self, project: Project, records: dict[int, BotRecord]) -> bool:
        assert project.bot is not None  # noqa: S101  # BotRegistry.projects() gives only those
        record = records.get(project.bot.id)
        if record is None or record.settings_hash != self.fingerprint(project):
            return True
        return record.next_check_at is not None and record.next_check_at <= utc_now()

    def settings(self, project: Project) -> list[Setting]:
        """All that this bot's Telegram should know, in the order in which it is sent."""
        if project.status == "draft":
            return []
        return [self._delivery(project), *self._commands(project), self._menu(project)]

    def fingerprint(self, project: Project) -> str:
        """Changes if and only if there is something to tell Telegram."""
        assert project.bot is not None  # noqa: S101  # as above
        parts = {setting.name: setting.hash for setting in self.settings(project)}
        return json.digest([project.id, project.status, self._account(project), parts])

    def _account(self, project: Project) -> str:
        """A new token, or another Bot API server, knows nothing of what the former was told."""
        assert project.bot is not None  # noqa: S101  # as above
        return json.digest([self._bots.settings.telegram_api_url, project.bot.token.get_secret_value()])

    async def set_up(self, project: Project) -> bool:
        """Talks to one bot's Telegram; true if everything is as it should be. What is wrong is recorded in
        words."""
        assert project.bot is not None  # noqa: S101  # as above
        bot_id = project.bot.id
        async with self._database.connection() as connection:
            record = await BotRepository(connection, project.id).get(bot_id)
        sent = dict(record.sent) if record else {}
        failures = record.failures if record else 0
        bot = self._bots.bot(bot_id)
        if bot is None or not usable(bot.token, bot_id):
            return await self._fail(project, sent, "refused", "token_malformed", REFUSED_AGAIN)
        wanted = self.settings(project)
        account = self._account(project)
        if sent.get("account") != account:
            sent = {"account": account}
        try:
            me = await bot.get_me()
            for setting in wanted:
                if sent.get(setting.name) != setting.hash:
                    await setting.send(bot)
                    sent[setting.name] = setting.hash
        except (TelegramUnauthorizedError, TelegramNotFound):
            return await self._fail(project, {}, "refused", "token_refused", REFUSED_AGAIN)
        except TelegramRetryAfter as error:
            again = timedelta(seconds=error.retry_after)
            return await self._fail(project, sent, "failing", "telegram_unreachable", again)
        except (TelegramNetworkError, TelegramServerError, ClientDecodeError):
            again = timedelta(seconds=min(600, 5 * 2 ** min(failures, 10)))
            return await self._fail(project, sent, "failing", "telegram_unreachable", again)
        except TelegramAPIError as error:
            return await self._fail(
                project, sent, "failing", "settings_refused", timedelta(minutes=10), reason=error.message
            )
        names = {"account", *(setting.name for setting in wanted)}
        async with self._database.connection() as connection:
            await BotRepository(connection, project.id).succeed(
                bot_id,
                webhook_id=self._bots.webhooks.webhook(bot_id).id,
                state="ready" if wanted else "prepared",
                username=me.username,
                sent={name: value for name, value in sent.items() if name in names},
                settings_hash=self.fingerprint(project),
            )
        log.info("bot is set up", bot_id=bot_id, project=project.key, username=me.username)
        return True

    async def _fail(
        self,
        project: Project,
        sent: dict[str, str],
        state: str,
        code: str,
        again: timedelta,
        *,
        reason: str = "",
    ) -> bool:
        assert project.bot is not None  # noqa: S101  # as above
        words = plain("en", f"bot_error.{code}", reason=redact(reason))
        async with self._database.connection() as connection:
            news = await BotRepository(connection, project.id).fail(
                project.bot.id,
                webhook_id=self._bots.webhooks.webhook(project.bot.id).id,
                state=state,
                sent=sent,
                settings_hash=self.fingerprint(project),
                error_code=code,
                error=words,
                check_after=again,
            )
        if news:
            log.error("bot cannot be set up", bot_id=project.bot.id, project=project.key, code=code, reason=words)
        return False

    def _delivery(self, project: Project) -> Setting:
        """Webhook or polling. Pending updates are never dropped: a payment may be among them."""
        assert project.bot is not None  # noqa: S101  # as above
        if self._bots.settings.telegram_updates == "polling":

            async def delete(bot: Bot) -> None:
                if (await bot.get_webhook_info()).url:
                    await bot.delete_webhook(drop_pending_updates=False)

            return Setting("delivery", "polling", delete)
        webhook = self._bots.webhooks.webhook(project.bot.id)
        url = f"{self._bots.settings.public_url}/telegram/webhook/{webhook.id}"
        allowed = self._bots.allowed_updates

        async def set_webhook(bot: Bot) -> None:
            await bot.set_webhook(url, allowed_updates=allowed, secret_token=webhook.secret, drop_pending_updates=False)

        return Setting("delivery", [url, allowed, hashlib.sha256(webhook.secret.encode()).hexdigest()], set_webhook)

    def _commands(self, project: Project) -> list[Setting]:
        """For everybody in the project's first language, and in each of its further languages that bots
        speak."""
        spoken = [language for language in project.languages[1:] if language in LANGUAGES]

        def commands(language: str, code: str | None) -> Setting:
            start = BotCommand(command="start", description=plain(language, "command.start"))

            async def send(bot: Bot) -> None:
                await bot.set_my_commands([start], language_code=code)

            return Setting(f"commands:{code or 'default'}", [start.command, start.description], send)

        return [
            commands(project.default_language, None),
            *(commands(language, language) for language in spoken),
        ]

    def _menu(self, project: Project) -> Setting:
        """The button beside the message field opens the Mini App; while the project is off, the commands."""
        app = mini_app(self._bots.settings, project)
        if not project.live or app.door != "web_app":

            async def show_commands(bot: Bot) -> None:
                await bot.set_chat_menu_button(menu_button=MenuButtonCommands())

            return Setting("menu", "commands", show_commands)
        caption = plain(project.default_language, "menu.open")

        async def show_app(bot: Bot) -> None:
            await bot.set_chat_menu_button(menu_button=MenuButtonWebApp(text=caption, web_app=WebAppInfo(url=app.url)))

        return Setting("menu", [caption, app.url], show_app)
