"""The page of an order that is not wanted any more is closed, so that nobody pays on it by mistake.

Best effort: whoever pays all the same is served by the machine.
"""

from collections.abc import Sequence
from uuid import UUID

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.payments.orders.payments import PaymentRepository
from app.payments.port import ProviderAway, ProviderRefused
from app.payments.providers import Registry
from app.worker.port import enqueue

log = get_logger("app.payments")

JOB = "payments.close"


async def close_later(connection: Connection, project_id: int, order_ids: Sequence[UUID]) -> None:
    """A job for each open attempt of orders that were just canceled."""
    rows = await connection.fetch(
        """
        SELECT id FROM payments
        WHERE project_id = $1 AND order_id = ANY($2) AND state = 'started' AND opens = 'redirect'
        """,
        project_id, list(order_ids),
    )  # fmt: skip
    for row in rows:
        await enqueue(connection, JOB, {"project": project_id, "payment": str(row[0])})


async def close(database: Database, registry: Registry, project: Project, payment_id: UUID) -> None:
    async with database.connection() as connection:
        payment = await PaymentRepository(connection, project.id).get(payment_id)
    provider = registry.get(payment.provider) if payment is not None else None
    if payment is None or provider is None or payment.state != "started" or payment.reference is None:
        return
    if provider.account(project) != payment.account:
        return
    try:
        await provider.close(project, reference=payment.reference)
    except (ProviderAway, ProviderRefused) as error:
        log.info("a page could not be closed", provider=provider.name, payment=str(payment.id),
                 project_id=project.id, reason=error.code)  # fmt: skip
