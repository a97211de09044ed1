"""The catalogue in Redis: the current snapshot, finished bodies, and the news of a change. All optional."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from app.catalogue.bodies import CatalogueBody
from app.catalogue.reader import Snapshot
from app.kit import json
from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger

log = get_logger("app.catalogue")

SNAPSHOT = key("catalogue", "snapshot")
NEWS = key("catalogue", "news")
BODY_SECONDS = 86_400
# A frozen server must not cost every question its time-out.
PAUSE_SECONDS = 5.0

# A slow process must not put an older snapshot over a newer one; another epoch is another database, and wins.
PUT_SNAPSHOT = """
local epoch, revision = redis.call('HGET', KEYS[1], 'epoch'), redis.call('HGET', KEYS[1], 'revision')
if epoch == ARGV[1] and tonumber(revision) > tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'revision', ARGV[2], 'body', ARGV[3])
return 1
"""


class CatalogueCache:
    """Never raises for a Redis that is away: the answer is then that nothing is known."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._back_at = 0.0

    @property
    def away(self) -> bool:
        return time.monotonic() < self._back_at

    def _lost(self, error: BaseException) -> None:
        if not self.away:
            log.warning("catalogue cache is away", reason=type(error).__name__)
        self._back_at = time.monotonic() + PAUSE_SECONDS

    async def snapshot(self) -> Snapshot | None:
        if self.away:
            return None
        try:
            packed = await self._redis.hget(SNAPSHOT, "body")
        except REDIS_LOST as error:
            self._lost(error)
            return None
        try:
            return Snapshot.from_body(json.loads(zlib.decompress(packed))) if isinstance(packed, bytes) else None
        except (zlib.error, ValueError, TypeError, KeyError):
            log.warning("the snapshot in redis is damaged")
            return None

    async def stamp(self) -> str | None:
        """The stamp of the snapshot that Redis has, without reading all of it."""
        if self.away:
            return None
        try:
            epoch, revision = await self._redis.hmget(SNAPSHOT, ["epoch", "revision"])
        except REDIS_LOST as error:
            self._lost(error)
            return None
        if not (isinstance(epoch, bytes) and isinstance(revision, bytes)):
            return None
        return f"{epoch.decode()}-{revision.decode()}"

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        if self.away:
            return
        packed = await asyncio.to_thread(lambda: zlib.compress(json.dumps(snapshot.body()), 1))
        epoch = snapshot.stamp.rsplit("-", 1)[0]
        try:
            await self._redis.eval(PUT_SNAPSHOT, 1, SNAPSHOT, epoch, snapshot.revision, packed)
        except REDIS_LOST as error:
            self._lost(error)

    async def body(self, stamp: str, project_key: str, lang: str, deck: str | None) -> CatalogueBody | None:
        if self.away:
            return None
        try:
            packed = await self._redis.get(_body_key(stamp, project_key, lang, deck))
        except REDIS_LOST as error:
            self._lost(error)
            return None
        try:
            return CatalogueBody.unpack(packed) if isinstance(packed, bytes) else None
        except ValueError:
            return None

    async def put_body(self, stamp: str, project_key: str, lang: str, deck: str | None, body: CatalogueBody) -> None:
        if self.away:
            return
        try:
            await self._redis.set(_body_key(stamp, project_key, lang, deck), body.pack(), ex=BODY_SECONDS)
        except REDIS_LOST as error:
            self._lost(error)

    async def announce(self, stamp: str) -> None:
        """Tells all processes that the catalogue is at `stamp` now."""
        if self.away:
            return
        try:
            await self._redis.publish(NEWS, stamp)
        except REDIS_LOST as error:
            self._lost(error)

    async def listen(self, hear: Callable[[], Awaitable[None]]) -> None:
        """Calls `hear` for every piece of news and after every (re)connection, for news missed meanwhile."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(NEWS)
                    await hear()
                    while True:
                        # A frozen server keeps the connection open: the health check notices.
                        message = await channel.get_message(timeout=10)
                        if message is not None:
                            await hear()
            except REDIS_LOST:
                await asyncio.sleep(1)


def _body_key(stamp: str, project_key: str, lang: str, deck: str | None) -> str:
    return key("catalogue", "body", stamp, project_key, lang, *(() if deck is None else ("deck", deck)))
