"""Results are written in batches: every 100 ms, or as soon as 100 of them wait."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from prometheus_client import Counter, Histogram

from app.broadcasts import notices
from app.broadcasts.recipients import RecipientRepository, Result
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.telemetry import get_logger

log = get_logger("app.broadcasts")

FLUSH_SECONDS = 0.1
FLUSH_RESULTS = 100
RETRY_SECONDS = 1.0

RESULTS = Counter("arcana_broadcast_results_total", "Recipients of broadcasts", ["kind", "state"])
LAG = Histogram(
    "arcana_broadcast_commit_lag_seconds",
    "From Telegram's answer until the result is committed",
    buckets=(0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5),
)


class Recorder:
    """Keeps the results of one run until they are committed, also over an outage of the database.

    `notices` are the values of each version for the inboxes of those who are reached; None for runs that only change
    what was sent. `observe` is told the lags, in seconds, of each batch that was committed.
    """

    def __init__(
        self,
        database: Database,
        *,
        project_id: int,
        broadcast_id: UUID,
        run: int,
        kind: str,
        bot_id: int,
        notices: Mapping[str, dict[str, Any]] | None = None,
        observe: Callable[[Sequence[float]], None] | None = None,
    ) -> None:
        self._database = database
        self._key = (project_id, broadcast_id, run)
        self._kind = kind
        self._bot_id = bot_id
        self._notices = notices
        self._observe = observe
        self._waiting: list[tuple[Result, float]] = []
        self._many = asyncio.Event()
        self._closed = False

    def add(self, result: Result) -> None:
        self._waiting.append((result, time.monotonic()))
        RESULTS.labels(self._kind, result.state).inc()
        if len(self._waiting) >= FLUSH_RESULTS:
            self._many.set()

    async def run(self) -> None:
        """Until `close`. Not to be cancelled: nobody would know of a statement that was cut off if it was committed."""
        while not self._closed or self._waiting:
            try:
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._many.wait()
            except TimeoutError:
                pass
            await self._flush()

    def close(self) -> None:
        """Nothing more will come; `run` ends when everything is written."""
        self._closed = True
        self._many.set()

    async def _flush(self) -> None:
        while self._waiting:
            batch = self._waiting[: 5 * FLUSH_RESULTS]
            try:
                await self._write([result for result, _ in batch])
            except Unavailable:
                log.warning("results of a broadcast wait for the database", results=len(self._waiting))
                await asyncio.sleep(RETRY_SECONDS)
                continue
            now = time.monotonic()
            lags = [now - at for _, at in batch]
            del self._waiting[: len(batch)]
            for lag in lags:
                LAG.observe(lag)
            if self._observe is not None:
                self._observe(lags)
        if not self._closed:
            self._many.clear()

    async def _write(self, results: list[Result]) -> None:
        project_id, broadcast_id, run = self._key
        gone = [result for result in results if result.state == "gone"]
        reached = [result.recipient for result in results if result.state == "sent"] if self._notices else []
        async with self._database.transaction() as connection:
            if self._notices and reached:
                # Before the recipients' rows, as somebody who leaves holds his own and then asks for those.
                await notices.tell(
                    connection,
                    project_id=project_id,
                    broadcast_id=broadcast_id,
                    reached=[(recipient.user_id, recipient.language) for recipient in reached],
                    values=self._notices,
                )
            recipients = RecipientRepository(connection, project_id, broadcast_id, run)
            if gone:
                await recipients.note_departures(self._bot_id, gone)
            # At the end: it locks the run's row, which all processes write.
            await recipients.settle(results)
