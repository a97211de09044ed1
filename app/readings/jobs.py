"""Jobs of readings: writing texts, finding those whose worker is gone, expiring what nobody drew."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit import idempotency
from app.kit.telemetry import get_logger
from app.readings import chats, telegram_delivery
from app.readings.generations import GenerationRepository
from app.readings.writer import close
from app.users.repository import RefreshTokenRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.readings.jobs")


async def write(container: WorkerContainer, payload: dict[str, Any]) -> None:
    await container.writer.write(UUID(payload["generation"]))


async def recover(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Gives texts without a living worker to the next one, and gives up those that kill every worker."""
    async with container.database.connection() as connection:
        hopeless = await GenerationRepository(connection).hopeless()
    for claim in hopeless:
        async with container.database.transaction() as connection:
            generations = GenerationRepository(connection)
            await generations.lock_owner(claim)
            material = await generations.material(claim)
            if material is not None and await generations.give_up(claim):
                await close(connection, claim, material, free=True, state="failed")
    async with container.database.transaction() as connection:
        generations = GenerationRepository(connection)
        for generation_id, claims in await generations.abandoned(waiting=timedelta(seconds=10)):
            await enqueue(
                connection,
                "readings.write",
                {"generation": str(generation_id)},
                dedupe_key=f"readings.write:{generation_id}:{claims}",
                priority=10,
            )


async def expire(container: WorkerContainer, _: dict[str, Any]) -> None:
    for project in container.catalogue.library().projects:
        async with container.database.transaction() as connection:
            await container.readings.expire(connection, project)


async def recover_chats(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Gives texts on their way into a chat to the next worker, and gives up those that may have arrived."""
    async with container.database.transaction() as connection:
        doubtful = await chats.give_up_doubtful(connection)
        for chat_row, project_id, since in await chats.abandoned(connection, grace=timedelta(seconds=5)):
            await enqueue(
                connection,
                chats.JOB,
                chats.job_payload(project_id, chat_row),
                dedupe_key=f"{chats.JOB}:{chat_row}:{since.timestamp():.0f}",
                priority=5,
            )
    if doubtful:
        log.warning("readings may not have reached their chats", count=doubtful)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        await idempotency.prune(connection)
        await RefreshTokenRepository(connection).prune()


def register(registry: JobRegistry) -> None:
    registry.add(Job("readings.write", write, priority=10))
    registry.add(Job("readings.recover", recover, every=timedelta(seconds=2)))
    registry.add(Job(chats.JOB, telegram_delivery.run, priority=5))
    registry.add(Job("readings.chats", recover_chats, concurrency=1, every=timedelta(seconds=5)))
    registry.add(Job("readings.expire", expire, every=timedelta(minutes=1)))
    registry.add(Job("kit.prune", prune, every=timedelta(hours=1)))
