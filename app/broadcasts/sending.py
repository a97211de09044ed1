"""The worker's side: every worker takes part in every broadcast that is being sent, leased batch by leased batch."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError
from redis.asyncio import Redis

from app.broadcasts.courier import Courier, Errand
from app.broadcasts.messages import Composer
from app.broadcasts.repository import BroadcastRepository
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.settings import Settings
from app.telegram.booking import BookingOffice
from app.telegram.limiter import rates_of
from app.telegram.registry import BotRegistry

log = get_logger("app.broadcasts")

POLL_SECONDS = 1.0
# A process that is being stopped waits so long for Telegram's last answers.
STOP_SECONDS = 5.0
# A bot that this process does not know may be one that it has not heard of yet.
UNKNOWN_BOT_SECONDS = 60.0


class Broadcaster:
    """All broadcasts that this process sends. `observe`: see `Recorder`."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        redis: Redis,
        bots: BotRegistry,
        observe: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        self._settings = settings
        self._database = database
        self._redis = redis
        self._bots = bots
        self._observe = observe
        self._office = BookingOffice(redis, rate=settings.broadcast_messages_per_second, rates=rates_of(settings))
        self._couriers: dict[tuple[UUID, int], tuple[Courier, asyncio.Task[None]]] = {}
        self._unknown_since: dict[UUID, float] = {}

    async def run(self) -> None:
        """Until cancelled; then what was not begun goes back, and what is under way is waited for."""
        try:
            while True:
                try:
                    await self._look()
                except Unavailable:
                    log.warning("broadcasts wait for the database")
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for courier, _ in self._couriers.values():
                courier.stop()
            if tasks := [task for _, task in self._couriers.values()]:
                await asyncio.wait(tasks, timeout=STOP_SECONDS)

    async def _look(self) -> None:
        for key, (_, task) in list(self._couriers.items()):
            if task.done():
                del self._couriers[key]
                if not task.cancelled() and (error := task.exception()) is not None:
                    log.error("sending a broadcast failed", broadcast=str(key[0]), exc_info=error)
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT b.project_id, b.id, b.run, n.kind, n.bot_id, n.content FROM broadcasts b
                JOIN broadcast_runs n ON n.project_id = b.project_id AND n.broadcast_id = b.id AND n.run = b.run
                WHERE b.state = 'sending' AND EXISTS (
                    SELECT FROM broadcast_recipients r WHERE r.broadcast_id = b.id AND r.run = b.run
                        AND r.state = 'pending' AND r.send_at <= now()
                )
                """
            )
        for row in rows:
            errand = Errand(*row)
            if (errand.broadcast_id, errand.run) not in self._couriers:
                await self._send_out(errand)

    async def _send_out(self, errand: Errand) -> None:
        project, bot = self._bots.project(errand.bot_id), self._bots.bot(errand.bot_id)
        if bot is None or project is None or project.id != errand.project_id or not project.live:
            await self._cannot(errand)
            return
        self._unknown_since.pop(errand.broadcast_id, None)
        try:
            courier = Courier(
                errand,
                bot=bot,
                composer=Composer(self._settings, project, errand.broadcast_id),
                database=self._database,
                redis=self._redis,
                office=self._office,
                lease=timedelta(seconds=self._settings.broadcast_lease_seconds),
                observe=self._observe,
            )
        except ValidationError as error:
            # Kept by another version of the product; it must not stop this process, which does other things too.
            log.error("a broadcast's content is not readable", broadcast=str(errand.broadcast_id), exc_info=error)
            await self._pause(errand, "refused: the stored content is not readable")
            return
        self._couriers[errand.broadcast_id, errand.run] = courier, asyncio.create_task(courier.run())

    async def _cannot(self, errand: Errand) -> None:
        since = self._unknown_since.setdefault(errand.broadcast_id, time.monotonic())
        if time.monotonic() - since < UNKNOWN_BOT_SECONDS:
            return
        await self._pause(errand, "no_bot")

    async def _pause(self, errand: Errand, problem: str) -> None:
        async with self._database.connection() as connection:
            await BroadcastRepository(connection, errand.project_id).move(
                errand.broadcast_id, "paused", allowed=("sending",), problem=problem
            )
