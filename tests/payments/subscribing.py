"""Ways to paid orders of subscriptions, without anybody who takes money."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.crypto import Keyring
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.payments.gifts.service import GiftService
from app.payments.orders.repository import NewOrder, Order, OrderRepository
from app.payments.port import Paid, SubscriptionChanged
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.subscriptions.service import SubscriptionService
from tests.factories import make_project, make_user

MONTHLY = {
    "key": "month",
    "kind": "subscription",
    "name": {"ru": "Безлимит", "en": "Unlimited"},
    "description": {"ru": "", "en": ""},
    "readings": 0,
    "follow_ups": 0,
    "period": "month",
    "renews": True,
    "fair_use": None,
    "expires_days": None,
    "trial_days": 7,
    "product_id": None,
}


def package(**changes: Any) -> dict[str, Any]:
    return MONTHLY | changes


async def paid_order(
    connection: Connection,
    project_id: int,
    user_id: UUID,
    *,
    kind: str = "purchase",
    renews: bool = False,
    total: int = 250,
    currency: str = "XTR",
    subscription_id: UUID | None = None,
    bought: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Order:
    """An order that has just been paid and has given nothing yet."""
    copy = package(**(bought or {}), **changes)
    rows = OrderRepository(connection, project_id)
    order = await rows.add(
        NewOrder(
            id=new_id(),
            user_id=user_id,
            kind=kind,
            package_key=copy["key"],
            package=copy,
            currency=currency,
            regular=total,
            price=total,
            discount=0,
            total=total,
            coupon=None,
            person_hash=None,
            renews=renews,
            place="telegram",
            language="ru",
            contact=None,
            expires_at=utc_now() + timedelta(hours=1),
            subscription_id=subscription_id,
        )
    )
    await connection.execute("UPDATE orders SET state = 'paid', paid_at = now() WHERE id = $1", order.id)
    return replace(order, state="paid", paid_at=datetime.now(UTC))


class Subscriber:
    """A person of a project, and the services around his subscription."""

    def __init__(self, database: Database, project_id: int, user_id: UUID) -> None:
        self.database, self.project_id, self.user_id = database, project_id, user_id
        self.keyring = Keyring.generate()
        self.subscriptions = SubscriptionService(keyring=self.keyring)
        self.gifts = GiftService("a secret of the tests", subscriptions=self.subscriptions)

    @classmethod
    async def new(cls, database: Database, *, readings: int = 0) -> "Subscriber":
        async with database.transaction() as connection:
            project_id = await make_project(connection, f"p{new_id().hex}")
            return cls(database, project_id, await make_user(connection, project_id, readings=readings))

    async def buy(
        self, fact: Paid | None = None, *, days: float | None = None, name: str = "agreement", **options: Any
    ) -> Subscription:
        """Pays for a period; `days` is where the provider says that it ends, of the agreement of this name."""
        async with self.database.transaction() as connection:
            order = await paid_order(connection, self.project_id, self.user_id, **options)
            if fact is None and days is not None:
                fact = agreement(days=days, name=name)
            given = await self.subscriptions.extend(connection, order, fact, provider="stars", account="7")
            await OrderRepository(connection, self.project_id).link_subscription(order.id, given.id)
            return given

    async def change(self, state: Literal["active", "canceled", "failed"]) -> None:
        """What the provider tells of the agreement."""
        async with self.database.transaction() as connection:
            fact = SubscriptionChanged("agreement", state)
            await self.subscriptions.changed(connection, self.project_id, provider="stars", account="7", fact=fact)

    async def running(self) -> Subscription | None:
        async with self.database.connection() as connection:
            return await SubscriptionRepository(connection, self.project_id).open_of(self.user_id)

    async def last(self) -> Subscription:
        async with self.database.connection() as connection:
            row = await connection.fetchval(
                "SELECT id FROM subscriptions WHERE user_id = $1 ORDER BY id DESC LIMIT 1", self.user_id
            )
            found = await SubscriptionRepository(connection, self.project_id).get(row)
            assert found is not None
            return found

    async def told(self) -> list[str]:
        """Events of notices, in their order."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT values ->> 'event' FROM notifications
                WHERE user_id = $1 AND kind = 'subscription' ORDER BY id
                """,
                self.user_id,
            )
            return [row[0] for row in rows]

    async def wait(self, time: timedelta) -> None:
        """Time passes for the subscription."""
        async with self.database.connection() as connection:
            await connection.execute(
                """
                UPDATE subscriptions SET until = until - $2::interval, grace_until = grace_until - $2::interval,
                    renew_at = renew_at - $2::interval
                WHERE user_id = $1
                """,
                self.user_id,
                time,
            )


def agreement(*, days: float, charge: str | None = None, name: str = "agreement", **changes: Any) -> Paid:
    """A payment of an agreement that renews by itself, up to so many days from now."""
    fact = Paid(
        charge=charge or new_id().hex,
        amount=250,
        currency="XTR",
        subscription=name,
        paid_until=utc_now() + timedelta(days=days),
    )
    return replace(fact, **changes)


def nearly(moment: datetime | None, **ahead: float) -> bool:
    """Whether it is so far from now, give or take a minute."""
    assert moment is not None
    return abs(moment - utc_now() - timedelta(**ahead)) < timedelta(minutes=1)
