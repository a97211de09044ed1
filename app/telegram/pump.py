"""Takes kept updates in hand as soon as they come, for all bots; any number of processes may do so at once."""

import asyncio
from collections import Counter

from app.errors import Unavailable
from app.kit.database import LOST, Database
from app.kit.telemetry import get_logger
from app.telegram.updates import CHANNEL, Claimed, claim_due
from app.telegram.working import UpdateWorker

log = get_logger("app.telegram.pump")

# What waits for a retry, or was left by a dead process, is found at the latest after this.
LOOK_SECONDS = 1.0
# A statement takes no more at once: other processes want some, too.
BATCH = 100


class UpdatePump:
    """`most_at_once` updates are worked on in this process, `most_of_a_bot` of one bot: a bot that waits for its turn
    to send does not hold up the others."""

    def __init__(
        self, worker: UpdateWorker, database: Database, *, most_at_once: int = 300, most_of_a_bot: int = 60
    ) -> None:
        self._worker = worker
        self._database = database
        self._most_at_once = most_at_once
        self._most_of_a_bot = most_of_a_bot
        self._running: set[asyncio.Task[None]] = set()
        self._by_bot: Counter[int] = Counter()
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled; whatever is worked on then goes back, so that another process takes it up at once."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                self._news.clear()
                if not await self._fill():
                    await self._wait()
        finally:
            listening.cancel()
            for task in self._running:
                task.cancel()
            await asyncio.gather(listening, *self._running, return_exceptions=True)

    async def _fill(self) -> bool:
        """Takes what is due, as far as there is room; true if there may be more."""
        room = min(BATCH, self._most_at_once - len(self._running))
        if room <= 0:
            return False
        resting = [bot_id for bot_id, count in self._by_bot.items() if count >= self._most_of_a_bot]
        try:
            async with self._database.connection() as connection:
                claimed = await claim_due(connection, limit=room, lease=self._worker.lease, resting=resting)
        except Unavailable:
            log.warning("updates wait for the database")
            return False
        for update in claimed:
            task = asyncio.create_task(self._work(update))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(claimed) == room

    async def _work(self, update: Claimed) -> None:
        self._by_bot[update.bot_id] += 1
        try:
            await self._worker.work(update)
        except Unavailable:
            # Nobody could be told what came of it: its lease ends, and it is taken up again.
            log.warning("an update's outcome could not be written", bot_id=update.bot_id, update_id=update.update_id)
        finally:
            self._by_bot[update.bot_id] -= 1
            if not self._by_bot[update.bot_id]:
                del self._by_bot[update.bot_id]
            # There is room again, and the next one of the chat may be due.
            self._news.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        """Hears of new updates; without it they are found a second later."""
        while True:
            try:
                session = await self._database.dedicated()
                try:
                    lost = asyncio.Event()
                    session.add_termination_listener(lambda _, lost=lost: lost.set())
                    await session.add_listener(CHANNEL, lambda *_: self._news.set())
                    await lost.wait()
                finally:
                    session.terminate()
            except LOST as error:
                log.warning("nobody tells of updates", reason=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
