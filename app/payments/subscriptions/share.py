"""What a running subscription gives a day: its readings are taken before the wallet's."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.kit.database import Connection
from app.payments.subscriptions.repository import SubscriptionRepository
from app.users.days import local_date, next_midnight
from app.users.repository import User

# For statements that must not reserve in the wallet of somebody whose subscription pays: `wallets` is the wallet's row.
SUBSCRIBED = """EXISTS (
    SELECT FROM subscriptions s WHERE s.project_id = wallets.project_id AND s.user_id = wallets.user_id
        AND s.state <> 'ended' AND COALESCE(s.grace_until, s.until) > now()
)"""


@dataclass(frozen=True, slots=True)
class Share:
    """What a reading took of the subscription: `day` is the person's own, None if today's share is used up.

    `limit` readings a day; the next one is free at `free_at`.
    """

    day: date | None
    limit: int | None
    free_at: datetime


async def take_share(connection: Connection, user: User, *, now: datetime) -> Share | None:
    """Counts a reading of today; None for somebody without a running subscription."""
    rows = SubscriptionRepository(connection, user.project_id)
    running = await rows.open_of(user.id)
    if running is None or running.covers_until <= now:
        return None
    day = local_date(user.timezone, now)
    used = await rows.take_share(user.id, day, limit=running.fair_use)
    return Share(day if used is not None else None, running.fair_use, next_midnight(user.timezone, now))


async def give_share_back(connection: Connection, project_id: int, user_id: UUID, day: date) -> None:
    """A reading came to nothing."""
    await SubscriptionRepository(connection, project_id).give_share_back(user_id, day)
