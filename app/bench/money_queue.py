"""The worker's queue with the job of payment events alone; apart from the rest, because it needs all of a worker."""

from app.bench.servers import Program
from app.kit.process import settle_memory
from app.payments.events import service as events
from app.settings import Settings
from app.worker.container import open_worker_container
from app.worker.jobs import build_registry
from app.worker.port import JobRegistry
from app.worker.runner import Consumer


def queue_worker(settings: Settings) -> Program:
    """What a purchase has others told (cards, notices, the books) stays in the queue."""

    async def run() -> None:
        registry = JobRegistry()
        registry.add(build_registry(settings).jobs[events.JOB])
        async with open_worker_container(settings) as container:
            await container.catalogue.reload()
            settle_memory()
            await Consumer(container, registry).run()

    return Program(beside=(run,))
