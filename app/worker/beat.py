"""The one beat: APScheduler in every worker, of which one enqueues each tick. It runs nothing itself."""

import time
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from app.errors import Unavailable
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.worker")


async def beat(connection: Connection, job: Job, *, every: timedelta, now: float) -> bool:
    """Enqueues the job if nobody has done so in this tick; `now` is a Unix time."""
    tick = int(now // every.total_seconds())
    is_first = await connection.fetchval(
        """
        INSERT INTO beats (name, tick) VALUES ($1, $2)
        ON CONFLICT (name) DO UPDATE SET tick = excluded.tick, beaten_at = now() WHERE beats.tick < excluded.tick
        RETURNING true
        """,
        job.name, tick,
    )  # fmt: skip
    # A tick that finds the last one still waiting adds nothing.
    return bool(is_first) and await enqueue(connection, job.name, dedupe_key=job.name, priority=job.priority)


class Scheduler:
    def __init__(self, database: Database, registry: JobRegistry) -> None:
        self._database = database
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        for job in registry.jobs.values():
            if job.every is not None:
                self._scheduler.add_job(
                    self._tick,
                    IntervalTrigger(seconds=max(1, int(job.every.total_seconds()))),
                    args=(job, job.every),
                    id=job.name,
                    max_instances=1,
                    coalesce=True,
                    misfire_grace_time=None,
                )

    async def _tick(self, job: Job, every: timedelta) -> None:
        try:
            async with self._database.transaction() as connection:
                await beat(connection, job, every=every, now=time.time())
        except Unavailable:
            log.warning("the beat waits for the database", job=job.name)

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        self._scheduler.shutdown(wait=False)
