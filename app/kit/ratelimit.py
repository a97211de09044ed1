"""Limits per user and per address: counted here at once, and for all processes together a moment later, in Redis."""

import asyncio
import math
import time
from collections.abc import Hashable

from redis.asyncio import Redis

from app.errors import RateLimited
from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger

log = get_logger("app.ratelimit")

WINDOW_SECONDS = 60.0
# How long the processes do not know of each other's uses. A round trip for every request would cost as much as a query.
TELL_SECONDS = 0.05
# A Redis that is away is asked this rarely.
PAUSE_SECONDS = 5.0

# A minute begins with its first use. Answers the number of uses and the milliseconds that are left.
_COUNT = """
local uses = redis.call('INCRBY', KEYS[1], ARGV[1])
if uses == tonumber(ARGV[1]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {uses, redis.call('PTTL', KEYS[1])}
"""

_Name = tuple[Hashable, ...]


class _Window:
    """A minute of one user or address: its uses as far as they are known here, and those not yet told to Redis."""

    __slots__ = ("ends", "untold", "uses")

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.uses = 0
        self.untold = 0


class RateLimits:
    """Fixed windows of a minute.

    A `shared` limit holds over all processes, but for what each of them lets through within `TELL_SECONDS`; without
    Redis it holds in each of them. The others are for cheap reads and hold in each process only. Nobody ever waits
    for Redis here. `close` when done.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._windows: dict[_Name, _Window] = {}
        self._untold: dict[_Name, _Window] = {}
        self._telling: asyncio.Task[None] | None = None
        self._exchanging = asyncio.Lock()
        self._prune_at = 0.0
        self._away = False

    async def close(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    def check(self, *name: Hashable, per_minute: int, shared: bool = False) -> None:
        """Counts one use; raises `RateLimited` with `retry_after` in seconds when the minute's share is used up."""
        now = time.monotonic()
        window = self._windows.get(name)
        if window is None or window.ends <= now:
            if now >= self._prune_at:
                self._prune(now)
            window = self._windows[name] = _Window(now + WINDOW_SECONDS)
        window.uses += 1
        if shared:
            window.untold += 1
            self._untold[name] = window
            if self._telling is None:
                self._telling = asyncio.create_task(self._tell())
        if window.uses > per_minute:
            raise RateLimited(retry_after=max(1, math.ceil(window.ends - now)))

    def _prune(self, now: float) -> None:
        self._windows = {name: window for name, window in self._windows.items() if window.ends > now}
        self._prune_at = now + WINDOW_SECONDS

    async def _tell(self) -> None:
        try:
            while self._untold:
                await asyncio.sleep(PAUSE_SECONDS if self._away else TELL_SECONDS)
                await self.exchange()
        finally:
            self._telling = None

    async def exchange(self) -> None:
        """Tells Redis of the uses since the last time, and learns of those in the other processes."""
        async with self._exchanging:
            await self._exchange()

    async def _exchange(self) -> None:
        batch = [(name, window, window.untold) for name, window in self._untold.items()]
        self._untold = {}
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for name, window, untold in batch:
                    window.untold -= untold
                    pipeline.eval(_COUNT, 1, key("limits", *name), untold, int(WINDOW_SECONDS * 1000))
                counts = await pipeline.execute()
        except REDIS_LOST:
            # What could not be told is not told later: the minute goes on in this process alone.
            if not self._away:
                log.warning("rate limits count in this process only", reason="redis is away")
            self._away = True
            return
        self._away = False
        now = time.monotonic()
        for (_, window, _), (uses, milliseconds) in zip(batch, counts, strict=True):
            window.uses = uses + window.untold
            window.ends = now + milliseconds / 1000
