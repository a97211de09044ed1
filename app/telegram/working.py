"""Working on kept updates: leased, in order per chat, tried again, put aside."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import Update
from pydantic import ValidationError
from redis.exceptions import RedisError

from app.catalogue.library import Project
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger, redact
from app.telegram.limiter import Congested
from app.telegram.metrics import WORKED
from app.telegram.registry import BotRegistry
from app.telegram.updates import JOB, Claimed, UpdateRepository, job_payload
from app.worker.port import enqueue

log = get_logger("app.telegram.working")

# Somebody else's fault, that passes: it costs the update none of its attempts. A revoked token is replaced
# one day.
OUTAGES = (
    TelegramNetworkError,
    TelegramServerError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
    ClientDecodeError,
    RedisError,
    Unavailable,
)
# Seconds before each further attempt of an update whose handler failed.
BACKOFF = (1, 5, 20, 60)
# Telegram itself keeps an update no longer.
GIVE_UP_AFTER = timedelta(hours=24)
# A bot that this process does not know may be one that it has not heard of yet.
UNKNOWN_BOT_PATIENCE = timedelta(seconds=60)


class UpdateWorker:
    """`parts` are what handlers may ask for by name, `lease` is how long a dead process keeps an update from the
    others, `time_limit` in seconds bounds one."""

    def __init__(
        self,
        bots: BotRegistry,
        database: Database,
        *,
        parts: Mapping[str, Any] | None = None,
        lease: timedelta = timedelta(seconds=15),
        time_limit: float = 60.0,
        backoff: tuple[float, ...] = BACKOFF,
    ) -> None:
        self._bots = bots
        self._database = database
        self._parts = {"settings": bots.settings, **(parts or {}), "database": database}
        self._lease = lease
        self._time_limit = time_limit
        self._backoff = backoff

    async def run(self, *, project_id: int, bot_id: int, chat_id: int | None, update_id: int) -> int:
        """Works through the chat, oldest update first, until nothing is left, or the next is taken by another
        process or not yet due. Every update has a job of its own, so stopping early loses none. Returns how
        many were worked.
        """
        worked = 0
        while True:
            async with self._database.connection() as connection:
                claimed = await UpdateRepository(connection, project_id).claim(
                    bot_id, chat_id=chat_id, update_id=update_id, lease=self._lease
                )
            if claimed is None:
                return worked
            worked += 1
            await self._work(project_id, claimed)
            if chat_id is None:
                return worked

    async def _work(self, project_id: int, claimed: Claimed) -> None:
        if claimed.failures > len(self._backoff):
            await self._put_aside(project_id, claimed, "its worker died each time")
            return
        try:
            async with asyncio.timeout(self._time_limit), self._holding(project_id, claimed):
                note = await self._handle(project_id, claimed)
        except asyncio.CancelledError:
            # The process is stopping: another one may go on at once.
            await asyncio.shield(self._again(project_id, claimed, after=0, failed=False, error=None))
            raise
        except _NotYetKnown:
            await self._again(project_id, claimed, after=5, failed=False, error="the bot is not known here yet")
        except ValidationError as error:
            # What aiogram cannot read it will not read the next time either.
            places = ", ".join(".".join(map(str, row["loc"])) for row in error.errors()[:5])
            await self._put_aside(project_id, claimed, f"unreadable update: {places}")
        except OUTAGES as error:
            await self._outage(project_id, claimed, error)
        except Exception as error:  # noqa: BLE001  # any fault of a handler must reach the row, or it is lost
            await self._failure(project_id, claimed, error)
        else:
            async with self._database.connection() as connection:
                await UpdateRepository(connection, project_id).finish(claimed, note=note)
            WORKED.labels("done").inc()

    async def _handle(self, project_id: int, claimed: Claimed) -> str | None:
        """Feeds the dispatcher, then sends what the handler answered; a note if nothing came of it."""
        project = self._bots.project(claimed.bot_id)
        bot = self._bots.bot(claimed.bot_id)
        if project is None or bot is None or project.id != project_id:
            if utc_now() - claimed.received_at < UNKNOWN_BOT_PATIENCE:
                raise _NotYetKnown
            return "dropped: the bot is not in this project's catalogue any more"
        try:
            await self._answer(project, claimed)
        except TelegramForbiddenError as error:
            # The sender has recorded that this chat is gone.
            return f"gone: {error.message}"
        return None

    async def _answer(self, project: Project, claimed: Claimed) -> None:
        bot = self._bots.bot(claimed.bot_id)
        assert bot is not None  # noqa: S101  # asked just before
        update = Update.model_validate(claimed.payload, context={"bot": bot})
        reply = await self._bots.dispatcher.feed_update(bot, update, **self._parts, project=project)
        if isinstance(reply, TelegramMethod):
            await bot(reply)

    @asynccontextmanager
    async def _holding(self, project_id: int, claimed: Claimed) -> AsyncIterator[None]:
        """Renews the lease for as long as the work lasts."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                with suppress(Unavailable):
                    async with self._database.connection() as connection:
                        await UpdateRepository(connection, project_id).renew(claimed, lease=self._lease)

        renewal = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewal.cancel()

    async def _outage(self, project_id: int, claimed: Claimed, error: Exception) -> None:
        age = utc_now() - claimed.received_at
        if age > GIVE_UP_AFTER:
            await self._put_aside(project_id, claimed, f"{type(error).__name__} for {GIVE_UP_AFTER}")
            return
        after = min(60.0, max(1.0, age.total_seconds() / 4))
        if isinstance(error, TelegramRetryAfter):
            after = max(after, error.retry_after)
        elif isinstance(error, Congested):
            after = max(after, error.facts["retry_after"])
        WORKED.labels("outage").inc()
        log.warning("update waits", **_names(project_id, claimed), reason=type(error).__name__, seconds=round(after))
        await self._again(project_id, claimed, after=after, failed=False, error=_words(error))

    async def _failure(self, project_id: int, claimed: Claimed, error: Exception) -> None:
        if claimed.failures >= len(self._backoff):
            await self._put_aside(project_id, claimed, _words(error), error)
            return
        WORKED.labels("failed").inc()
        log.warning("update failed", **_names(project_id, claimed), reason=_words(error), exc_info=error)
        after = self._backoff[claimed.failures]
        await self._again(project_id, claimed, after=after, failed=True, error=_words(error))

    async def _again(self, project_id: int, claimed: Claimed, *, after: float, failed: bool, error: str | None) -> None:
        delay = timedelta(seconds=after)
        async with self._database.transaction() as connection:
            repository = UpdateRepository(connection, project_id)
            if await repository.try_again(claimed, after=delay, failed=failed, error=error):
                payload = job_payload(project_id, claimed.bot_id, claimed.chat_id, claimed.update_id)
                await enqueue(connection, JOB, payload, delay=delay)

    async def _put_aside(self, project_id: int, claimed: Claimed, reason: str, error: Exception | None = None) -> None:
        async with self._database.connection() as connection:
            await UpdateRepository(connection, project_id).put_aside(claimed, error=reason)
        WORKED.labels("put_aside").inc()
        log.error("update put aside", **_names(project_id, claimed), reason=redact(reason), exc_info=error)


class _NotYetKnown(Exception):
    pass


def _names(project_id: int, claimed: Claimed) -> dict[str, int]:
    return {"project_id": project_id, "bot_id": claimed.bot_id, "update_id": claimed.update_id}


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {redact(str(error))}"
