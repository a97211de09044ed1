"""The bots' jobs: forgetting old updates, setting bots up. Updates are no jobs: see `app.telegram.pump`."""

from datetime import timedelta
from typing import Any

from app.telegram import onboarding, updates
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry

KEPT_FOR = timedelta(days=3)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    while True:
        async with container.database.transaction() as connection:
            gone = await updates.prune(connection, older_than=KEPT_FOR)
        if gone == 0:
            return


async def set_up_bots(container: WorkerContainer, _: dict[str, Any]) -> None:
    await container.onboarding.run()


def register(registry: JobRegistry) -> None:
    registry.add(Job("telegram.prune", prune, concurrency=1, every=timedelta(hours=1)))
    registry.add(Job(onboarding.JOB, set_up_bots, concurrency=1, every=timedelta(seconds=10)))
