"""A bot sets itself up when its project appears in the catalogue; only what changed is sent to Telegram.

What becomes of a bot whose project is switched off: it keeps its webhook and goes on answering, so that people are
told politely; its commands shrink to what they may ask at any time, and its menu no longer opens the Mini App. Only
a bot that is gone (its project has a tombstone, lost its token or took another bot) loses the webhook and our
commands, for nobody would answer there. Its sealed token is kept until Telegram has been told, and no longer.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.types import MenuButtonDefault

from app.catalogue.library import Project
from app.kit import json
from app.kit.clock import utc_now
from app.kit.crypto import CannotOpen, Keyring
from app.kit.database import Database
from app.kit.telemetry import get_logger, redact
from app.locales import plain
from app.telegram import presentation
from app.telegram.presentation import NOBODY, Audience, Setting
from app.telegram.registry import BotRegistry, usable
from app.telegram.repository import BotRecord, BotRepository, bot_records

log = get_logger("app.telegram.onboarding")

JOB = "telegram.set_up_bots"
AT_ONCE = 4
# Between the first calls of two bots: setting up a thousand bots takes a minute and never comes as a burst.
STAGGER_SECONDS = 0.05
# A refused token is tried again rarely: only a new token helps, and that is noticed at once.
REFUSED_AGAIN = timedelta(hours=6)
# A group or a person that Telegram does not let this bot see.
UNSEEN_AGAIN = timedelta(hours=1)
# A bot that is gone: after so many failures (a day and a half) its webhook is left to Telegram, which gives up too.
LEAVE_ATTEMPTS = 220

UNREACHABLE = (TelegramNetworkError, TelegramServerError, ClientDecodeError)


@dataclass(slots=True)
class _Round:
    """What became of the settings of one bot."""

    sent: dict[str, str]
    # When to come back for what Telegram did not take yet, and what it does not take at all.
    again: timedelta | None = None
    refused: list[str] = field(default_factory=list)

    def later(self, delay: timedelta) -> None:
        self.again = delay if self.again is None else min(self.again, delay)


class Onboarding:
    """One pass over all bots. A pass over bots whose settings are unchanged costs two queries and calls nobody."""

    def __init__(self, bots: BotRegistry, database: Database, keyring: Keyring) -> None:
        self._bots = bots
        self._database = database
        self._keyring = keyring
        # A project is the same object for as long as the catalogue is the same.
        self._fingerprints: dict[int, tuple[Project, Audience, str]] = {}

    async def run(self) -> int:
        """Sets up every bot that needs it and takes leave of those that are gone; how many were talked to."""
        if not self._bots.loaded:
            # Before the first catalogue every bot would look gone.
            return 0
        async with self._database.connection() as connection:
            records = await bot_records(connection)
            audiences = await presentation.audiences(connection, self._bots.settings.super_admins)
        projects = list(self._bots.projects())
        due = []
        for number, project in enumerate(projects):
            audience = audiences.get(project.id, NOBODY)
            if self._is_due(project, audience, records):
                due.append((project, audience))
            if number % 100 == 99:
                # Hashing a thousand bots at once would hold up everything else of this process.
                await asyncio.sleep(0)
        known = {project.bot.id for project in projects if project.bot}
        self._fingerprints = {bot_id: kept for bot_id, kept in self._fingerprints.items() if bot_id in known}
        gone = [record for record in records.values() if record.bot_id not in known and _may_leave(record)]
        room = asyncio.Semaphore(AT_ONCE)

        async def staggered(position: int) -> None:
            await asyncio.sleep(position * STAGGER_SECONDS)
            async with room:
                if position < len(due):
                    await self.set_up(*due[position])
                else:
                    await self.leave(gone[position - len(due)])

        async with asyncio.TaskGroup() as group:
            for position in range(len(due) + len(gone)):
                group.create_task(staggered(position))
        return len(due) + len(gone)

    def _is_due(self, project: Project, audience: Audience, records: dict[int, BotRecord]) -> bool:
        assert project.bot is not None  # noqa: S101  # BotRegistry.projects() gives only those
        record = records.get(project.bot.id)
        if record is None or record.settings_hash != self.fingerprint(project, audience):
            return True
        return record.next_check_at is not None and record.next_check_at <= utc_now()

    def settings(self, project: Project, audience: Audience = NOBODY) -> list[Setting]:
        """All that this bot's Telegram should know, in the order in which it is sent."""
        if project.status == "draft":
            return []
        return [
            self._delivery(project),
            *presentation.all_commands(project, audience),
            presentation.menu(self._bots.settings, project),
            *presentation.texts(project),
        ]

    def fingerprint(self, project: Project, audience: Audience = NOBODY) -> str:
        """Changes if and only if there is something to tell Telegram."""
        assert project.bot is not None  # noqa: S101  # as above
        kept = self._fingerprints.get(project.bot.id)
        if kept is None or kept[0] is not project or kept[1] != audience:
            parts = [[setting.name, setting.content] for setting in self.settings(project, audience)]
            fresh = json.digest([project.id, project.status, self._account(project), parts])
            kept = self._fingerprints[project.bot.id] = project, audience, fresh
        return kept[2]

    def _account(self, project: Project) -> str:
        """A new token, or another Bot API server, knows nothing of what the former was told."""
        assert project.bot is not None  # noqa: S101  # as above
        return json.digest([self._bots.settings.telegram_api_url, project.bot.token.get_secret_value()])

    def _delivery(self, project: Project) -> Setting:
        assert project.bot is not None  # noqa: S101  # as above
        if self._bots.settings.telegram_updates == "polling":
            return presentation.no_delivery()
        webhook = self._bots.webhooks.webhook(project.bot.id)
        return presentation.delivery(self._address(webhook.id), webhook, self._bots.allowed_updates)

    def _address(self, webhook_id: str) -> str:
        return f"{self._bots.settings.public_url}/telegram/webhook/{webhook_id}"

    async def set_up(self, project: Project, audience: Audience = NOBODY) -> bool:
        """Talks to one bot's Telegram; true if everything is as it should be. What is wrong is recorded in
        words."""
        assert project.bot is not None  # noqa: S101  # as above
        bot_id = project.bot.id
        async with self._database.connection() as connection:
            record = await BotRepository(connection, project.id).get(bot_id)
        failures = record.failures if record else 0
        bot = self._bots.bot(bot_id)
        account = self._account(project)
        outcome = _Round(dict(record.sent) if record else {})
        if bot is None or not usable(bot.token, bot_id):
            return await self._fail(project, audience, outcome.sent, "refused", "token_malformed", REFUSED_AGAIN)
        if outcome.sent.get("account") != account:
            outcome.sent = {"account": account}
        wanted = self.settings(project, audience)
        try:
            me = await bot.get_me()
            await self._send(bot, wanted, outcome)
            if wanted:
                await self._take_back(bot, {"account", *(setting.name for setting in wanted)}, outcome)
        except (TelegramUnauthorizedError, TelegramNotFound):
            return await self._fail(project, audience, {}, "refused", "token_refused", REFUSED_AGAIN)
        except TelegramRetryAfter as error:
            again = timedelta(seconds=error.retry_after)
            return await self._fail(project, audience, outcome.sent, "failing", "telegram_unreachable", again)
        except UNREACHABLE:
            return await self._fail(
                project, audience, outcome.sent, "failing", "telegram_unreachable", _pause(failures)
            )
        except TelegramAPIError as error:
            outcome.refused.append(error.message)
        if outcome.refused:
            return await self._fail(
                project, audience, outcome.sent, "failing", "settings_refused", timedelta(minutes=10),
                reason="; ".join(outcome.refused),
            )  # fmt: skip
        async with self._database.connection() as connection:
            await BotRepository(connection, project.id).succeed(
                bot_id,
                webhook_id=self._bots.webhooks.webhook(bot_id).id,
                state="ready" if wanted else "prepared",
                username=me.username,
                sent=outcome.sent,
                settings_hash=self.fingerprint(project, audience),
                sealed_token=self._seal(project),
                check_after=outcome.again,
            )
        log.info("bot is set up", bot_id=bot_id, project=project.key, username=me.username)
        return True

    async def _send(self, bot: Bot, wanted: list[Setting], outcome: _Round) -> None:
        for setting in wanted:
            if outcome.sent.get(setting.name) == setting.hash:
                continue
            try:
                await setting.send(bot)
            except TelegramRetryAfter as error:
                # Names and descriptions may change a few times a day only: the bot works meanwhile.
                if setting.essential:
                    raise
                outcome.later(timedelta(seconds=error.retry_after))
            except (TelegramBadRequest, TelegramForbiddenError) as error:
                if setting.essential:
                    raise
                if setting.name.startswith("commands:"):
                    log.info("commands wait for their chat", bot_id=bot.id, setting=setting.name, reason=error.message)
                    outcome.later(UNSEEN_AGAIN)
                else:
                    outcome.refused.append(error.message)
            else:
                outcome.sent[setting.name] = setting.hash

    async def _take_back(self, bot: Bot, wanted: set[str], outcome: _Round) -> None:
        for name in outcome.sent.keys() - wanted:
            try:
                await presentation.take_back(bot, name)
            except TelegramRetryAfter as error:
                outcome.later(timedelta(seconds=error.retry_after))
                continue
            except (TelegramBadRequest, TelegramForbiddenError):
                # The group or the person is not there any more, and neither are the commands.
                pass
            del outcome.sent[name]

    async def leave(self, record: BotRecord) -> bool:
        """Takes leave of a bot that is gone; true when nothing is left to be told. A webhook that is not ours stays:
        the bot serves somebody else now, and so do its commands."""
        token = self._open(record)
        if token is None or not record.sent or not usable(token, record.bot_id):
            return await self._forget(record)
        bot = self._bots.connect(token)
        try:
            address = (await bot.get_webhook_info()).url
            if address in ("", self._address(record.webhook_id)):
                if address:
                    await bot.delete_webhook(drop_pending_updates=False)
                outcome = _Round({name: hash for name, hash in record.sent.items() if name.startswith("commands:")})
                await self._take_back(bot, set(), outcome)
                await bot.set_chat_menu_button(menu_button=MenuButtonDefault())
        except (TelegramUnauthorizedError, TelegramNotFound):
            # The token was revoked, and with it our right to the bot.
            return await self._forget(record)
        except (*UNREACHABLE, TelegramRetryAfter) as error:
            if record.failures >= LEAVE_ATTEMPTS:
                log.error("a bot that is gone could not be told", bot_id=record.bot_id, reason=type(error).__name__)
                return await self._forget(record)
            pause = _pause(record.failures)
            if isinstance(error, TelegramRetryAfter):
                pause = max(pause, timedelta(seconds=error.retry_after))
            async with self._database.connection() as connection:
                await BotRepository(connection, record.project_id).leave_later(record.bot_id, check_after=pause)
            return False
        except TelegramAPIError as error:
            log.warning("a bot that is gone refused", bot_id=record.bot_id, reason=redact(error.message))
        return await self._forget(record)

    async def _forget(self, record: BotRecord) -> bool:
        async with self._database.connection() as connection:
            await BotRepository(connection, record.project_id).forget(record.bot_id)
        log.info("bot is gone", bot_id=record.bot_id, project_id=record.project_id)
        return True

    def _seal(self, project: Project) -> str:
        assert project.bot is not None  # noqa: S101  # as above
        token = project.bot.token.get_secret_value()
        return self._keyring.seal(json.dumps({"bot": project.bot.id, "token": token}))

    def _open(self, record: BotRecord) -> str | None:
        if record.sealed_token is None:
            return None
        try:
            return str(json.loads(self._keyring.open(record.sealed_token))["token"])
        except (CannotOpen, ValueError, KeyError, TypeError):
            log.warning("the token of a bot that is gone does not open any more", bot_id=record.bot_id)
            return None

    async def _fail(
        self,
        project: Project,
        audience: Audience,
        sent: dict[str, str],
        state: str,
        code: str,
        again: timedelta,
        *,
        reason: str = "",
    ) -> bool:
        assert project.bot is not None  # noqa: S101  # as above
        reason = redact(reason)[:500]
        words = plain("en", f"bot_error.{code}", reason=reason)
        async with self._database.connection() as connection:
            news = await BotRepository(connection, project.id).fail(
                project.bot.id,
                webhook_id=self._bots.webhooks.webhook(project.bot.id).id,
                state=state,
                sent=sent,
                settings_hash=self.fingerprint(project, audience),
                sealed_token=self._seal(project) if sent else None,
                error_code=code,
                error=words,
                reason=reason,
                check_after=again,
            )
        if news:
            log.error("bot cannot be set up", bot_id=project.bot.id, project=project.key, code=code, reason=words)
        return False


def _may_leave(record: BotRecord) -> bool:
    if record.state == "gone":
        return False
    return record.state != "leaving" or record.next_check_at is None or record.next_check_at <= utc_now()


def _pause(failures: int) -> timedelta:
    return timedelta(seconds=min(600, 5 * 2 ** min(failures, 10)))
