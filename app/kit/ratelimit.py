"""Limits per user and per address: shared over all processes by Redis, in this process alone while Redis is away."""

import time
from collections.abc import Hashable

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, RateLimiter
from redis.asyncio import Redis

from app.errors import RateLimited
from app.kit.redis import REDIS_LOST
from app.kit.telemetry import get_logger

log = get_logger("app.ratelimit")


class RateLimits:
    """`shared` limits cost a round trip to Redis: for what is dear. The others count in this process: for reads."""

    def __init__(self, redis: Redis, redis_url: str) -> None:
        self._local = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(
            RedisStorage(
                f"async+{redis_url}",
                implementation="redispy",
                connection_pool=redis.connection_pool,  # type: ignore[arg-type]  # their annotation is too narrow
                key_prefix="arcana:limits",
            )
        )
        self._items: dict[int, RateLimitItem] = {}
        self._shared_back_at = 0.0

    async def check(self, scope: str, *who: Hashable, per_minute: int, shared: bool = False) -> None:
        """Counts one use; raises `RateLimited` with `retry_after` in seconds when the minute's share is used up."""
        item = self._items.get(per_minute) or self._items.setdefault(per_minute, RateLimitItemPerMinute(per_minute))
        identifiers = (scope, *map(str, who))
        if shared and time.monotonic() >= self._shared_back_at:
            try:
                await self._hit(self._shared, item, identifiers)
            except REDIS_LOST:
                # A frozen Redis must not cost every request its time-out.
                self._shared_back_at = time.monotonic() + 5
                log.warning("rate limits count in this process only", reason="redis is away")
            else:
                return
        await self._hit(self._local, item, identifiers)

    async def _hit(self, limiter: RateLimiter, item: RateLimitItem, identifiers: tuple[str, ...]) -> None:
        if not await limiter.hit(item, *identifiers):
            window = await limiter.get_window_stats(item, *identifiers)
            raise RateLimited(retry_after=max(1, round(window.reset_time - time.time())))
