"""The broadcasts' jobs. Sending itself is no job: every worker takes part in it (see sending.py)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.broadcasts import schedule
from app.kit.telemetry import get_logger
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry

log = get_logger("app.broadcasts")

TICK = timedelta(seconds=3)


async def begin(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project = container.catalogue.library().project_by_id(payload["project"])
    total = await schedule.begin(
        container.database,
        project_id=payload["project"],
        broadcast_id=UUID(payload["broadcast"]),
        default_language=project.default_language if project else "",
    )
    if total is not None:
        log.info("a broadcast begins", project_id=payload["project"], broadcast=payload["broadcast"], recipients=total)


async def tick(container: WorkerContainer, _: dict[str, Any]) -> None:
    await schedule.tick(container.database)


def register(registry: JobRegistry) -> None:
    registry.add(Job(schedule.BEGIN, begin))
    registry.add(Job("broadcasts.tick", tick, concurrency=1, every=TICK))
