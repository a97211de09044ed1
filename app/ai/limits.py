"""How many calls to models run at once, per project and in all, counted over all processes."""

import asyncio
import contextlib
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger

log = get_logger("app.ai")

_REDIS_PAUSE_SECONDS = 5.0

# Both sets hold token → time of expiry; a slot is taken in both or in neither. Redis's own clock decides.
_TAKE = """
local now = tonumber(redis.call('TIME')[1])
for place = 1, 2 do
  redis.call('ZREMRANGEBYSCORE', KEYS[place], '-inf', now)
  if redis.call('ZCARD', KEYS[place]) >= tonumber(ARGV[place]) then return 0 end
end
for place = 1, 2 do
  redis.call('ZADD', KEYS[place], now + ARGV[4], ARGV[3])
  redis.call('EXPIRE', KEYS[place], ARGV[4] * 2)
end
return 1
"""
_RENEW = """
local now = tonumber(redis.call('TIME')[1])
for _, name in ipairs(KEYS) do
  for place = 2, #ARGV do
    redis.call('ZADD', name, 'XX', now + ARGV[1], ARGV[place])
  end
  redis.call('EXPIRE', name, ARGV[1] * 2)
end
"""


class Busy(Exception):
    """No slot became free in the time allowed."""


class CallLimits:
    """A semaphore of expiring leases in Redis; without Redis each process keeps the same caps for itself."""

    def __init__(self, redis: Redis | None, *, per_project: int, total: int, lease_seconds: int = 30) -> None:
        self._redis = redis
        self._per_project = per_project
        self._total = total
        self._lease_seconds = lease_seconds
        self._held: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._renewal: asyncio.Task[None] | None = None
        self._redis_back_at = 0.0

    @asynccontextmanager
    async def slot(self, project_key: str, *, wait: float) -> AsyncIterator[None]:
        """Holds one of the slots. Raises `Busy` after `wait` seconds without one."""
        token = secrets.token_hex(8)
        clock = asyncio.get_running_loop().time
        deadline = clock() + wait
        while not await self._take(project_key, token):
            if clock() >= deadline:
                raise Busy
            # Random, so that those who wait do not all knock at once.
            await asyncio.sleep(random.uniform(0.1, 0.4))  # noqa: S311 (no secret)
        try:
            yield
        finally:
            # Shielded: a slot that is not given back blocks others until its lease ends.
            await asyncio.shield(self._give_back(project_key, token))

    async def close(self) -> None:
        if self._renewal:
            self._renewal.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewal
            self._renewal = None

    async def _take(self, project_key: str, token: str) -> bool:
        # Our own share is counted too: it is all there is to go by while Redis is away.
        if len(self._held) >= self._total or self._counts[project_key] >= self._per_project:
            return False
        self._held[token] = project_key
        self._counts[project_key] += 1
        taken = False
        try:
            taken = await self._take_shared(project_key, token)
        finally:
            if not taken:
                self._forget(project_key, token)
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._renew())
        return taken

    async def _take_shared(self, project_key: str, token: str) -> bool:
        redis = self._shared()
        if redis is None:
            return True
        arguments = (self._per_project, self._total, token, self._lease_seconds)
        try:
            return bool(await redis.eval(_TAKE, 2, *self._keys(project_key), *arguments))
        except REDIS_LOST as error:
            self._redis_lost(error)
            return True

    async def _give_back(self, project_key: str, token: str) -> None:
        self._forget(project_key, token)
        redis = self._shared()
        if redis is None:
            return
        try:
            async with redis.pipeline(transaction=False) as pipeline:
                for name in self._keys(project_key):
                    pipeline.zrem(name, token)
                await pipeline.execute()
        except REDIS_LOST as error:
            self._redis_lost(error)

    def _forget(self, project_key: str, token: str) -> None:
        if self._held.pop(token, None) is not None:
            self._counts[project_key] -= 1
            if not self._counts[project_key]:
                del self._counts[project_key]

    async def _renew(self) -> None:
        """Runs while anything is held."""
        while self._held:
            await asyncio.sleep(self._lease_seconds / 3)
            tokens: dict[str, list[str]] = {}
            for token, project_key in self._held.items():
                tokens.setdefault(project_key, []).append(token)
            for project_key, held in tokens.items():
                await self._renew_project(project_key, held)

    async def _renew_project(self, project_key: str, held: list[str]) -> None:
        redis = self._shared()
        if redis is None:
            return
        try:
            await redis.eval(_RENEW, 2, *self._keys(project_key), self._lease_seconds, *held)
        except REDIS_LOST as error:
            self._redis_lost(error)

    def _shared(self) -> Redis | None:
        """None without Redis, and for a while after it did not answer."""
        return self._redis if asyncio.get_running_loop().time() >= self._redis_back_at else None

    def _redis_lost(self, error: BaseException) -> None:
        # A frozen Redis costs a timeout a question: do not ask again at once.
        self._redis_back_at = asyncio.get_running_loop().time() + _REDIS_PAUSE_SECONDS
        log.warning("model_limits_without_redis", error=type(error).__name__)

    def _keys(self, project_key: str) -> tuple[str, str]:
        return key("model-calls", "project", project_key), key("model-calls", "all")
