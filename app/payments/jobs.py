"""Jobs of payments. What must not be lost is a row of its own table; the beats find it again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.telemetry import get_logger
from app.payments import erasure, pruning, reconciliation
from app.payments.events import repository as repository_events
from app.payments.events import service as events
from app.payments.orders import closing, payments, repository
from app.payments.port import ProviderAway, ProviderRefused
from app.payments.refunds import repository as refund_rows
from app.payments.refunds import service as refunds
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.payments")

LOOK_JOB = "payments.look"
EVENTS_KEPT = timedelta(days=90)


async def event(container: WorkerContainer, payload: dict[str, Any]) -> None:
    await events.work(
        container.payments, container.database, container.catalogue.library(),
        payload["project"], UUID(payload["event"]),
    )  # fmt: skip


async def refund(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project = container.catalogue.library().project_by_id(payload["project"])
    if project is None:
        await refunds.wait_for_project(container.database, payload["project"], UUID(payload["refund"]))
        return
    async with container.database.connection() as connection:
        provider = await refunds.provider_of(connection, project.id, UUID(payload["refund"]))
    chosen = container.payments.registry.get(provider) if provider else None
    await refunds.send(container.payments.parts, container.database, chosen, project, UUID(payload["refund"]))


async def look(container: WorkerContainer, payload: dict[str, Any]) -> None:
    await reconciliation.look(
        container.payments, container.database, container.catalogue.library(),
        payload["project"], UUID(payload["payment"]),
    )  # fmt: skip


async def close(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project = container.catalogue.library().project_by_id(payload["project"])
    if project is not None:
        await closing.close(container.database, container.payments.registry, project, UUID(payload["payment"]))


async def forget(container: WorkerContainer, payload: dict[str, Any]) -> None:
    count = await erasure.forget_events(container.database, payload["project"], payload["names"])
    log.info("events of somebody who left were emptied", project_id=payload["project"], count=count)


async def sweep(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Whatever waits for its time, or was left behind by a crash, gets a job again."""
    async with container.database.transaction() as connection:
        await repository.expire(connection)
        for project_id, row_id in await repository_events.due(connection):
            payload = {"project": project_id, "event": str(row_id)}
            await enqueue(connection, events.JOB, payload, dedupe_key=f"{events.JOB}:{row_id}")
        for project_id, row_id in await refund_rows.due(connection):
            payload = {"project": project_id, "refund": str(row_id)}
            await enqueue(connection, refunds.SEND_JOB, payload, dedupe_key=f"{refunds.SEND_JOB}:{row_id}")
        for project_id, row_id, looks in await payments.due(connection):
            payload = {"project": project_id, "payment": str(row_id)}
            await enqueue(connection, LOOK_JOB, payload, dedupe_key=f"{LOOK_JOB}:{row_id}:{looks}")


async def plan_reconciliation(container: WorkerContainer, _: dict[str, Any]) -> None:
    await reconciliation.plan(container.payments, container.database, container.catalogue.library())
    async with container.database.transaction() as connection:
        await repository_events.prune(connection, older_than=EVENTS_KEPT)


async def prune(container: WorkerContainer, _: dict[str, Any]) -> None:
    counts = await pruning.prune_all(container.database)
    if any(counts.values()):
        log.info("what came to nothing was pruned", **counts)


async def reconcile(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project = container.catalogue.library().project_by_id(payload["project"])
    provider = container.payments.registry.get(payload["provider"])
    if project is None or provider is None:
        return
    try:
        counts = await reconciliation.compare(container.payments, container.database, project, provider)
    except (ProviderAway, ProviderRefused) as error:
        log.warning("books could not be compared", provider=provider.name, project_id=project.id, reason=error.code)
        return
    log.info("books were compared", provider=provider.name, project_id=project.id, **counts)


def register(registry: JobRegistry) -> None:
    registry.add(Job(events.JOB, event, concurrency=20, priority=5))
    registry.add(Job(refunds.SEND_JOB, refund, concurrency=10, priority=5))
    registry.add(Job(closing.JOB, close, concurrency=5))
    registry.add(Job(erasure.FORGET_JOB, forget, concurrency=1))
    registry.add(Job(LOOK_JOB, look, concurrency=10))
    registry.add(Job("payments.sweep", sweep, concurrency=1, every=timedelta(seconds=5)))
    registry.add(Job("payments.plan_reconciliation", plan_reconciliation, concurrency=1, every=timedelta(hours=1)))
    registry.add(Job("payments.prune", prune, concurrency=1, every=timedelta(hours=1)))
    registry.add(Job(reconciliation.JOB, reconcile, concurrency=2))
