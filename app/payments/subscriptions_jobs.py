"""Jobs of subscriptions: what time does to them, and agreements that end at their provider."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.container import Container
from app.kit.telemetry import get_logger
from app.payments import subscriptions_renewals as renewals
from app.payments.port import ProviderAway, ProviderRefused
from app.payments.subscriptions import LET_GO_JOB
from app.payments.subscriptions_renewals import Renewals
from app.payments.subscriptions_schedule import tick
from app.worker.port import Job, JobRegistry, enqueue

log = get_logger("app.payments.subscriptions")

FIRST_WAIT, LAST_WAIT = timedelta(minutes=1), timedelta(hours=1)
PATIENCE = 20


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


async def let_go(services: Container, payload: dict[str, Any]) -> None:
    """Nothing is charged any more for what is over; a provider that is away is asked until it answers."""
    project = services.catalogue.library().project_by_id(payload["project"])
    provider = services.payments.registry.get(payload["provider"])
    if project is None or provider is None:
        log.error("an agreement cannot be ended: its project or provider is gone", reference=payload["reference"])
        return
    try:
        await provider.cancel(project, subscription=payload["reference"], telegram_id=payload["telegram_id"])
    except ProviderRefused as error:
        # It may have ended there already; if it has not, the next payment shows.
        log.warning("a provider did not end an agreement", provider=provider.name, reason=str(error))
    except ProviderAway:
        tries = payload.get("tries", 0) + 1
        # An error reaches those who can look at the provider's own page.
        tell = log.error if tries == PATIENCE else log.info
        tell("an agreement waits to be ended", provider=provider.name, reference=payload["reference"])
        async with services.database.transaction() as connection:
            await enqueue(connection, LET_GO_JOB, {**payload, "tries": tries}, delay=min(FIRST_WAIT * tries, LAST_WAIT))


def register(registry: JobRegistry) -> None:
    registry.add(Job("subscriptions.tick", run_tick, concurrency=1, every=timedelta(minutes=1)))
    registry.add(Job("subscriptions.renew", renew, concurrency=1, every=timedelta(minutes=1)))
    registry.add(Job(renewals.CHARGE_JOB, charge, concurrency=5))
    registry.add(Job(LET_GO_JOB, let_go))
