"""The bots' jobs: working on updates, finding stranded ones, forgetting old ones, setting bots up."""

from datetime import timedelta
from typing import Any

from app.kit.telemetry import get_logger
from app.telegram import updates
from app.telegram.onboarding import Onboarding
from app.telegram.working import UpdateWorker
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry

log = get_logger("app.telegram.jobs")

STRANDED_AFTER = timedelta(seconds=15)
KEPT_FOR = timedelta(days=3)


async def work_update(container: WorkerContainer, payload: dict[str, Any]) -> None:
    await UpdateWorker(container.bots, container.database, parts=container.parts()).run(
        project_id=payload["project"],
        bot_id=payload["bot"],
        chat_id=payload["chat"],
        update_id=payload["update"],
    )


async def find_stranded(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        made = await updates.enqueue_stranded(connection, grace=STRANDED_AFTER)
    if made:
        log.warning("stranded updates found", count=made)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    while True:
        async with container.database.transaction() as connection:
            gone = await updates.prune(connection, older_than=KEPT_FOR)
        if gone == 0:
            return


async def set_up_bots(container: WorkerContainer, _: dict[str, Any]) -> None:
    await Onboarding(container.bots, container.database).run()


def register(registry: JobRegistry) -> None:
    registry.add(Job(updates.JOB, work_update))
    registry.add(Job("telegram.stranded", find_stranded, concurrency=1, every=timedelta(seconds=10)))
    registry.add(Job("telegram.prune", prune, concurrency=1, every=timedelta(hours=1)))
    registry.add(Job("telegram.set_up_bots", set_up_bots, concurrency=1, every=timedelta(seconds=10)))
