"""Comparing our books with the providers': what can be proved is repaired, the rest is told to the staff."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from app.catalogue.library import Library, Project
from app.crm.cards.store import announce
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.payments.events.repository import EventRepository
from app.payments.orders.payments import PaymentRepository
from app.payments.outcome import MONEY_IS_BACK, Outcome, Source, refuse
from app.payments.port import Disputed, Fact, Paid, Provider, ProviderAway, ProviderRefused, Refunded
from app.payments.service import PaymentService
from app.worker.port import enqueue

log = get_logger("app.payments")

JOB = "payments.reconcile"
CARD = "payment_missing"
# Providers write their books late, and webhooks have their chance first.
SETTLED = timedelta(minutes=15)
WINDOW = timedelta(days=3)
# After an order has expired, its attempts may be paid for so long; then nobody asks any more.
AFTERLIFE = timedelta(days=1)


async def look(
    payments: PaymentService, database: Database, library: Library, project_id: int, payment_id: UUID
) -> None:
    """Asks the provider about one open payment, for an event that may never come."""
    project = library.project_by_id(project_id)
    async with database.connection() as connection:
        bill = await PaymentRepository(connection, project_id).bill(payment_id)
    if bill is None or bill.payment.state not in ("new", "started"):
        return
    payment, over = bill.payment, bill.order.expires_at + AFTERLIFE < utc_now()
    provider = payments.registry.get(payment.provider)
    facts: Sequence[Fact] = ()
    if project is not None and provider is not None and payment.reference is not None:
        if provider.account(project) != payment.account:
            log.warning("a payment belongs to an account that is gone", payment=str(payment.id), project_id=project_id)
        else:
            try:
                facts = await provider.look(project, reference=payment.reference, payment_id=payment.id)
            except (ProviderAway, ProviderRefused) as error:
                log.warning("a payment could not be looked at", payment=str(payment.id), project_id=project_id,
                            reason=error.code)  # fmt: skip
                if isinstance(error, ProviderAway):
                    return
    await apply_all(payments, database, Source(project_id, payment.provider, payment.account, project), facts)
    if over:
        async with database.connection() as connection:
            await PaymentRepository(connection, project_id).fail(payment.id, failure="expired")


async def apply_all(
    payments: PaymentService, database: Database, source: Source, facts: Sequence[Fact]
) -> list[Outcome]:
    """Each fact in a transaction of its own. What would have to wait for something else is refused, and told."""
    outcomes = []
    for fact in facts:
        async with database.transaction() as connection:
            outcome = await payments.apply(connection, source, fact)
            if outcome.state == "later" and isinstance(fact, Paid | Refunded | Disputed):
                outcome = await refuse(connection, source, fact, outcome.note)
        outcomes.append(outcome)
    return outcomes


async def plan(payments: PaymentService, database: Database, library: Library) -> None:
    """A job for each project and provider that it can be paid with."""
    async with database.transaction() as connection:
        for project in library.projects:
            for provider in payments.registry:
                if provider.account(project) is not None:
                    payload = {"project": project.id, "provider": provider.name}
                    await enqueue(connection, JOB, payload, dedupe_key=f"{JOB}:{project.id}:{provider.name}")


async def compare(payments: PaymentService, database: Database, project: Project, provider: Provider) -> dict[str, int]:
    """Both books of the last days; how many lines there were, and what came of them: see `Outcome`.

    Raises `ProviderAway`: it is tried again at the next hour.
    """
    account = provider.account(project)
    counts = {"lines": 0, "done": 0, "repeated": 0, "ignored": 0, "refused": 0, "missing": 0, "came_back": 0}
    if account is None:
        return counts
    since = utc_now() - WINDOW
    source = Source(project.id, provider.name, account, project)
    seen: set[str] = set()
    async with database.connection() as connection:
        settled = await PaymentRepository(connection, project.id).settled(
            provider=provider.name, account=account, since=since
        )
    async for line in provider.transactions(project, since=since, settled=settled):
        counts["lines"] += 1
        seen.add(line.charge)
        for outcome in await apply_all(payments, database, source, line.facts):
            counts[outcome.state] += 1
            if outcome.state == "done":
                log.warning("the reconciliation has repaired something", provider=provider.name, project_id=project.id,
                            order=str(outcome.order_id), note=outcome.note)  # fmt: skip
    async with database.connection() as connection:
        # Of these the books say that they went: the staff have a card for each.
        counts["came_back"] = await EventRepository(connection, project.id).count_refused(
            provider.name, account, notes=MONEY_IS_BACK, since=since
        )
    counts["missing"] = await _report_missing(database, project, provider.name, account, seen, since=since)
    return counts


async def _report_missing(
    database: Database, project: Project, provider: str, account: str, seen: set[str], *, since: datetime
) -> int:
    """Money that stands in our books alone: nothing is taken away for that, but somebody has to look."""
    async with database.connection() as connection:
        rows = await PaymentRepository(connection, project.id).charges(
            provider=provider, account=account, since=since + SETTLED, until=utc_now() - SETTLED
        )
    missing = [(payment_id, order_id, user_id) for payment_id, charge, order_id, user_id in rows if charge not in seen]
    for payment_id, order_id, user_id in missing:
        async with database.transaction() as connection:
            is_new = await announce(
                connection,
                project_id=project.id,
                kind=CARD,
                subject=str(payment_id),
                user_id=user_id,
                facts={"provider": provider, "order": str(order_id)},
            )
        if is_new is not None:
            log.error("a payment of ours is not in the provider's books", provider=provider, project_id=project.id,
                      payment=str(payment_id))  # fmt: skip
    return len(missing)
