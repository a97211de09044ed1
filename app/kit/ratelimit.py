"""Limits per user and per address: shared over all processes by Redis, in this process alone while Redis is away."""

import asyncio
import math
import time
from collections.abc import Hashable

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis

from app.errors import RateLimited
from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger

log = get_logger("app.ratelimit")

# A minute begins with its first use. Answers the number of uses and the milliseconds that are left.
_COUNT = """
local uses = redis.call('INCR', KEYS[1])
if uses == 1 then redis.call('PEXPIRE', KEYS[1], 60000) end
return {uses, redis.call('PTTL', KEYS[1])}
"""


class _SharedCounter:
    """Counts in Redis. What is counted while a round trip is under way shares the next one.

    A command of its own for each request would cost as much as a query; together they cost a fifth of that.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[tuple[str, asyncio.Future[tuple[int, int]]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def count(self, name: str) -> tuple[int, int]:
        """Uses in this minute with this one, and the milliseconds it still lasts. Raises what `REDIS_LOST` lists."""
        answer: asyncio.Future[tuple[int, int]] = asyncio.get_running_loop().create_future()
        self._waiting.append((name, answer))
        if self._sending is None:
            self._sending = asyncio.create_task(self._send())
        return await answer

    async def _send(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                try:
                    async with self._redis.pipeline(transaction=False) as pipeline:
                        for name, _ in batch:
                            pipeline.eval(_COUNT, 1, name)
                        counts = await pipeline.execute()
                except REDIS_LOST as error:
                    # Those who came meanwhile would only wait for the same time-out.
                    self._fail(batch + self._waiting, error)
                    self._waiting = []
                else:
                    for (_, answer), (uses, left) in zip(batch, counts, strict=True):
                        if not answer.done():
                            answer.set_result((uses, left))
        finally:
            self._sending = None

    @staticmethod
    def _fail(batch: list[tuple[str, "asyncio.Future[tuple[int, int]]"]], error: BaseException) -> None:
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(error)


class RateLimits:
    """`shared` limits cost a round trip to Redis: for what is dear. The others count in this process: for reads."""

    def __init__(self, redis: Redis) -> None:
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = _SharedCounter(redis)
        self._items: dict[int, RateLimitItem] = {}
        self._shared_back_at = 0.0

    async def check(self, scope: str, *who: Hashable, per_minute: int, shared: bool = False) -> None:
        """Counts one use; raises `RateLimited` with `retry_after` in seconds when the minute's share is used up."""
        if shared and time.monotonic() >= self._shared_back_at:
            try:
                uses, left = await self._shared.count(key("limits", scope, *who))
            except REDIS_LOST:
                # A frozen Redis must not cost every request its time-out.
                self._shared_back_at = time.monotonic() + 5
                log.warning("rate limits count in this process only", reason="redis is away")
            else:
                if uses > per_minute:
                    raise RateLimited(retry_after=max(1, math.ceil(left / 1000)))
                return
        await self._check_local((scope, *map(str, who)), per_minute)

    async def _check_local(self, identifiers: tuple[str, ...], per_minute: int) -> None:
        item = self._items.get(per_minute) or self._items.setdefault(per_minute, RateLimitItemPerMinute(per_minute))
        if not await self._local.hit(item, *identifiers):
            window = await self._local.get_window_stats(item, *identifiers)
            raise RateLimited(retry_after=max(1, round(window.reset_time - time.time())))
