"""Subscriptions: they begin and grow with paid orders, and end with their time. The edge owns the transaction.

Locks: the person, then the subscription, then the wallet.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.crypto import Keyring
from app.kit.database import Connection
from app.notifications.service import notify
from app.payments.errors import SubscriptionNotFound
from app.payments.orders.repository import Order
from app.payments.port import Paid, SubscriptionChanged
from app.payments.subscriptions.ending import Agreement, end_agreement
from app.payments.subscriptions.notices import What, notice
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.subscriptions.terms import brought_by, end_after, end_of, terms_after
from app.wallet.service import wallet


class SubscriptionService:
    """Built once a process; `keyring` seals what later renewals are charged with."""

    def __init__(self, *, keyring: Keyring) -> None:
        self._keyring = keyring

    async def extend(
        self,
        connection: Connection,
        order: Order,
        fact: Paid | None,
        *,
        provider: str | None,
        account: str | None,
        user_id: UUID | None = None,
    ) -> Subscription:
        """Gives the time and the follow-ups that a paid order brings, once per order (the caller sees to that).

        Begins a subscription or prolongs the open one of `user_id`, who is the buyer unless a gift is redeemed. The
        follow-ups end with the time. `fact` is None for what cost nothing.
        """
        owner = user_id or order.user_id
        gift = owner != order.user_id or order.kind == "gift"
        now = utc_now()
        rows = SubscriptionRepository(connection, order.project_id)
        running = await self._running(rows, order, fact, owner, provider=provider, account=account)
        until = end_after(order, fact, running, now=now, gift=gift)
        sealed = self._keyring.seal(fact.method.encode()) if fact and fact.method else None
        terms = terms_after(
            order,
            fact,
            running,
            provider=provider,
            account=account,
            sealed_method=sealed,
            until=until,
            gift=gift,
        )
        if running is None:
            over = until <= now
            given = await rows.begin(
                owner, replace(terms, renews=terms.renews and not over), state="ended" if over else "active"
            )
        elif until > now or running.state != "ended":
            given = await rows.change(running.id, terms)
        else:
            given = running
        await self._give_follow_ups(connection, order, owner, given, now=now)
        if order.kind == "renewal" and given.state == "active":
            await self.tell(connection, given, "renewed")
        return given

    async def _running(
        self,
        rows: SubscriptionRepository,
        order: Order,
        fact: Paid | None,
        owner: UUID,
        *,
        provider: str | None,
        account: str | None,
    ) -> Subscription | None:
        """The open one of the person, else the one that this money renews, though it has ended."""
        running = await rows.open_of(owner, lock=True)
        if running is None and fact is not None and fact.subscription and provider and account:
            running = await rows.by_reference(
                provider=provider, account=account, reference=fact.subscription, lock=True
            )
        if running is None and order.subscription_id is not None:
            running = await rows.get(order.subscription_id, lock=True)
        return running if running is not None and running.user_id == owner else None

    async def _give_follow_ups(
        self, connection: Connection, order: Order, owner: UUID, given: Subscription, *, now: datetime
    ) -> None:
        amount = int(order.package["follow_ups"] or 0)
        if amount and given.until > now:
            await wallet.credit(
                connection,
                project_id=order.project_id,
                user_id=owner,
                unit="follow_ups",
                amount=amount,
                kind="subscription",
                key=f"order:{order.id}:follow_ups",
                expires_at=given.until,
                order_id=order.id,
            )

    async def changed(
        self, connection: Connection, project_id: int, *, provider: str, account: str, fact: SubscriptionChanged
    ) -> Subscription | None:
        """What the provider says of an agreement; None for one that we do not know. Time comes with money only."""
        rows = SubscriptionRepository(connection, project_id)
        known = await rows.by_reference(provider=provider, account=account, reference=fact.subscription, lock=True)
        if known is None or known.state == "ended":
            return known
        if fact.state in ("canceled", "ended"):
            if known.renews:
                return await rows.set_renewal(known.id, renews=False)
        elif fact.state == "active":
            if not known.renews:
                return await rows.set_renewal(known.id, renews=True)
        elif known.renews and known.told not in ("failed", "grace_ends"):
            await rows.tell(known.id, "failed")
            await self.tell(connection, known, "failed")
        return known

    async def refunded(
        self, connection: Connection, order: Order, *, before: int, after: int, of: int
    ) -> datetime | None:
        """An order's refunded sum grew from `before` to `after` of `of`: so much of its time goes; the new end.

        Of a whole refund nothing stays, and what the order agreed to renews no more. A part of what renews is goodwill
        and takes no time: the next payment is due when it was agreed, and is asked for then. Follow-ups are the
        wallet's to take back.
        """
        rows = SubscriptionRepository(connection, order.project_id)
        known = await rows.get(order.subscription_id, lock=True) if order.subscription_id else None
        if known is None or known.state == "ended":
            return known.until if known else None
        now, whole = utc_now(), after >= of
        agreed = known.renews and await rows.began_with(known.id, order)
        if known.renews and (not whole or (known.until <= now and not agreed)):
            return known.until
        until = known.until - brought_by(order) * (after - before) / of
        if whole:
            # The provider may have said more than we count, and a former part may have taken nothing.
            until = min(until, end_of(await rows.given_besides(known.id, order.id)) or now)
        until = max(until, now)
        if until <= now or agreed:
            await self.let_go(connection, known)
        if until > now:
            if agreed:
                await rows.forget_agreement(known.id)
            await rows.set_until(known.id, until)
            return until
        await rows.set_until(known.id, now)
        await rows.end(known.id)
        return now

    async def let_go(self, connection: Connection, known: Subscription, *, telegram_id: int | None = None) -> None:
        """Ends the agreement at the provider, by a job, so that nobody is charged for what is over."""
        if not known.renews or known.provider is None or known.account is None or known.reference is None:
            return
        if telegram_id is None:
            telegram_id = await connection.fetchval(
                "SELECT telegram_id FROM users WHERE project_id = $1 AND id = $2", known.project_id, known.user_id
            )
        await end_agreement(
            connection,
            Agreement(known.project_id, known.provider, known.account, known.reference),
            user_id=known.user_id,
            telegram_id=telegram_id,
            paid_until=known.until,
        )

    async def tell(self, connection: Connection, known: Subscription, what: What) -> None:
        """Tells the person, once in this period."""
        timezone = await connection.fetchval(
            "SELECT timezone FROM users WHERE project_id = $1 AND id = $2", known.project_id, known.user_id
        )
        await notify(
            connection,
            project_id=known.project_id,
            user_id=known.user_id,
            kind="subscription",
            values=notice(known, what, timezone=timezone),
            dedupe=f"subscription:{known.id}:{known.until:%Y%m%d%H%M}:{what}",
        )

    async def find(self, connection: Connection, *, project_id: int, user_id: UUID) -> Subscription:
        """The person's open one. Raises `SubscriptionNotFound`."""
        found = await SubscriptionRepository(connection, project_id).open_of(user_id)
        if found is None:
            raise SubscriptionNotFound
        return found

    async def erase(self, connection: Connection, project_id: int, user_id: UUID) -> None:
        """Ends what runs, also at the provider. Goes before the person's Telegram id does."""
        rows = SubscriptionRepository(connection, project_id)
        known = await rows.open_of(user_id, lock=True)
        if known is not None:
            await self.let_go(connection, known)
            await rows.end(known.id)
        await connection.execute(
            "DELETE FROM fair_use_days WHERE project_id = $1 AND user_id = $2", project_id, user_id
        )
