"""The process that runs jobs and the beat; any number of them may run."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job as QueuedJob
from prometheus_client import start_http_server

from app.alerts.runtime import alerting
from app.kit import json
from app.kit.database import LOST
from app.kit.process import settle_memory
from app.kit.telemetry import JOBS, get_logger
from app.settings import Settings
from app.telegram.pump import UpdatePump
from app.telegram.working import UpdateWorker
from app.worker.beat import Scheduler
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.jobs import build_registry
from app.worker.port import Job, JobRegistry

log = get_logger("app.worker")

# A job of a worker that was killed is taken up after this.
HEARTBEAT = timedelta(seconds=10)
STOP_SECONDS = 5


class Consumer:
    """Runs jobs until it is cancelled; comes back by itself after the database was away."""

    def __init__(self, container: WorkerContainer, registry: JobRegistry, *, most_at_once: int = 400) -> None:
        self._container = container
        self._registry = registry
        self._most_at_once = most_at_once
        self._running: set[asyncio.Task[Any]] = set()
        self._stopping = False

    async def run(self) -> None:
        while True:
            try:
                await self._consume()
                log.warning("the job queue's listener failed; connecting again")
            except (*LOST, FailingListenerError) as error:
                log.warning("the job queue waits for the database", reason=type(error).__name__)
            await asyncio.sleep(1)

    async def _consume(self) -> None:
        url = self._container.settings.database_url
        async with asyncpg.create_pool(url, min_size=2, max_size=4) as pool:
            manager = QueueManager(Queries(AsyncpgPoolDriver(pool)))
            for job in self._registry.jobs.values():
                manager.entrypoint(job.name, concurrency_limit=job.concurrency, accepts_context=False)(
                    self._handler(job)
                )
            consuming = asyncio.create_task(
                manager.run(
                    dequeue_timeout=timedelta(seconds=2),
                    batch_size=50,
                    max_concurrent_tasks=self._most_at_once,
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=HEARTBEAT,
                )
            )
            try:
                await asyncio.shield(consuming)
            except asyncio.CancelledError:
                # Whatever runs goes back into the queue, so that another worker takes it up at once.
                self._stopping = True
                manager.shutdown.set()
                for task in self._running:
                    task.cancel()
                await asyncio.wait({consuming}, timeout=STOP_SECONDS)
                consuming.cancel()
                # Its end is read, else the log shows how its connections broke under it.
                await asyncio.wait({consuming}, timeout=STOP_SECONDS)
                if consuming.done() and not consuming.cancelled():
                    consuming.exception()
                raise

    def _handler(self, job: Job) -> Any:
        async def run(queued: QueuedJob) -> None:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  # PgQueuer runs every job in a task
            self._running.add(task)
            outcome = "failed"
            try:
                await job.handler(self._container, json.loads(queued.payload or b"{}"))
                outcome = "done"
            except asyncio.CancelledError:
                outcome = "returned"
                if not self._stopping:
                    raise
                raise RetryRequested(reason="this worker is being stopped") from None
            except Exception:  # goes on its way
                # What must not be lost is a row of its feature, found again by that feature's own beat.
                log.exception("a job failed", job=job.name)
                raise
            finally:
                self._running.discard(task)
                JOBS.labels(job.name, outcome).inc()

        return run


@contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    """Generations, jobs and what the models cost are counted where they run, not in the API."""
    if not settings.worker_metrics_port:
        yield
        return
    try:
        server, thread = start_http_server(settings.worker_metrics_port, settings.host)
    except OSError as error:
        # Whoever reads in the app must not wait because a port is taken.
        log.error("no metrics of this worker", port=settings.worker_metrics_port, reason=str(error))
        yield
        return
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def run_worker(settings: Settings) -> None:
    """Until cancelled: jobs, the beat, checkpoints, the catalogue's listener and, with a port for them, metrics."""
    registry = build_registry(settings)
    async with open_worker_container(settings) as container, alerting(container, "worker"):
        await container.catalogue.start()
        scheduler = Scheduler(container.database, registry)
        scheduler.start()
        settle_memory()
        try:
            with _metrics(settings):
                await work(container, registry)
        finally:
            scheduler.stop()
            await container.catalogue.stop()


async def work(container: WorkerContainer, registry: JobRegistry) -> None:
    """All that a worker does at the same time, but for the beat."""
    async with asyncio.TaskGroup() as group:
        group.create_task(container.publisher.run())
        group.create_task(container.writer.run())
        group.create_task(container.broadcaster.run())
        group.create_task(Consumer(container, registry).run())
        updates = UpdateWorker(container.bots, container.database, parts=container.parts())
        group.create_task(UpdatePump(updates, container.database).run())
        log.info("the worker is ready", jobs=len(registry.jobs))
