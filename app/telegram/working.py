"""Working on kept updates: leased, in order per chat, tried again, put aside.

What a handler has committed is never done again: its transaction also writes that the update is done, or which reply
is still to be sent (see `Commitment`). A process that dies after that is followed by one that only sends the reply. A
reply is sent again only if its process died, or lost Telegram, between sending it and writing that down.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from aiogram import Bot
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
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger, redact
from app.telegram.grouping import GroupCommit
from app.telegram.kept_replies import pack, unpack
from app.telegram.limiter import Congested
from app.telegram.metrics import WORKED
from app.telegram.registry import BotRegistry
from app.telegram.updates import Claimed, UpdateRepository, finish_all, renew_all, tell_workers

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


# An outcome that Postgres does not take at once is written a little later, before the lease ends.
PATIENCE = (0.5, 1, 2, 4)


class LeaseLost(Exception):
    """Another process has taken the update over; what this one did is rolled back."""


class Commitment:
    """Ties the update's outcome to its handler's transaction; `app.telegram.middlewares` calls it before the commit."""

    def __init__(self, bot: Bot, claimed: Claimed) -> None:
        self._bot = bot
        self._claimed = claimed
        # The transaction has written that the update is done.
        self.finished = False

    async def commit(self, connection: Connection, answer: Any) -> None:
        """`answer` is what the handler returned. Raises `LeaseLost`."""
        repository = UpdateRepository(connection, self._claimed.project_id)
        if isinstance(answer, TelegramMethod):
            held = await repository.commit_reply(self._claimed, pack(self._bot, answer))
        else:
            held = self.finished = await repository.finish(self._claimed)
        if not held:
            raise LeaseLost


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
        self.lease = lease
        self._bots = bots
        self._database = database
        self._parts = {"settings": bots.settings, **(parts or {}), "database": database}
        self._time_limit = time_limit
        self._backoff = backoff
        self._finished: GroupCommit[tuple[Claimed, str | None], bool] = GroupCommit(self._finish_all)
        self._held: dict[int, Claimed] = {}
        self._renewal: asyncio.Task[None] | None = None

    async def run(self, *, project_id: int, bot_id: int, chat_id: int | None, update_id: int) -> int:
        """Works through one chat, oldest update first, until nothing is left, or the next is taken by another
        process or not yet due; how many were worked."""
        worked = 0
        while True:
            async with self._database.connection() as connection:
                claimed = await UpdateRepository(connection, project_id).claim(
                    bot_id, chat_id=chat_id, update_id=update_id, lease=self.lease
                )
            if claimed is None:
                return worked
            worked += 1
            await self.work(claimed)
            if chat_id is None:
                return worked

    async def work(self, claimed: Claimed) -> None:
        """One update, whatever comes of it; its outcome is in its row."""
        if claimed.failures > len(self._backoff):
            await self._put_aside(claimed, "its worker died each time")
            return
        try:
            with self._holding(claimed):
                async with asyncio.timeout(self._time_limit):
                    finished, note = await self._handle(claimed)
                if not finished:
                    await self._finish(claimed, note)
        except asyncio.CancelledError:
            # The process is stopping: another one may go on at once.
            await asyncio.shield(self._again(claimed, after=0, failed=False, error=None))
            raise
        except LeaseLost:
            log.warning("another process has taken an update over", **_names(claimed))
        except _NotYetKnown:
            await self._again(claimed, after=5, failed=False, error="the bot is not known here yet")
        except ValidationError as error:
            # What aiogram cannot read it will not read the next time either.
            places = ", ".join(".".join(map(str, row["loc"])) for row in error.errors()[:5])
            await self._put_aside(claimed, f"unreadable update: {places}")
        except OUTAGES as error:
            await self._outage(claimed, error)
        except Exception as error:  # noqa: BLE001  # any fault of a handler must reach the row, or it is lost
            await self._failure(claimed, error)
        else:
            WORKED.labels("done").inc()

    async def _handle(self, claimed: Claimed) -> tuple[bool, str | None]:
        """Feeds the dispatcher, then sends what the handler answered. Whether the outcome is written already, and a
        note if nothing came of it."""
        project = self._bots.project(claimed.bot_id)
        bot = self._bots.bot(claimed.bot_id)
        if project is None or bot is None or project.id != claimed.project_id:
            if utc_now() - claimed.received_at < UNKNOWN_BOT_PATIENCE:
                raise _NotYetKnown
            return False, "dropped: the bot is not in this project's catalogue any more"
        try:
            return await self._answer(bot, project, claimed), None
        except TelegramForbiddenError as error:
            # The sender has recorded that this chat is gone.
            return False, f"gone: {error.message}"

    async def _answer(self, bot: Bot, project: Project, claimed: Claimed) -> bool:
        if claimed.reply is not None:
            if (kept := unpack(claimed.reply)) is not None:
                await bot(kept)
            return False
        update = Update.model_validate(claimed.payload, context={"bot": bot})
        commitment = Commitment(bot, claimed)
        reply = await self._bots.dispatcher.feed_update(
            bot, update, **self._parts, project=project, commitment=commitment
        )
        if isinstance(reply, TelegramMethod):
            await bot(reply)
        return commitment.finished

    async def _finish(self, claimed: Claimed, note: str | None) -> None:
        for pause in (*PATIENCE, None):
            try:
                await self._finished.add((claimed, note))
            except Unavailable:
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _finish_all(self, finished: Sequence[tuple[Claimed, str | None]]) -> Sequence[bool]:
        async with self._database.connection() as connection:
            return await finish_all(connection, finished)

    @contextmanager
    def _holding(self, claimed: Claimed) -> Iterator[None]:
        """Renews the lease for as long as the work lasts."""
        self._held[id(claimed)] = claimed
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            del self._held[id(claimed)]

    async def _renew(self) -> None:
        """For all updates at once; ends when nothing is held any more."""
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            if not self._held:
                self._renewal = None
                return
            try:
                async with self._database.connection() as connection:
                    await renew_all(connection, list(self._held.values()), lease=self.lease)
            except Unavailable:
                continue

    async def _outage(self, claimed: Claimed, error: Exception) -> None:
        age = utc_now() - claimed.received_at
        if age > GIVE_UP_AFTER:
            await self._put_aside(claimed, f"{type(error).__name__} for {GIVE_UP_AFTER}")
            return
        after = min(60.0, max(1.0, age.total_seconds() / 4))
        if isinstance(error, TelegramRetryAfter):
            after = max(after, error.retry_after)
        elif isinstance(error, Congested):
            after = max(after, error.facts["retry_after"])
        WORKED.labels("outage").inc()
        log.warning("update waits", **_names(claimed), reason=type(error).__name__, seconds=round(after))
        await self._again(claimed, after=after, failed=False, error=_words(error))

    async def _failure(self, claimed: Claimed, error: Exception) -> None:
        if claimed.failures >= len(self._backoff):
            await self._put_aside(claimed, _words(error), error)
            return
        WORKED.labels("failed").inc()
        log.warning("update failed", **_names(claimed), reason=_words(error), exc_info=error)
        after = self._backoff[claimed.failures]
        await self._again(claimed, after=after, failed=True, error=_words(error))

    async def _again(self, claimed: Claimed, *, after: float, failed: bool, error: str | None) -> None:
        delay = timedelta(seconds=after)
        async with self._database.connection() as connection:
            repository = UpdateRepository(connection, claimed.project_id)
            if await repository.try_again(claimed, after=delay, failed=failed, error=error) and after == 0:
                await tell_workers(connection)

    async def _put_aside(self, claimed: Claimed, reason: str, error: Exception | None = None) -> None:
        async with self._database.connection() as connection:
            await UpdateRepository(connection, claimed.project_id).put_aside(claimed, error=reason)
        WORKED.labels("put_aside").inc()
        names = _names(claimed)
        log.error("update put aside", alert=True, cause="updates", **names, reason=redact(reason), exc_info=error)


class _NotYetKnown(Exception):
    pass


def _names(claimed: Claimed) -> dict[str, int]:
    return {"project_id": claimed.project_id, "bot_id": claimed.bot_id, "update_id": claimed.update_id}


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {redact(str(error))}"
