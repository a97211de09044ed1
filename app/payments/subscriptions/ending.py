"""Agreements that end at their provider, so that nobody is charged for what is over.

Asked for in the transaction that ends them, and done by a job, see `subscriptions_ending_jobs`.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection
from app.worker.port import enqueue

JOB = "subscriptions.let_go"


@dataclass(frozen=True, slots=True)
class Agreement:
    """What renews by itself at `account` of a provider, under the provider's name for it."""

    project: int
    provider: str
    account: str
    reference: str


async def end_agreement(
    connection: Connection,
    agreement: Agreement,
    *,
    user_id: UUID,
    telegram_id: int | None,
    paid_until: datetime | None,
) -> None:
    payload = {
        **asdict(agreement),
        "user": str(user_id),
        "telegram_id": telegram_id,
        "paid_until": paid_until.isoformat() if paid_until else None,
    }
    # Without a key: nobody would find it again, and to end it twice is to end it.
    await enqueue(connection, JOB, payload)
