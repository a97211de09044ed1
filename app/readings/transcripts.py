"""A text on its way from the worker that writes it to the processes that show it.

Redis carries it: the whole text so far under a key, what is new on a channel. Postgres holds checkpoints of the same
text, so that a dead Redis costs smoothness, not the reading. The sequence of an event is the number of characters
sent by then, which is why any process can take up a stream from the text alone.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

from redis.asyncio import Redis

from app.kit import json
from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger

log = get_logger("app.readings")

KEEP_SECONDS = 900

# For every transcript its whole text and what is new in it. A command for each of them would cost 15 µs.
_SEND = """
for place, channel in ipairs(KEYS) do
  redis.call('SET', channel, ARGV[2 * place], 'EX', ARGV[1])
  redis.call('PUBLISH', channel, ARGV[2 * place + 1])
end
"""
PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """New text of an attempt: it ends at character `end`. `ended` says that the saved text is in Postgres."""

    attempt: int
    end: int
    text: str
    ended: bool

    @property
    def start(self) -> int:
        return self.end - len(self.text)


def _channel(project_id: int, generation_id: UUID) -> str:
    return key("transcript", project_id, generation_id)


async def call_readers(redis: Redis, *, project_id: int, generation_ids: Iterable[UUID]) -> None:
    """Makes those who follow these texts look at Postgres at once; without Redis they do so by themselves soon."""
    with contextlib.suppress(*REDIS_LOST):
        for generation_id in generation_ids:
            await redis.publish(_channel(project_id, generation_id), json.dumps([0, 0, "", True]))


class Transcript:
    """The writer's side of one text."""

    def __init__(self, project_id: int, generation_id: UUID, attempt: int) -> None:
        self.channel = _channel(project_id, generation_id)
        self.attempt = attempt
        self.parts: list[str] = []
        self.length = 0
        self.sent = 0

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def restart(self) -> None:
        self.attempt += 1
        self.parts, self.length, self.sent = [], 0, 0

    @property
    def text(self) -> str:
        if len(self.parts) > 1:
            self.parts = ["".join(self.parts)]
        return self.parts[0] if self.parts else ""


class Publisher:
    """Sends what is new in all transcripts of this process, in one command a tick."""

    def __init__(self, redis: Redis, *, tick_seconds: float = 0.06) -> None:
        self._redis = redis
        self._tick = tick_seconds
        self._open: set[Transcript] = set()
        self._lost = False

    def add(self, transcript: Transcript) -> None:
        self._open.add(transcript)

    async def remove(self, transcript: Transcript, *, ended: bool) -> None:
        """Tells the readers that the text is saved (or, when the lease was lost, nothing) and forgets it."""
        self._open.discard(transcript)
        if ended:
            piece = [transcript.attempt, transcript.length, "", True]
            try:
                await self._redis.publish(transcript.channel, json.dumps(piece))
            except REDIS_LOST as error:
                self._note_loss(error)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self._tick)
            await self.flush()

    async def flush(self) -> None:
        channels: list[str] = []
        values: list[bytes] = []
        for transcript in self._open:
            if transcript.sent < transcript.length:
                text = transcript.text
                piece = [transcript.attempt, transcript.length, text[transcript.sent :], False]
                channels.append(transcript.channel)
                values += (json.dumps([transcript.attempt, text]), json.dumps(piece))
                transcript.sent = transcript.length
        if not channels:
            return
        try:
            await self._redis.eval(_SEND, len(channels), *channels, KEEP_SECONDS, *values)
            self._lost = False
        except REDIS_LOST as error:
            self._note_loss(error)

    def _note_loss(self, error: BaseException) -> None:
        if not self._lost:
            log.warning("streams go on by checkpoints", reason=type(error).__name__)
        self._lost = True


class Listener:
    """The readers' side: one subscription a process, handed out to the streams that are open in it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pubsub = redis.pubsub(ignore_subscribe_messages=True)
        self._queues: dict[str, set[asyncio.Queue[Piece | None]]] = {}
        self._changing = asyncio.Lock()
        self._back_at = 0.0
        self.connected = False

    @contextlib.asynccontextmanager
    async def listen(self, project_id: int, generation_id: UUID) -> AsyncIterator["asyncio.Queue[Piece | None]"]:
        """A queue of pieces from now on; None in it means: something may have been missed, look for yourself."""
        channel = _channel(project_id, generation_id)
        queue: asyncio.Queue[Piece | None] = asyncio.Queue()
        async with self._changing:
            if channel not in self._queues:
                self._queues[channel] = set()
                await self._command(self._pubsub.subscribe, channel)
            self._queues[channel].add(queue)
        try:
            yield queue
        finally:
            async with self._changing:
                self._queues[channel].discard(queue)
                if not self._queues[channel]:
                    del self._queues[channel]
                    await self._command(self._pubsub.unsubscribe, channel)

    async def _command(self, command: Callable[[str], Awaitable[None]], channel: str) -> None:
        # Without Redis the stream lives on checkpoints; the loop below subscribes to all of them when it is back.
        if not self.connected:
            return
        with contextlib.suppress(*REDIS_LOST):
            await command(channel)

    async def latest(self, project_id: int, generation_id: UUID) -> tuple[int, str] | None:
        """(attempt, whole text so far), or None if Redis has nothing or is away."""
        if time.monotonic() < self._back_at:
            return None
        try:
            stored = await self._redis.get(_channel(project_id, generation_id))
        except REDIS_LOST:
            # A frozen Redis must not cost every look its time-out.
            self._back_at = time.monotonic() + PAUSE_SECONDS
            return None
        if stored is None:
            return None
        attempt, text = json.loads(stored)
        return attempt, text

    async def run(self) -> None:
        while True:
            try:
                if not self.connected:
                    # Also brings back every channel that was wanted while the connection was gone.
                    async with self._changing:
                        await self._pubsub.subscribe(key("transcript", "keepalive"), *self._queues)
                        self.connected = True
                    self._wake_all()
                message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            except REDIS_LOST as error:
                if self.connected:
                    log.warning("streams are followed by checkpoints", reason=type(error).__name__)
                self.connected = False
                self._wake_all()
                await asyncio.sleep(0.5)
                continue
            if message is not None and message["type"] == "message":
                piece = Piece(*json.loads(message["data"]))
                for queue in self._queues.get(message["channel"].decode(), ()):
                    queue.put_nowait(piece)

    def _wake_all(self) -> None:
        for queues in self._queues.values():
            for queue in queues:
                queue.put_nowait(None)

    async def close(self) -> None:
        with contextlib.suppress(*REDIS_LOST):
            await self._pubsub.aclose()  # type: ignore[no-untyped-call]  # redis-py leaves it untyped
