"""Fetching updates where no webhook can reach us: one poller a bot, whoever runs it, and the same storing."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiogram import Bot, Router
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod

from app.alerts.runtime import alerting
from app.catalogue.library import Project
from app.container import open_container
from app.errors import Unavailable
from app.kit import json
from app.kit.database import LOST, Database
from app.kit.telemetry import get_logger, redact
from app.locales import plain
from app.settings import Settings
from app.telegram.checkout import KIND, Checkout
from app.telegram.dispatcher import build_dispatcher
from app.telegram.inbox import Inbox
from app.telegram.registry import BotRegistry
from app.telegram.repository import BotRepository
from app.telegram.updates import Arrival, MalformedUpdate, read

if sys.platform != "win32":
    import resource

log = get_logger("app.telegram.polling")

POLL_SECONDS = 25
LONGEST_PAUSE = 60.0
# How soon a new bot is polled, a removed one left alone, and a lease of a dead process taken over.
LOOK_SECONDS = 1.0
OPEN_FILES = 16_384

# Of all bots in one statement: a process that stands by asks every second.
_LEASE = "hashtextextended('arcana telegram poller ' || bot_id, 0)"
TRY_LEASES = f"SELECT bot_id FROM unnest($1::bigint[]) AS bot_id WHERE pg_try_advisory_lock({_LEASE})"  # noqa: S608  # the lease is a constant
GIVE_BACK = f"SELECT pg_advisory_unlock({_LEASE}) FROM (SELECT $1::bigint AS bot_id) AS given"  # noqa: S608  # as above


class GetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates with the updates as they came; aiogram reads them only when they are worked on."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int = POLL_SECONDS
    allowed_updates: list[str] | None = None


class Poller:
    """Polls every bot of the catalogue that no other process polls.

    The lease is an advisory lock of one database session: it ends with the process, however that ends.
    """

    def __init__(
        self,
        bots: BotRegistry,
        database: Database,
        checkout: Checkout,
        *,
        poll_seconds: int = POLL_SECONDS,
        first_pause: float = 1.0,
    ) -> None:
        self._bots = bots
        self._database = database
        self._checkout = checkout
        self._inbox = Inbox(database, transport="polling")
        self._poll_seconds = poll_seconds
        self._first_pause = first_pause
        # The token with which a bot was refused: it is left alone until it gets another one.
        self._refused: dict[int, str] = {}
        # What was said of a bot, so that it is said once.
        self._noted: dict[int, str] = {}

    async def run(self) -> None:
        """Until cancelled; comes back by itself after the database was away."""
        while True:
            try:
                async with self._lease_session() as session:
                    await self._supervise(session)
            except (*LOST, Unavailable) as error:
                log.warning("polling waits for the database", reason=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def _lease_session(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        session = await self._database.dedicated()
        try:
            yield session
        finally:
            # Closing gives all leases back.
            session.terminate()

    async def _supervise(self, session: "asyncpg.Connection[asyncpg.Record]") -> None:
        """Keeps one task for each bot whose lease this session holds; returns when the session is lost."""
        tasks: dict[int, asyncio.Task[None]] = {}
        try:
            while not session.is_closed():
                polled = (project for project in self._bots.projects() if self._polled(project))
                wanted = {project.bot.id for project in polled if project.bot}
                for bot_id in [known for known, task in tasks.items() if known not in wanted or task.done()]:
                    await _stop(tasks.pop(bot_id))
                    await session.execute(GIVE_BACK, bot_id)
                for row in await session.fetch(TRY_LEASES, list(wanted - tasks.keys())):
                    tasks[row["bot_id"]] = asyncio.create_task(self._poll(row["bot_id"]))
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await asyncio.gather(*(_stop(task) for task in tasks.values()))

    def _polled(self, project: Project) -> bool:
        if project.bot is None or project.status == "draft" or self._bots.bot(project.bot.id) is None:
            return False
        return self._refused.get(project.bot.id) != project.bot.token.get_secret_value()

    async def _poll(self, bot_id: int) -> None:
        """One bot until it leaves the catalogue, changes its token, or Telegram refuses it."""
        offset: int | None = None
        pause = self._first_pause
        first = self._bots.bot(bot_id)
        while (bot := self._bots.bot(bot_id)) is not None and bot is first:
            project = self._bots.project(bot_id)
            if project is None:
                return
            try:
                method = GetUpdates(
                    offset=offset, timeout=self._poll_seconds, allowed_updates=self._bots.allowed_updates
                )
                found = await bot(method, request_timeout=self._poll_seconds + 15)
                # Only what is stored may be confirmed, and the next offset confirms it.
                offset = await self._keep(project, bot_id, found) or offset
            except (TelegramUnauthorizedError, TelegramNotFound):
                self._refused[bot_id] = bot.token
                await self._note(project, bot_id, "token_refused")
                return
            except TelegramConflictError as error:
                await self._resolve(project, bot, error)
                pause = await self._rest(pause)
            except TelegramRetryAfter as error:
                await asyncio.sleep(error.retry_after)
            except (TelegramAPIError, Unavailable) as error:
                log.warning("polling pauses", bot_id=bot_id, reason=redact(str(error)), seconds=round(pause))
                pause = await self._rest(pause)
            else:
                await self._note(project, bot_id, None)
                pause = self._first_pause

    async def _keep(self, project: Project, bot_id: int, found: list[dict[str, Any]]) -> int | None:
        """Stores a batch; the offset that confirms it."""
        if not found:
            return None
        came = []
        for update in found:
            try:
                came.append(read(json.dumps(update)))
            except MalformedUpdate as error:
                # It would come again for ever, and everything after it never.
                log.error("a malformed update was skipped", bot_id=bot_id, reason=error.message)
        # Whoever is about to pay waits for the answer.
        await asyncio.gather(
            *(
                self._checkout.receive(self._inbox, project=project, incoming=incoming)
                if incoming.kind == KIND
                else self._inbox.keep(Arrival(project.id, bot_id, incoming))
                for incoming in came
            )
        )
        return max(int(update["update_id"]) for update in found) + 1

    async def _resolve(self, project: Project, bot: Bot, error: TelegramConflictError) -> None:
        """409: a webhook is still set, and is removed without dropping updates; or somebody else polls."""
        if "webhook" not in error.message:
            await self._note(project, bot.id, "polled_elsewhere")
            return
        try:
            await bot.delete_webhook(drop_pending_updates=False)
        except TelegramAPIError as failure:
            log.warning("the webhook could not be removed", bot_id=bot.id, reason=redact(str(failure)))

    async def _rest(self, pause: float) -> float:
        """Sleeps, with jitter; the next pause."""
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  # only spreads the load
        return min(LONGEST_PAUSE, pause * 2)

    async def _note(self, project: Project, bot_id: int, code: str | None) -> None:
        """Records what is wrong, or that what was wrong before is over; each change once."""
        before = self._noted.get(bot_id)
        if code == before:
            return
        words = plain("en", f"bot_error.{code}") if code else None
        try:
            async with self._database.connection() as connection:
                await BotRepository(connection, project.id).note(
                    bot_id, error_code=code, error=words, instead_of=before
                )
        except Unavailable:
            return
        if code is None:
            del self._noted[bot_id]
        else:
            self._noted[bot_id] = code
            log.error("bot cannot be polled", bot_id=bot_id, project=project.key, code=code, reason=words)


async def run_polling(settings: Settings, routers: Sequence[Router]) -> None:
    """`python -m app polling`, until cancelled. Does nothing while updates come by webhook."""
    async with open_container(settings) as container, alerting(container, "polling"):
        if settings.telegram_updates != "polling":
            log.warning("updates come by webhook (TELEGRAM_UPDATES); nothing is polled")
            await asyncio.Event().wait()
        bots = BotRegistry(
            settings=settings,
            secret=container.secret,
            catalogue=container.catalogue,
            database=container.database,
            redis=container.redis,
            dispatcher=build_dispatcher(container.redis, routers),
        )
        _allow_connections()
        await container.catalogue.start()
        try:
            await Poller(bots, container.database, container.checkout).run()
        finally:
            await container.catalogue.stop()
            await bots.close()


def _allow_connections() -> None:
    """Each poll holds a connection, and the usual limit of 1,024 open files ends short of a thousand bots."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def _stop(task: "asyncio.Task[None]") -> None:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return
    except Exception:  # a poller that died is started anew; its reason must not be lost
        log.exception("a poller failed")
