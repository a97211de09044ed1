"""Updates worked on by our queue, against the bare dispatcher that is fed the same updates with the same handlers."""

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiogram import Router
from aiogram.types import Message, Update

from app.bench.bots_accepting import update
from app.bench.figures import Comparison, Contender, Result, Spread, quantile
from app.bench.stage import SLUG, Stage
from app.catalogue.library import Project
from app.container import Container, open_container
from app.kit.database import Connection
from app.telegram.dispatcher import build_dispatcher
from app.telegram.pump import UpdatePump
from app.telegram.registry import BotRegistry
from app.telegram.updates import Arrival, Claimed, inspect, keep_all
from app.telegram.working import UpdateWorker

CHATS = 500
# Updates of one round for each second that a round should take.
A_SECOND = 1000
AT_ONCE = 60
FIRST_ID, FIRST_CHAT = 2_000_000_000, 3_000_000


async def listen(message: Message) -> None:
    """A handler that does nothing, after everything that is done for every handler."""


async def write(message: Message, project: Project, connection: Connection) -> None:
    """A handler with a transaction of its own."""
    await connection.execute(
        "UPDATE users SET last_seen_at = now() WHERE project_id = $1 AND telegram_id = $2", project.id, message.chat.id
    )


@dataclass(slots=True)
class _Corner:
    name: str
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    async def play(self, work: Callable[[], Awaitable[int]]) -> None:
        began, cpu = time.perf_counter(), time.process_time()
        count = await work()
        seconds = time.perf_counter() - began
        self.rates.append(count / seconds)
        self.seconds += seconds
        self.cpu_seconds += time.process_time() - cpu

    def result(self) -> Contender:
        return Contender(
            name=self.name,
            rate=Spread.of(self.rates).median,
            p50_ms=quantile(self.latencies, 0.5) * 1000,
            p99_ms=quantile(self.latencies, 0.99) * 1000,
            max_ms=max(self.latencies) * 1000,
            cpu_us=self.cpu_seconds / len(self.latencies) * 1e6,
            busy=self.cpu_seconds / self.seconds,
            load_busy=0.0,
            longest_gc_ms=0.0,
        )


class _Ring:
    """The same updates for both sides; each update's own time is taken around its handler's call."""

    def __init__(self, container: Container, handler: Callable[..., Awaitable[None]]) -> None:
        router = Router()
        router.message.register(handler)
        self._container = container
        self._bots = BotRegistry(
            settings=container.settings, secret=container.secret, catalogue=container.catalogue,
            database=container.database, redis=container.redis,
            dispatcher=build_dispatcher(container.redis, [router]),
        )  # fmt: skip
        project = container.catalogue.library().project_by_slug(SLUG)
        if project is None or project.bot is None:
            raise RuntimeError("the demo catalogue has no bot to measure")
        self.project, self.bot_id = project, project.bot.id
        self._ids = itertools.count(FIRST_ID)
        self.ours, self.bare = _Corner("arcana"), _Corner("bare dispatcher")

    def updates(self, count: int) -> list[dict[str, Any]]:
        return [update(next(self._ids), FIRST_CHAT + number % CHATS) for number in range(count)]

    async def keep(self, updates: Sequence[dict[str, Any]]) -> None:
        arrivals = [Arrival(self.project.id, self.bot_id, inspect(one)) for one in updates]
        async with self._container.database.connection() as connection:
            for place in range(0, len(arrivals), 500):
                await keep_all(connection, arrivals[place : place + 500], transport="webhook")

    async def work(self, count: int) -> int:
        """Our pump, until as many updates were worked on; they are in their table."""
        worker = _Timed(self._bots, self._container, self.ours.latencies, left=count)
        pump = UpdatePump(worker, self._container.database, most_of_a_bot=AT_ONCE)
        running = asyncio.create_task(pump.run())
        await worker.finished.wait()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return count

    async def feed(self, updates: Sequence[dict[str, Any]]) -> int:
        """The bare dispatcher: a task a chat, so that order is kept, and as many at once as ours."""
        bot = self._bots.bot(self.bot_id)
        assert bot is not None  # noqa: S101  # its project is there
        parts = {**self._container.parts(), "project": self.project}
        room = asyncio.Semaphore(AT_ONCE)

        async def chat(number: int) -> None:
            for one in updates[number::CHATS]:
                async with room:
                    began = time.perf_counter()
                    read = Update.model_validate(one, context={"bot": bot})
                    await self._bots.dispatcher.feed_update(bot, read, **parts)
                    self.bare.latencies.append(time.perf_counter() - began)

        await asyncio.gather(*(chat(number) for number in range(min(CHATS, len(updates)))))
        return len(updates)

    async def close(self) -> None:
        await self._bots.close()


class _Timed(UpdateWorker):
    """Says when the last one is done."""

    def __init__(self, bots: BotRegistry, container: Container, latencies: list[float], *, left: int) -> None:
        super().__init__(bots, container.database, parts=container.parts(), lease=timedelta(seconds=60))
        self._latencies = latencies
        self._left = left
        self.finished = asyncio.Event()

    async def work(self, claimed: Claimed) -> None:
        began = time.perf_counter()
        await super().work(claimed)
        self._latencies.append(time.perf_counter() - began)
        self._left -= 1
        if self._left == 0:
            self.finished.set()


async def measure_working(stage: Stage) -> list[Result]:
    results: list[Result] = []
    async with open_container(stage.settings) as container:
        await container.catalogue.reload()
        for name, title, handler in (
            ("bots.worked.listen", "updates worked on, handler without a transaction", listen),
            ("bots.worked.write", "updates worked on, handler with a transaction", write),
        ):
            results.append(await _duel(stage, container, name, title, handler))
    return results


async def _duel(
    stage: Stage, container: Container, name: str, title: str, handler: Callable[..., Awaitable[None]]
) -> Comparison:
    ring = _Ring(container, handler)
    async with container.database.connection() as connection:
        await connection.execute("DELETE FROM telegram_updates")
    count = max(20, round(A_SECOND * stage.seconds))
    try:
        # Warm, and everybody is met.
        await ring.feed(ring.updates(max(CHATS, count) if stage.seconds >= 0.5 else count))
        ring.bare.latencies.clear()
        for _ in range(stage.rounds):
            kept = ring.updates(count)
            await ring.keep(kept)
            await ring.ours.play(lambda: ring.work(count))
            fed = ring.updates(count)
            await ring.bare.play(lambda: ring.feed(fed))  # noqa: B023  # called at once
    finally:
        await ring.close()
    ratios = [mine / other for mine, other in zip(ring.ours.rates, ring.bare.rates, strict=True)]
    return Comparison(
        name=name, title=title, ratio=Spread.of(ratios), rounds=ratios,
        ours=ring.ours.result(), reference=ring.bare.result(), goal=0.6,
    )  # fmt: skip
