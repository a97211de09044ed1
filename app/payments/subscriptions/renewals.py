"""Renewals that we charge ourselves, on a saved method, where the provider does not renew.

An attempt is a row first: the order of the period and a payment. Then the provider is asked under the payment's id,
outside of any transaction; whatever breaks in between, the same attempt goes on. A refused one is followed by another
the next day, as long as the subscription waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.catalogue.library import Library, Project
from app.kit.crypto import CannotOpen, Keyring
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.payments.orders.payments import Bill, PaymentRepository
from app.payments.orders.repository import COLUMNS as ORDER_COLUMNS
from app.payments.orders.repository import Order, to_order
from app.payments.orders.starting import build_ask
from app.payments.outcome import Source
from app.payments.port import Fact, Failed, Provider, ProviderAway, ProviderRefused
from app.payments.reconciliation import apply_all
from app.payments.renewals import AGAIN_AFTER_REFUSAL, lock_agreement, open_order
from app.payments.service import PaymentService
from app.payments.subscriptions.repository import SubscriptionRepository
from app.payments.subscriptions.service import SubscriptionService
from app.settings import Settings

log = get_logger("app.payments.subscriptions")

CHARGE_JOB = "subscriptions.charge"
# While an answer is awaited nobody else charges; a provider that is away is asked again after this.
LEASE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Renewals:
    """What charging needs of a process."""

    settings: Settings
    database: Database
    keyring: Keyring
    payments: PaymentService
    subscriptions: SubscriptionService


@dataclass(frozen=True, slots=True)
class Attempt:
    bill: Bill
    sealed_method: str


async def due(connection: Connection, *, limit: int = 100) -> list[tuple[int, UUID]]:
    """(project, subscription) of those to be charged now."""
    rows = await connection.fetch(
        """
        SELECT project_id, id FROM subscriptions
        WHERE state <> 'ended' AND renews AND sealed_method IS NOT NULL AND reference IS NULL AND renew_at <= now()
        ORDER BY renew_at LIMIT $1
        """,
        limit,
    )
    return [(row["project_id"], row["id"]) for row in rows]


async def charge(parts: Renewals, library: Library, project_id: int, subscription_id: UUID) -> None:
    """One attempt for one subscription; does nothing if it is not due (any more)."""
    project = library.project_by_id(project_id)
    async with parts.database.transaction() as connection:
        attempt = await _begin(connection, parts, project, project_id, subscription_id)
    if attempt is None or project is None:
        return
    payment = attempt.bill.payment
    provider = parts.payments.registry.get(payment.provider)
    if provider is None:
        return
    try:
        method = parts.keyring.open(attempt.sealed_method).decode()
        facts: Sequence[Fact] = await provider.charge(build_ask(parts.settings, project, attempt.bill), method=method)
    except ProviderAway:
        log.warning("a renewal waits for its provider", provider=provider.name, payment=str(payment.id))
        return
    except (ProviderRefused, CannotOpen) as error:
        log.warning("a renewal was refused", provider=provider.name, payment=str(payment.id), reason=str(error))
        facts = (Failed("refused", payment_id=payment.id),)
    await apply_all(parts.payments, parts.database, Source(project_id, provider.name, payment.account, project), facts)


async def _begin(
    connection: Connection, parts: Renewals, project: Project | None, project_id: int, subscription_id: UUID
) -> Attempt | None:
    running = await lock_agreement(connection, project_id, subscription_id=subscription_id)
    rows = SubscriptionRepository(connection, project_id)
    known = await rows.get(subscription_id)
    is_due = await connection.fetchval(
        "SELECT renew_at <= now() FROM subscriptions WHERE project_id = $1 AND id = $2", project_id, subscription_id
    )
    if running is None or known is None or not is_due or known.state == "ended" or not known.renews:
        return None
    await rows.try_later(known.id, after=LEASE, attempt=False)
    provider: Provider | None = parts.payments.registry.get(known.provider) if known.provider else None
    if project is None or provider is None or provider.account(project) != known.account or not known.sealed_method:
        # The manager may enter the keys again; if not, it ends with its grace.
        log.warning("a subscription cannot be charged: its provider's account is gone", subscription=str(known.id))
        await rows.try_later(known.id, after=AGAIN_AFTER_REFUSAL, attempt=False)
        return None
    order = await _open_order_of(connection, project_id, subscription_id)
    order = order or await open_order(connection, project_id, running)
    payments = PaymentRepository(connection, project_id)
    payment = await payments.open_attempt(order.id, provider=provider.name)
    payment = payment or await payments.add(order, provider=provider.name, account=str(known.account))
    bill = await payments.bill(payment.id)
    return Attempt(bill, known.sealed_method) if bill is not None else None


async def _open_order_of(connection: Connection, project_id: int, subscription_id: UUID) -> Order | None:
    """The order of this period, if an attempt was made before."""
    row = await connection.fetchrow(
        f"""
        SELECT {ORDER_COLUMNS} FROM orders
        WHERE project_id = $1 AND subscription_id = $2 AND kind = 'renewal' AND state = 'pending'
            AND expires_at > now()
        ORDER BY id DESC LIMIT 1 FOR UPDATE
        """,  # noqa: S608  # the columns are a constant
        project_id, subscription_id,
    )  # fmt: skip
    return to_order(row) if row else None


def job_payload(project_id: int, subscription_id: UUID) -> dict[str, Any]:
    return {"project": project_id, "subscription": str(subscription_id)}
