"""The port to the job queue: features register handlers and enqueue by name; PgQueuer is behind it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries

from app.kit import json
from app.kit.database import Connection

# The first argument is the container of the process that runs the job; the port does not know its type.
Handler = Callable[[Any, dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Job:
    """`concurrency` bounds simultaneous runs over all workers (0: none); `every` makes the beat enqueue it."""

    name: str
    handler: Handler
    concurrency: int = 0
    every: timedelta | None = None
    priority: int = 0


class JobRegistry:
    """All jobs of the product; filled in `app.worker.jobs`."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}

    def add(self, job: Job) -> None:
        if job.name in self.jobs:
            raise ValueError(f"job {job.name} is registered twice")
        self.jobs[job.name] = job


class _EnqueueDriver(AsyncpgDriver):
    """PgQueuer hands over its headers as JSON texts; our connections encode values for jsonb themselves."""

    async def fetch(self, query: str, *args: Any) -> list[dict[str, Any]]:
        *others, headers = args
        return await super().fetch(query, *others, [json.loads(text) for text in headers])


async def enqueue(
    connection: Connection,
    name: str,
    payload: dict[str, Any] | None = None,
    *,
    dedupe_key: str | None = None,
    delay: timedelta | None = None,
    priority: int = 0,
) -> bool:
    """Adds a job in the caller's transaction; false if one with this `dedupe_key` already waits or runs.

    One that runs may have looked before this transaction is seen, and then nothing follows. So a key is only for work
    that stands in rows of its feature, which a beat of the feature finds again; without such a beat a job takes no
    key, or lets go of it by `release` before it looks. Jobs that run are not told apart from those that wait: what is
    slow to be done, such as a card for a busy group, must not be done twice.
    """
    ids = await Queries(_EnqueueDriver(connection)).enqueue(
        name,
        json.dumps(payload or {}),
        priority=priority,
        execute_after=delay,
        dedupe_key=dedupe_key,
        on_conflict="skip",
    )
    return ids[0] is not None


async def release(connection: Connection, dedupe_key: str) -> None:
    """A running job lets go of its key: what is asked for from now on is another job, for this one may have looked
    already."""
    await connection.execute(
        "UPDATE pgqueuer SET dedupe_key = NULL WHERE dedupe_key = $1 AND status = 'picked'", dedupe_key
    )
