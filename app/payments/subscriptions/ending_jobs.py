"""Ending agreements at their provider: asked again until it has answered. What it refuses, and what it never answers,
reaches the staff as a card."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.container import Container
from app.crm.cards.store import announce
from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.telemetry import get_logger
from app.payments.port import ProviderAway, ProviderRefused
from app.payments.subscriptions.ending import JOB
from app.worker.port import enqueue

log = get_logger("app.payments.subscriptions")

CARD = "agreement"
FIRST_WAIT, LAST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# After some hours somebody is told; after some nine days more it is his alone.
PATIENCE, LAST_TRY = 20, 240


async def let_go(services: Container, payload: dict[str, Any]) -> None:
    failure = await _ask(services, payload)
    if failure is None:
        return
    tries = payload.get("tries", 0) + 1
    over = failure == "refused" or tries >= LAST_TRY
    async with services.database.transaction() as connection:
        if (over or tries == PATIENCE) and not (failure == "refused" and _has_run_out(payload)):
            await _tell(connection, payload, failure)
        if not over:
            await enqueue(connection, JOB, {**payload, "tries": tries}, delay=min(FIRST_WAIT * tries, LAST_WAIT))


async def _ask(services: Container, payload: dict[str, Any]) -> str | None:
    """Why it did not end this time; None if it has."""
    project = services.catalogue.library().project_by_id(payload["project"])
    provider = services.payments.registry.get(payload["provider"])
    if project is None or provider is None or provider.account(project) != payload["account"]:
        # The catalogue may not have arrived yet, and a manager may bring a project or its keys back.
        log.warning("an agreement waits for its account", provider=payload["provider"], reference=payload["reference"])
        return "account_changed"
    try:
        await provider.cancel(project, subscription=payload["reference"], telegram_id=payload["telegram_id"])
    except ProviderRefused as error:
        log.warning("a provider did not end an agreement", provider=provider.name, reason=str(error))
        return "refused"
    except ProviderAway:
        log.info("an agreement waits to be ended", provider=provider.name, reference=payload["reference"])
        return "away"
    except Exception:  # whatever breaks: left alone it costs somebody money every month
        log.exception("an agreement could not be ended", provider=provider.name, reference=payload["reference"])
        return "error"
    return None


def _has_run_out(payload: dict[str, Any]) -> bool:
    """Providers refuse to end what has ended by itself; if it has not, the next payment shows."""
    until = payload["paid_until"]
    return until is not None and datetime.fromisoformat(until) <= utc_now()


async def _tell(connection: Connection, payload: dict[str, Any], failure: str) -> None:
    log.error(
        "an agreement has to be ended by hand",
        provider=payload["provider"],
        project_id=payload["project"],
        reference=payload["reference"],
        reason=failure,
    )
    user_id = await connection.fetchval(
        "SELECT id FROM users WHERE project_id = $1 AND id = $2 AND state <> 'erased'",
        payload["project"], UUID(payload["user"]),
    )  # fmt: skip
    await announce(
        connection,
        project_id=payload["project"],
        kind=CARD,
        subject=f"{payload['provider']}:{payload['account']}:{payload['reference']}",
        user_id=user_id,
        facts={"provider": payload["provider"], "reference": payload["reference"], "failure": failure},
    )
