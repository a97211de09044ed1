"""Alerts on their way to the super-admins, from this very process: no worker may stand between."""

import asyncio
import time
from collections.abc import Callable, Sequence

from app.alerts.bot_api import BotApi
from app.kit.telemetry import get_logger
from app.settings import Settings

log = get_logger("app.alerts.sender")

MOST_WAITING = 100
# A message that nobody took for so long says nothing any more.
STALE_SECONDS = 1800.0
PAUSES = (1.0, 5.0, 15.0, 60.0)
LONGEST_PAUSE = 60.0


class Sender:
    """`tokens` gives the bots that may speak, the best first; asked anew for every message."""

    def __init__(self, settings: Settings, tokens: Callable[[], Sequence[str]]) -> None:
        self._telegram = BotApi(settings)
        self._recipients = settings.super_admins
        self._tokens = tokens
        self._queue: asyncio.Queue[tuple[float, str]] = asyncio.Queue(MOST_WAITING)

    def put(self, text: str) -> None:
        """Queues a message of Telegram HTML to every super-admin; never waits."""
        try:
            self._queue.put_nowait((time.monotonic(), text))
        except asyncio.QueueFull:
            log.warning("an alert was dropped: too many wait for Telegram")

    async def run(self) -> None:
        while True:
            waiting = await self._queue.get()
            try:
                await self._spread(*waiting)
            finally:
                self._queue.task_done()

    async def drain(self) -> None:
        """Until nothing waits or is on its way; `run` goes on meanwhile."""
        await self._queue.join()

    async def _spread(self, queued_at: float, text: str) -> None:
        for recipient in self._recipients:
            await self._deliver(recipient, text, give_up_at=queued_at + STALE_SECONDS)

    async def close(self) -> None:
        await self._telegram.close()

    async def _deliver(self, recipient: int, text: str, *, give_up_at: float) -> None:
        attempt = 0
        while time.monotonic() < give_up_at:
            tokens = self._tokens()
            pause: float | None = None
            for token in tokens:
                outcome = await self._send(token, recipient, text)
                if outcome is None:
                    return
                if outcome > 0:
                    pause = outcome
                    break
            else:
                if tokens:
                    log.warning("a super-admin cannot be reached: he has to press Start in the bot", person=recipient)
                    return
            pause = pause or PAUSES[min(attempt, len(PAUSES) - 1)]
            attempt += 1
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
        log.warning("an alert did not reach Telegram in time", person=recipient)

    async def _send(self, token: str, recipient: int, text: str) -> float | None:
        """None: it is there, or may be. Above zero: wait so many seconds. Zero: not with this bot."""
        answer = await self._telegram.send(token, recipient, text)
        if answer.outcome == "uncertain":
            # It may have arrived, and the next summary comes anyway.
            log.warning("an alert may not have arrived", reason=answer.reason)
            return None
        if answer.outcome == "sent":
            return None
        return answer.pause
