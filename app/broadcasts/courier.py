"""One process' part in one run: leases, books places, calls Telegram, and hands the results to the recorder."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, takewhile
from typing import Any
from uuid import UUID

from aiogram import Bot
from redis.asyncio import Redis

from app.broadcasts import content, notices
from app.broadcasts.delivery import Outcome, deliver
from app.broadcasts.files import FileKeeper
from app.broadcasts.messages import Composer
from app.broadcasts.recipients import Recipient, RecipientRepository, Result
from app.broadcasts.recorder import Recorder
from app.broadcasts.repository import BroadcastRepository, Kind
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.telegram.booking import BookingOffice

log = get_logger("app.broadcasts")

# Calls under way at once; a slow Telegram must not fill the memory.
MOST_FLYING = 500
# Seconds of sending that one lease covers. The next one is taken when half is left, so that a crash leaves at most one
# and a half of it uncertain, and what was under way.
LEASE_AHEAD_SECONDS = 0.5
# The same refusal so often in a row is not the recipients' fault.
REFUSALS = 20
# Faults of the network or of Telegram in a row, before sending slows down to one at a time.
TROUBLES = 3
LONGEST_REST_SECONDS = 60.0
DATABASE_REST_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Errand:
    project_id: int
    broadcast_id: UUID
    run: int
    kind: Kind
    bot_id: int
    content: dict[str, Any]


class Courier:
    def __init__(
        self,
        errand: Errand,
        *,
        bot: Bot,
        composer: Composer,
        database: Database,
        redis: Redis,
        office: BookingOffice,
        lease: timedelta,
        observe: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        self._errand = errand
        self._bot = bot
        self._composer = composer
        self._database = database
        self._office = office
        self._lease_time = lease
        self._files = FileKeeper(database, redis, errand.project_id, errand.broadcast_id, errand.run)
        self._versions = dict(content.read(errand.content).versions)
        self._recorder = Recorder(
            database,
            project_id=errand.project_id,
            broadcast_id=errand.broadcast_id,
            run=errand.run,
            kind=errand.kind,
            bot_id=errand.bot_id,
            notices=notices.values_of(errand.content) if errand.kind == "send" else None,
            observe=observe,
        )
        self._queue: deque[Recipient] = deque()
        self._flying: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()
        self._rest_until = 0.0
        self._troubles = 0
        self._refusals: list[str] = []
        self._problem: str | None = None

    def stop(self) -> None:
        """What was not begun goes back; `run` ends when what is under way has ended."""
        self._stopping.set()

    async def run(self) -> None:
        """Until nobody is due any more, the broadcast is paused or cancelled, or `stop`."""
        recording = asyncio.create_task(self._recorder.run())
        try:
            while not self._stopping.is_set() and self._problem is None:
                try:
                    if not await self._step():
                        break
                except Unavailable:
                    await self._sleep(DATABASE_REST_SECONDS)
        finally:
            self._release()
            if self._flying:
                await asyncio.wait(self._flying)
            self._recorder.close()
            await recording
        async with self._database.transaction() as connection:
            broadcasts = BroadcastRepository(connection, self._errand.project_id)
            if self._problem is not None:
                log.warning("a broadcast paused by itself", **self._names(), problem=self._problem)
                await broadcasts.move(self._errand.broadcast_id, "paused", allowed=("sending",), problem=self._problem)
            elif await broadcasts.finish(self._errand.broadcast_id, self._errand.run):
                log.info("a broadcast is done", **self._names())

    async def _step(self) -> bool:
        """Sends some; false when nobody is due and nothing is under way."""
        rest = self._rest_until - time.monotonic()
        if rest > 0:
            self._release()
            await self._sleep(rest)
            return True
        careful = self._troubles >= TROUBLES
        ahead = 1 if careful else max(2, round(self._office.rate * LEASE_AHEAD_SECONDS))
        if len(self._queue) < (ahead + 1) // 2:
            self._queue.extend(await self._lease(ahead))
        room = (1 if careful else MOST_FLYING) - len(self._flying)
        if not self._queue or room <= 0:
            if not self._flying:
                return False
            await asyncio.wait(self._flying, return_when=asyncio.FIRST_COMPLETED)
            return True
        head = await self._next(room)
        booking = await self._office.book(self._bot.id, [recipient.telegram_id for recipient in head])
        if not booking.waits:
            if booking.paused:
                self._release()
            await self._sleep(booking.ask_again)
            return True
        for wait in booking.waits:
            task = asyncio.create_task(self._send(self._queue.popleft(), wait))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)
        if len(head) == 1 and self._lacks_file(head[0].language):
            await asyncio.wait(self._flying)
        else:
            await self._sleep(booking.ask_again)
        return True

    async def _next(self, most: int) -> list[Recipient]:
        """The first of the queue that may be sent at the same time."""
        head = list(islice(self._queue, most))
        if await self._must_learn_file(head[0]):
            return head[:1]
        return list(takewhile(lambda recipient: not self._lacks_file(recipient.language), head))

    async def _lease(self, limit: int) -> list[Recipient]:
        async with self._database.transaction() as connection:
            return await self._recipients(connection).lease(
                bot_id=self._bot.id, limit=limit, lease=self._lease_time, sending=self._errand.kind == "send"
            )

    def _recipients(self, connection: Any) -> RecipientRepository:
        return RecipientRepository(connection, self._errand.project_id, self._errand.broadcast_id, self._errand.run)

    async def _send(self, recipient: Recipient, wait: float) -> None:
        await asyncio.sleep(wait)
        if self._stopping.is_set() or self._problem is not None or self._rest_until > time.monotonic():
            self._settle(recipient, Outcome("pending"))
            return
        version = self._versions[recipient.language]
        call = self._composer.compose(
            self._errand.kind, version, chat_id=recipient.telegram_id, message_id=recipient.message_id
        )
        outcome = await deliver(self._bot, self._errand.kind, call)
        if outcome.file_id is not None and self._lacks_file(recipient.language):
            self._versions[recipient.language] = await self._files.keep(
                recipient.language, version, file_id=outcome.file_id, bot_id=self._bot.id
            )
        self._settle(recipient, outcome)
        self._draw_conclusions(outcome)

    def _settle(self, recipient: Recipient, outcome: Outcome) -> None:
        at = utc_now()
        if outcome.state == "pending" and outcome.rest:
            at += timedelta(seconds=outcome.rest)
        self._recorder.add(Result(recipient, outcome.state, at, message_id=outcome.message_id, error=outcome.error))

    def _draw_conclusions(self, outcome: Outcome) -> None:
        """What one recipient's outcome means for the others."""
        if outcome.rest:
            self._rest(outcome.rest)
        if outcome.token_refused:
            self._problem = "bot_refused"
        if outcome.trouble:
            self._troubles += 1
            if self._troubles >= TROUBLES:
                self._rest(min(LONGEST_REST_SECONDS, 2.0 ** min(self._troubles - TROUBLES, 6)))
        elif outcome.state != "pending":
            self._troubles = 0
        if outcome.refused and outcome.error is not None:
            self._refusals = [*(words for words in self._refusals if words == outcome.error), outcome.error]
            if len(self._refusals) >= REFUSALS:
                self._problem = f"refused: {outcome.error}"[:200]
        elif outcome.state == "sent":
            self._refusals = []

    def _rest(self, seconds: float) -> None:
        self._rest_until = max(self._rest_until, time.monotonic() + seconds)

    def _release(self) -> None:
        """What is leased and was not begun."""
        while self._queue:
            self._settle(self._queue.popleft(), Outcome("pending"))

    def _lacks_file(self, language: str) -> bool:
        media = self._versions[language].media
        return self._errand.kind == "send" and media is not None and media.file_id is None

    async def _must_learn_file(self, recipient: Recipient) -> bool:
        """True if this recipient's message goes first and alone, so that its file is fetched only once."""
        if not self._lacks_file(recipient.language):
            return False
        self._versions[recipient.language] = await self._files.wait_for(
            recipient.language, self._versions[recipient.language]
        )
        return self._lacks_file(recipient.language)

    async def _sleep(self, seconds: float) -> None:
        """Not longer than until `stop`."""
        if seconds <= 0:
            return
        if self._stopping.is_set():
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass

    def _names(self) -> dict[str, Any]:
        return {"project_id": self._errand.project_id, "broadcast": str(self._errand.broadcast_id)}
