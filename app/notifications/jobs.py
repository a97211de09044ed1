"""Jobs of notifications: sending by the bot, noticing that a text was finished unseen, and what crashes left behind."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.telemetry import get_logger
from app.notifications import repository
from app.notifications.delivery import Delivery
from app.notifications.service import DELIVER, notify
from app.readings.generations import FINISHED_JOB, GenerationRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.notifications")

STRANDED_AFTER = timedelta(minutes=1)
# A call of the Bot API, with its waits and repetitions, takes less.
UNKNOWN_AFTER = timedelta(minutes=5)
KEPT_FOR = timedelta(days=180)


async def deliver(container: WorkerContainer, payload: dict[str, Any]) -> None:
    await Delivery(
        container.database,
        container.bots,
        container.catalogue.library(),
        container.settings,
        project_id=payload["project"],
        user_id=UUID(payload["user"]),
    ).run()


async def reading_finished(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """Comes a while after a text has ended: whoever watched, or has come back since, needs no notice."""
    async with container.database.transaction() as connection:
        unseen = await GenerationRepository(connection).unseen(UUID(payload["generation"]))
        if unseen is None:
            return
        await notify(
            connection,
            project_id=unseen.project_id,
            user_id=unseen.user_id,
            kind="readings",
            values={"reading": str(unseen.reading_id), "spread": unseen.spread, "answer": unseen.is_answer},
            dedupe=f"generation:{payload['generation']}",
        )


async def recover(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        unknown = await repository.give_up_unknown(connection, after=UNKNOWN_AFTER)
        for project_id, user_id in await repository.stranded(connection, grace=STRANDED_AFTER):
            payload = {"project": project_id, "user": str(user_id)}
            await enqueue(connection, DELIVER, payload, dedupe_key=f"{DELIVER}:{project_id}:{user_id}")
    if unknown:
        log.warning("notices whose process died may or may not have arrived", count=unknown)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        await repository.prune(connection, older_than=KEPT_FOR)


def register(registry: JobRegistry) -> None:
    registry.add(Job(DELIVER, deliver, concurrency=50))
    registry.add(Job(FINISHED_JOB, reading_finished))
    registry.add(Job("notifications.recover", recover, concurrency=1, every=timedelta(seconds=30)))
    registry.add(Job("notifications.prune", prune, concurrency=1, every=timedelta(hours=6)))
