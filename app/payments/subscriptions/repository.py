"""SQL of subscriptions; every statement carries the project."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.payments.orders.repository import Order

# How long one that renews waits for its money.
GRACE = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A row of `subscriptions`; `grace_until` is set as long as it renews, and then it covers until that."""

    id: UUID
    project_id: int
    user_id: UUID
    package_key: str
    package: dict[str, Any]
    state: str
    period: str
    fair_use: int | None
    trial: bool
    renews: bool
    until: datetime
    grace_until: datetime | None
    provider: str | None
    account: str | None
    reference: str | None
    sealed_method: str | None
    currency: str
    price: int
    told: str | None
    renew_attempts: int
    renew_at: datetime | None
    started_at: datetime
    canceled_at: datetime | None
    ended_at: datetime | None

    @property
    def covers_until(self) -> datetime:
        return self.grace_until or self.until


COLUMNS = ", ".join(field.name for field in fields(Subscription))


def to_subscription(row: asyncpg.Record) -> Subscription:
    return Subscription(*row[: len(Subscription.__slots__)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a payment changes in a subscription, or begins it with."""

    package_key: str
    package: dict[str, Any]
    period: str
    fair_use: int | None
    trial: bool
    renews: bool
    until: datetime
    provider: str | None
    account: str | None
    reference: str | None
    sealed_method: str | None
    currency: str
    price: int
    renew_at: datetime | None


class SubscriptionRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def open_of(self, user_id: UUID, *, lock: bool = False) -> Subscription | None:
        """The person's one that has not ended."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM subscriptions WHERE project_id = $1 AND user_id = $2 AND state <> 'ended'
            {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # the columns are a constant of this module
            self._project_id, user_id,
        )  # fmt: skip
        return to_subscription(row) if row else None

    async def get(self, subscription_id: UUID, *, lock: bool = False) -> Subscription | None:
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM subscriptions WHERE project_id = $1 AND id = $2 {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # as above
            self._project_id, subscription_id,
        )  # fmt: skip
        return to_subscription(row) if row else None

    async def by_reference(
        self, *, provider: str, account: str, reference: str, lock: bool = False
    ) -> Subscription | None:
        """By the agreement's name at the provider: the newest, which may have ended."""
        row = await self._connection.fetchrow(
            f"""
            SELECT {COLUMNS} FROM subscriptions
            WHERE project_id = $1 AND provider = $2 AND account = $3 AND reference = $4
            ORDER BY state = 'ended', id DESC LIMIT 1 {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # as above
            self._project_id, provider, account, reference,
        )  # fmt: skip
        return to_subscription(row) if row else None

    async def begin(self, user_id: UUID, terms: Terms, *, state: str) -> Subscription:
        row = await self._connection.fetchrow(
            f"""
            INSERT INTO subscriptions (id, project_id, user_id, package_key, package, state, period, fair_use, trial,
                renews, until, grace_until, provider, account, reference, sealed_method, currency, price, renew_at,
                ended_at)
            VALUES ($3, $1, $2, $5, $6, $4, $7, $8, $9, $10, $11,
                CASE WHEN $10 THEN $11::timestamptz + $12::interval END, $13, $14, $15, $16, $17, $18, $19,
                CASE WHEN $4 = 'ended' THEN now() END)
            RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, user_id, new_id(), state, *_values(terms),
        )  # fmt: skip
        assert row is not None  # noqa: S101  # an insert returns its row
        await self.show_staff(row["id"])
        return to_subscription(row)

    async def change(self, subscription_id: UUID, terms: Terms) -> Subscription:
        """Another period is paid for: it runs (again), and nothing was said of this period yet."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE subscriptions SET package_key = $3, package = $4, state = 'active', period = $5, fair_use = $6,
                trial = $7, renews = $8, until = $9,
                grace_until = CASE WHEN $8 THEN $9::timestamptz + $10::interval END,
                provider = $11, account = $12, reference = $13, sealed_method = $14, currency = $15, price = $16,
                renew_at = $17, told = NULL, renew_attempts = 0, ended_at = NULL,
                canceled_at = CASE WHEN $8 THEN NULL ELSE canceled_at END
            WHERE project_id = $1 AND id = $2 RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, subscription_id, *_values(terms),
        )  # fmt: skip
        assert row is not None  # noqa: S101  # it was locked before
        await self.show_staff(subscription_id)
        return to_subscription(row)

    async def set_renewal(self, subscription_id: UUID, *, renews: bool) -> Subscription | None:
        """Cancels, or takes a cancellation back; None if it has ended."""
        row = await self._connection.fetchrow(
            f"""
            UPDATE subscriptions SET renews = $3, grace_until = CASE WHEN $3 THEN until + $4::interval END,
                canceled_at = CASE WHEN $3 THEN NULL ELSE COALESCE(canceled_at, now()) END,
                renew_at = CASE WHEN $3 AND sealed_method IS NOT NULL THEN until END,
                state = CASE WHEN $3 OR until > now() THEN state ELSE 'ended' END,
                ended_at = CASE WHEN $3 OR until > now() THEN ended_at ELSE now() END
            WHERE project_id = $1 AND id = $2 AND state <> 'ended' RETURNING {COLUMNS}
            """,  # noqa: S608  # as above
            self._project_id, subscription_id, renews, GRACE,
        )  # fmt: skip
        return to_subscription(row) if row else None

    async def began_with(self, subscription_id: UUID, order: Order) -> bool:
        """Whether the order was paid under the agreement that the subscription has now; none was made after it."""
        if not order.renews or order.paid_at is None:
            return False
        newer = await self._connection.fetchval(
            """
            SELECT true FROM orders WHERE project_id = $1 AND subscription_id = $2 AND kind = 'purchase' AND renews
                AND state IN ('paid', 'refunded') AND paid_at > $3 LIMIT 1
            """,
            self._project_id, subscription_id, order.paid_at,
        )  # fmt: skip
        return not newer

    async def given_besides(self, subscription_id: UUID, order_id: UUID) -> list[tuple[datetime, str, dict[str, Any]]]:
        """(when, kind, package) of the other orders that have given time and were not paid back, in their order."""
        rows = await self._connection.fetch(
            """
            SELECT COALESCE(g.redeemed_at, o.paid_at), o.kind, o.package FROM orders o
            LEFT JOIN gifts g ON g.project_id = o.project_id AND g.order_id = o.id
            WHERE o.project_id = $1 AND o.subscription_id = $2 AND o.id <> $3 AND o.state = 'paid' ORDER BY 1, o.id
            """,
            self._project_id, subscription_id, order_id,
        )  # fmt: skip
        return [(row[0], row[1], row[2]) for row in rows]

    async def forget_agreement(self, subscription_id: UUID) -> None:
        """Its money went back: it renews no more, and nothing is left to take up again. What is paid for runs on."""
        await self._connection.execute(
            """
            UPDATE subscriptions SET renews = false, grace_until = NULL, renew_at = NULL, sealed_method = NULL,
                canceled_at = NULL
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, subscription_id,
        )  # fmt: skip
        await self.show_staff(subscription_id)

    async def take_up(self, subscription_id: UUID, *, provider: str, account: str, reference: str) -> None:
        """An agreement that its provider goes on with is the one of this subscription from now on."""
        await self._connection.execute(
            """
            UPDATE subscriptions SET provider = $3, account = $4, reference = $5, sealed_method = NULL, renew_at = NULL,
                renews = state <> 'ended', canceled_at = NULL,
                grace_until = CASE WHEN state <> 'ended' THEN until + $6::interval END
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, subscription_id, provider, account, reference, GRACE,
        )  # fmt: skip

    async def set_until(self, subscription_id: UUID, until: datetime) -> None:
        """A part of the time was paid back."""
        await self._connection.execute(
            """
            UPDATE subscriptions SET until = $3, grace_until = CASE WHEN renews THEN $3::timestamptz + $4::interval END,
                renew_at = CASE WHEN renews AND sealed_method IS NOT NULL THEN $3 END
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, subscription_id, until, GRACE,
        )  # fmt: skip

    async def end(self, subscription_id: UUID) -> None:
        """It is over now; what could be charged is forgotten."""
        await self._connection.execute(
            """
            UPDATE subscriptions SET state = 'ended', ended_at = now(), renews = false, grace_until = NULL,
                renew_at = NULL, sealed_method = NULL
            WHERE project_id = $1 AND id = $2 AND state <> 'ended'
            """,
            self._project_id, subscription_id,
        )  # fmt: skip
        await self.show_staff(subscription_id)

    async def enter_grace(self, subscription_id: UUID) -> None:
        await self._connection.execute(
            "UPDATE subscriptions SET state = 'grace' WHERE project_id = $1 AND id = $2 AND state = 'active'",
            self._project_id, subscription_id,
        )  # fmt: skip

    async def unpaid_renewal(self, subscription_id: UUID) -> UUID | None:
        """The order of the period that could not be charged; none while the first attempt is on its way."""
        found: UUID | None = await self._connection.fetchval(
            """
            SELECT o.id FROM orders o
            WHERE o.project_id = $1 AND o.subscription_id = $2 AND o.kind = 'renewal' AND o.state = 'pending'
                AND o.expires_at > now() AND EXISTS (
                    SELECT FROM payments p WHERE p.project_id = $1 AND p.order_id = o.id AND p.state = 'failed'
                )
            ORDER BY o.id DESC LIMIT 1
            """,
            self._project_id, subscription_id,
        )  # fmt: skip
        return found

    async def tell(self, subscription_id: UUID, what: str) -> None:
        await self._connection.execute(
            "UPDATE subscriptions SET told = $3 WHERE project_id = $1 AND id = $2",
            self._project_id, subscription_id, what,
        )  # fmt: skip

    async def try_later(self, subscription_id: UUID, *, after: timedelta, attempt: bool) -> None:
        """When to charge again; it also keeps others from charging meanwhile."""
        await self._connection.execute(
            """
            UPDATE subscriptions SET renew_at = now() + $3::interval, renew_attempts = renew_attempts + $4::int
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, subscription_id, after, attempt,
        )  # fmt: skip

    async def show_staff(self, subscription_id: UUID) -> None:
        """Has the person's card for the staff brought up to date."""
        await self._connection.execute(
            "SELECT contact_card_due(project_id, user_id) FROM subscriptions WHERE project_id = $1 AND id = $2",
            self._project_id, subscription_id,
        )  # fmt: skip

    # ---- how much of a day's share is used ----

    async def take_share(self, user_id: UUID, day: date, *, limit: int | None) -> int | None:
        """Counts a reading; how many there are now, or None if the limit was reached. Parallel ones queue up."""
        used: int | None = await self._connection.fetchval(
            """
            INSERT INTO fair_use_days (project_id, user_id, day, used) VALUES ($1, $2, $3, 1)
            ON CONFLICT (project_id, user_id, day) DO UPDATE SET used = fair_use_days.used + 1
            WHERE $4::bigint IS NULL OR fair_use_days.used < $4 RETURNING used
            """,
            self._project_id, user_id, day, limit,
        )  # fmt: skip
        return used

    async def give_share_back(self, user_id: UUID, day: date) -> None:
        await self._connection.execute(
            """
            UPDATE fair_use_days SET used = used - 1
            WHERE project_id = $1 AND user_id = $2 AND day = $3 AND used > 0
            """,
            self._project_id, user_id, day,
        )  # fmt: skip

    async def share_used(self, user_id: UUID, day: date) -> int:
        used: int | None = await self._connection.fetchval(
            "SELECT used FROM fair_use_days WHERE project_id = $1 AND user_id = $2 AND day = $3",
            self._project_id, user_id, day,
        )  # fmt: skip
        return used or 0


def _values(terms: Terms) -> tuple[Any, ...]:
    return (
        terms.package_key, terms.package, terms.period, terms.fair_use, terms.trial, terms.renews, terms.until, GRACE,
        terms.provider, terms.account, terms.reference, terms.sealed_method, terms.currency, terms.price,
        terms.renew_at,
    )  # fmt: skip
