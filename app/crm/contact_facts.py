"""What the staff see of a client at a glance; over the tables of several features."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection
from app.payments.revenue import Paid, paid_by


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """`telegram_id` is None for one who was erased. `balance` is in readings; `left` says that he cannot be written
    to, because he stopped the bot or his account is gone."""

    user_id: UUID
    telegram_id: int | None
    first_name: str
    last_name: str | None
    username: str | None
    language: str
    source: str | None
    state: str
    first_seen: datetime
    last_seen: datetime
    readings: int
    last_reading: datetime | None
    balance: int
    left: bool
    phone: str | None = None
    # Names of what he has subscribed to, by language, and how long that lasts.
    subscription: dict[str, str] | None = None
    subscribed_until: datetime | None = None
    # What he has paid, without what went back.
    paid: tuple[Paid, ...] = ()

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part) or f"#{self.telegram_id}"


async def contact_facts(
    connection: Connection, *, project_id: int, user_id: UUID, bot_id: int | None = None
) -> ContactFacts | None:
    """None for somebody whom this project does not know."""
    row = await connection.fetchrow(
        """
        SELECT u.id, u.telegram_id, u.first_name, u.last_name, u.username, u.language, u.source,
            u.state, u.created_at, u.last_seen_at, readings.number, readings.last, coalesce(w.balance, 0),
            EXISTS (
                SELECT FROM telegram_departures d
                WHERE d.project_id = u.project_id AND d.chat_id = u.telegram_id AND d.bot_id = $3
            ),
            (SELECT c.phone FROM user_contacts c WHERE c.project_id = u.project_id AND c.user_id = u.id),
            s.package -> 'name', s.until
        FROM users u
        LEFT JOIN subscriptions s ON s.project_id = u.project_id AND s.user_id = u.id AND s.state <> 'ended'
        LEFT JOIN wallets w ON w.project_id = u.project_id AND w.user_id = u.id AND w.unit = 'readings'
        CROSS JOIN LATERAL (
            SELECT count(*) AS number, max(r.created_at) AS last FROM readings r
            WHERE r.project_id = u.project_id AND r.user_id = u.id AND r.state IN ('interpreting', 'finished')
        ) readings
        WHERE u.project_id = $1 AND u.id = $2
        """,
        project_id, user_id, bot_id,
    )  # fmt: skip
    if row is None:
        return None
    paid = await paid_by(connection, project_id=project_id, user_id=user_id)
    return replace(ContactFacts(*row), paid=tuple(paid))
