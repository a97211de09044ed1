"""Alerts in a running process: collects, watches, decides, sends. Nothing of it exists without a super-admin."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Literal

from app.alerts.bot_api import language_of, speakers
from app.alerts.causes import Occurrences, watched
from app.alerts.collector import Collector
from app.alerts.ledger import LocalLedger, Pace, SharedLedger, Telling, beat
from app.alerts.messages import compose
from app.alerts.sender import Sender
from app.alerts.watch import Reach, Signs, api_alone, claim_look, installation
from app.container import Container
from app.errors import Unavailable
from app.kit import telemetry

log = telemetry.get_logger("app.alerts")

Process = Literal["api", "worker", "polling"]
FLUSH_SECONDS = 1.0
LAST_WORDS_SECONDS = 3.0
# What a process is just noting when it ends may be finished.
LAST_STEP_SECONDS = 1.0
DATABASE = "watch:database"


class Alerts:
    def __init__(self, services: Container, process: Process) -> None:
        self._services = services
        self._process = process
        self._pace = Pace(services.settings.alert_patience_seconds)
        self.collector = Collector(process)
        self._shared = SharedLedger(services.database, self._pace)
        self._local = LocalLedger(services.redis, self._pace)
        self._sender = Sender(services.settings, self._tokens)
        self._reach = Reach(services, self._pace)
        self._database_up = True
        self._started = time.monotonic()
        self._steps: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def _tokens(self) -> list[str]:
        return speakers(self._services.settings, self._services.catalogue.library())

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sender.run())
            self._steps = [
                group.create_task(self._forever(self._flush, min(FLUSH_SECONDS, self._pace.tick))),
                group.create_task(self._forever(self._watch, self._pace.tick)),
            ]

    async def last_words(self) -> None:
        """Tells what has just been collected, as far as that takes no more than moments; then `run` may be cancelled.

        Cancelled before, it would take along what it has just collected and what is on its way to Telegram.
        """
        self._stopping.set()
        if self._steps:
            await asyncio.wait(self._steps, timeout=LAST_STEP_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS_SECONDS):
                await self._flush()
                await self._sender.drain()

    async def close(self) -> None:
        await self._sender.close()

    async def _forever(self, step: Callable[[], Awaitable[None]], seconds: float) -> None:
        while not self._stopping.is_set():
            try:
                await step()
            except Unavailable as error:
                log.warning("alerts wait for the database", reason=type(error).__name__)
            except Exception:  # whatever is wrong with alerts, the next one must still get through
                log.exception("alerts failed for a moment")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _flush(self) -> None:
        """What was logged since the last time."""
        pending, over = self.collector.take()
        tellings = [telling for occurrences in pending if (telling := await self._note(occurrences))]
        tellings += await self._end(over, at_once=True)
        self._tell(tellings)

    async def _watch(self) -> None:
        """Signs of life and of trouble, and what has been quiet for long."""
        signs, self._database_up = await self._reach.look()
        running_for = timedelta(seconds=time.monotonic() - self._started)
        self._tell(await self._local.sweep())
        if self._database_up:
            async with self._services.database.connection() as connection:
                await beat(connection, self._process)
                looks = await claim_look(connection, f"alerts.{self._process}", self._pace)
                if looks and self._process == "api":
                    signs |= await installation(
                        connection, self._services.settings, self._pace, running_for=running_for
                    )
                elif looks:
                    signs |= await api_alone(connection, self._pace, running_for=running_for)
            if looks:
                self._tell(await self._shared.sweep())
        if self._process != "api":
            # Whether Redis and Postgres are there is for the API to say; a worker would only repeat it.
            for name in ("database", "redis"):
                signs.pop(name, None)
        await self._report(signs)

    async def _report(self, signs: Signs) -> None:
        tellings: list[Telling] = []
        for name, facts in signs.items():
            if facts is not None:
                cause = watched(name, process=self._process, facts=facts)
                telling = await self._note(Occurrences(cause=cause))
                tellings += [telling] if telling else []
        well = [f"watch:{name}" for name, facts in signs.items() if facts is None]
        tellings += await self._end(well)
        self._tell(tellings)

    async def _note(self, occurrences: Occurrences) -> Telling | None:
        fingerprint = occurrences.cause.fingerprint
        if self._database_up and fingerprint != DATABASE and fingerprint not in self._local:
            with suppress(Unavailable):
                return await self._shared.note(occurrences)
        return await self._local.note(occurrences)

    async def _end(self, fingerprints: Collection[str], *, at_once: bool = False) -> list[Telling]:
        here = [fingerprint for fingerprint in fingerprints if fingerprint in self._local]
        tellings = await self._local.end(here)
        others = [fingerprint for fingerprint in fingerprints if fingerprint not in here and fingerprint != DATABASE]
        if others and self._database_up:
            tellings += await self._shared.end(others, at_once=at_once)
        return tellings

    def _tell(self, tellings: Sequence[Telling]) -> None:
        if not tellings:
            return
        for text in compose(tellings, language_of(self._services.settings, self._services.catalogue.library())):
            self._sender.put(text)


@asynccontextmanager
async def alerting(services: Container, process: Process) -> AsyncIterator[None]:
    """For as long as the process works. Does nothing without super-admins."""
    if not services.settings.super_admins:
        yield
        return
    alerts = Alerts(services, process)
    telemetry.listeners.append(alerts.collector.listen)
    running = asyncio.create_task(alerts.run())
    try:
        yield
    except Exception:  # whatever ends a process is told, and goes on its way
        log.exception("a process ends with an error", process=process)
        raise
    finally:
        telemetry.listeners.remove(alerts.collector.listen)
        await alerts.last_words()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await alerts.close()
