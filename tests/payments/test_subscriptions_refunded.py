"""What a refund takes of a subscription: its time, its agreement, or nothing."""

from datetime import datetime, timedelta
from typing import Any

from app.kit.clock import utc_now
from app.payments.orders.repository import OrderRepository
from app.payments.port import Paid
from app.payments.subscriptions.agreements import resumable
from app.payments.subscriptions.schedule import tick
from app.payments.subscriptions.terms import add_months
from tests.payments.subscribing import Subscriber

DAY = timedelta(days=1)


def in_a_month() -> datetime:
    return add_months(utc_now(), 1)


def same(moment: datetime, other: datetime) -> bool:
    return abs(moment - other) < timedelta(minutes=1)


class TestRefunded:
    async def refund(self, subscriber: Subscriber, order_id: Any, *, before: int = 0, after: int = 250) -> Any:
        async with subscriber.database.transaction() as connection:
            order = await OrderRepository(connection, subscriber.project_id).get(order_id, lock=True)
            assert order is not None
            return await subscriber.subscriptions.refunded(connection, order, before=before, after=after, of=250)

    async def last_order(self, subscriber: Subscriber) -> Any:
        async with subscriber.database.connection() as connection:
            return await connection.fetchval("SELECT id FROM orders ORDER BY id DESC LIMIT 1")

    async def test_all_of_it_ends_it_also_at_the_provider(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await subscriber.wait(10 * DAY)
        await self.refund(subscriber, await self.last_order(subscriber))
        last = await subscriber.last()
        assert (last.state, last.renews) == ("ended", False)
        async with subscriber.database.connection() as connection:
            assert (
                await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'")
                == 1
            )

    async def test_one_of_two_periods_leaves_the_other(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy()
        await subscriber.buy()
        await self.refund(subscriber, await self.last_order(subscriber))
        last = await subscriber.last()
        assert last.state == "active"
        assert abs(last.until - first.until) < 4 * DAY

    async def test_a_part_takes_its_part_of_the_time(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy()
        await self.refund(subscriber, await self.last_order(subscriber), after=125)
        last = await subscriber.last()
        assert last.state == "active"
        assert abs((last.until - utc_now()) - (first.until - utc_now()) / 2) < timedelta(hours=1)

    async def let_go(self, subscriber: Subscriber) -> int:
        async with subscriber.database.connection() as connection:
            return int(
                await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'")
            )

    async def test_all_of_an_agreement_ends_it_though_time_that_was_bought_before_runs_on(
        self, subscriber: Subscriber
    ) -> None:
        bought = await subscriber.buy()
        both = await subscriber.buy(days=30, renews=True)
        assert both.renews and both.until == add_months(bought.until, 1)
        await self.refund(subscriber, await self.last_order(subscriber))
        last = await subscriber.last()
        assert (last.state, last.grace_until) == ("active", None) and same(last.until, bought.until)
        assert (last.renews, resumable(last), await self.let_go(subscriber)) == (False, False, 1)

    async def test_all_of_it_leaves_nothing_where_the_provider_counts_more_days(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=33, renews=True)
        await self.refund(subscriber, await self.last_order(subscriber))
        assert ((await subscriber.last()).state, await self.let_go(subscriber)) == ("ended", 1)

    async def test_a_saved_card_is_forgotten_with_the_money(self, subscriber: Subscriber) -> None:
        await subscriber.buy()
        await subscriber.buy(Paid(charge="c", amount=250, currency="XTR", method="pm-123"), renews=True)
        await self.refund(subscriber, await self.last_order(subscriber))
        last = await subscriber.last()
        assert (last.state, last.renews, last.sealed_method, last.renew_at) == ("active", False, None, None)

    async def test_all_of_what_was_bought_besides_leaves_the_agreement(self, subscriber: Subscriber) -> None:
        await subscriber.buy()
        besides = await self.last_order(subscriber)
        await subscriber.buy(days=30, renews=True)
        await self.refund(subscriber, besides)
        last = await subscriber.last()
        assert (last.renews, last.reference, await self.let_go(subscriber)) == (True, "agreement", 0)
        assert abs(last.until - in_a_month()) < 4 * DAY
        # Waiting for its money, it has none of that time any more.
        await subscriber.wait(last.until - utc_now() + DAY)
        await self.refund(subscriber, besides)
        waiting = await subscriber.last()
        assert (waiting.renews, await self.let_go(subscriber)) == (True, 0)

    async def test_all_of_a_former_agreement_leaves_the_one_that_followed_it(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        former = await self.last_order(subscriber)
        await subscriber.change("canceled")
        await subscriber.buy(days=60, name="another", renews=True)
        await self.refund(subscriber, former)
        last = await subscriber.last()
        assert (last.renews, last.reference, await self.let_go(subscriber)) == (True, "another", 0)

    async def test_a_part_of_what_renews_leaves_its_time(self, subscriber: Subscriber) -> None:
        """Shortened, it would wait for money that its provider asks for later, and end in vain."""
        first = await subscriber.buy(days=30, renews=True)
        order = await self.last_order(subscriber)
        await self.refund(subscriber, order, after=125)
        last = await subscriber.last()
        assert (last.until, last.grace_until, last.renews) == (first.until, first.grace_until, True)
        await subscriber.wait(16 * DAY)
        await tick(subscriber.database, subscriber.subscriptions)
        assert (await subscriber.told(), (await subscriber.last()).state) == ([], "active")
        # The rest as well is all of it.
        await self.refund(subscriber, order, before=125)
        assert ((await subscriber.last()).state, await self.let_go(subscriber)) == ("ended", 1)

    async def test_a_part_of_what_waits_for_its_next_payment_does_not_end_it(self, subscriber: Subscriber) -> None:
        await subscriber.buy(days=30, renews=True)
        await subscriber.wait(31 * DAY)
        await tick(subscriber.database, subscriber.subscriptions)
        await self.refund(subscriber, await self.last_order(subscriber), after=125)
        assert (await subscriber.last()).state == "grace"

    async def test_a_part_of_one_that_was_canceled_takes_its_part(self, subscriber: Subscriber) -> None:
        first = await subscriber.buy(days=30, renews=True)
        await subscriber.change("canceled")
        await self.refund(subscriber, await self.last_order(subscriber), after=125)
        last = await subscriber.last()
        assert abs(first.until - last.until - 15 * DAY) < 2 * DAY
