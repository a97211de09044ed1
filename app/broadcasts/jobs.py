"""The broadcasts' jobs. Sending itself is no job: every worker takes part in it (see sending.py)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from aiogram.exceptions import TelegramAPIError

from app.broadcasts import schedule, service
from app.broadcasts.progress import show_all
from app.broadcasts.samples import send_samples
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


async def test(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project = container.catalogue.library().project_by_id(payload["project"])
    bot = container.bots.bot(project.bot.id) if project is not None and project.bot is not None else None
    if project is None or bot is None:
        return
    try:
        await send_samples(
            bot,
            project,
            UUID(payload["broadcast"]),
            database=container.database,
            settings=container.settings,
            chat_id=payload["chat"],
            languages=payload["languages"],
        )
    except TelegramAPIError as error:
        log.warning("a test message was refused", project_id=project.id, reason=type(error).__name__)


async def tick(container: WorkerContainer, _: dict[str, Any]) -> None:
    await schedule.tick(container.database)
    await show_all(container.database, container.bots)


def register(registry: JobRegistry) -> None:
    registry.add(Job(schedule.BEGIN, begin))
    registry.add(Job(service.TEST, test))
    registry.add(Job("broadcasts.tick", tick, concurrency=1, every=TICK))
