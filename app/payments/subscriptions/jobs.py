"""Jobs of subscriptions: what time does to them, and agreements that end at their provider."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.container import Container
from app.payments.subscriptions import ending_jobs as ending
from app.payments.subscriptions import renewals
from app.payments.subscriptions.ending import JOB as LET_GO_JOB
from app.payments.subscriptions.renewals import Renewals
from app.payments.subscriptions.schedule import tick
from app.worker.port import Job, JobRegistry, enqueue


async def run_tick(services: Container, _: dict[str, Any]) -> None:
    await tick(services.database, services.subscriptions)


async def renew(services: Container, _: dict[str, Any]) -> None:
    """A job for each that is to be charged."""
    async with services.database.transaction() as connection:
        for project_id, subscription_id in await renewals.due(connection):
            payload = renewals.job_payload(project_id, subscription_id)
            await enqueue(
                connection, renewals.CHARGE_JOB, payload, dedupe_key=f"{renewals.CHARGE_JOB}:{subscription_id}"
            )


async def charge(services: Container, payload: dict[str, Any]) -> None:
    parts = Renewals(services.settings, services.database, services.keyring, services.payments, services.subscriptions)
    await renewals.charge(parts, services.catalogue.library(), payload["project"], UUID(payload["subscription"]))


def register(registry: JobRegistry) -> None:
    registry.add(Job("subscriptions.tick", run_tick, concurrency=1, every=timedelta(minutes=1)))
    registry.add(Job("subscriptions.renew", renew, concurrency=1, every=timedelta(minutes=1)))
    registry.add(Job(renewals.CHARGE_JOB, charge, concurrency=5))
    registry.add(Job(LET_GO_JOB, ending.let_go))
