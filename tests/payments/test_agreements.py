"""One agreement of a person renews, whatever was paid beside it, in whichever order, and whoever tells of it."""

from datetime import timedelta
from typing import Any

from app.kit.clock import utc_now
from app.payments.orders.payments import Payment
from app.payments.outcome import Source
from app.payments.port import Paid, SubscriptionChanged
from app.payments.reconciliation import apply_all
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from tests.payments.stage import Buyer, Shop, paid
from tests.payments.subscribing import nearly

DAY = timedelta(days=1)


async def running(shop: Shop, buyer: Buyer) -> Subscription:
    async with shop.database.connection() as connection:
        found = await SubscriptionRepository(connection, shop.project.id).open_of(buyer.id)
    assert found is not None
    return found


async def let_go(shop: Shop) -> list[str]:
    """Agreements that are to be ended at their provider; forgotten here, as if it had been done."""
    rows = await shop.rows(
        """
        DELETE FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'
        RETURNING convert_from(payload, 'utf8')::jsonb ->> 'reference'
        """
    )
    return sorted(row[0] for row in rows)


def period(payment: Payment, name: str, *, days: float = 30, **changes: Any) -> Paid:
    """A payment of the agreement of this name."""
    return paid(payment, subscription=name, paid_until=utc_now() + timedelta(days=days), **changes)


async def agree(shop: Shop, buyer: Buyer, name: str, package: str = "luna-month", **wish: Any) -> Payment:
    _, payment = await shop.begin(buyer, package, **wish)
    assert (await shop.tell(period(payment, name))).note == ""
    assert (await running(shop, buyer)).reference == name
    return payment


async def say(shop: Shop, name: str, state: Any) -> None:
    await shop.tell(SubscriptionChanged(name, state))


class TestTakenUpAgain:
    """Canceled here, and taken up again on the provider's own page."""

    async def test_beside_one_that_renews_its_money_goes_back_and_it_ends(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        first = await agree(shop, buyer, "sub_1")
        await say(shop, "sub_1", "canceled")
        await agree(shop, buyer, "sub_2")
        before = await running(shop, buyer)
        outcome = await shop.tell(period(first, "sub_1", days=60, renewal=True))
        assert (outcome.state, outcome.note) == ("done", "surplus")
        assert await shop.value("SELECT count(*) FROM refunds WHERE reason = 'surplus'") == 1
        assert await let_go(shop) == ["sub_1"]
        assert await running(shop, buyer) == before
        # The running one is paid for as ever.
        renewed = period(first, "sub_2", days=70, renewal=True, payment_id=None)
        assert (await shop.tell(renewed)).note == ""
        assert nearly((await running(shop, buyer)).until, days=70)

    async def test_beside_one_that_does_not_renew_it_is_the_agreement_again(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        first = await agree(shop, buyer, "sub_1")
        await say(shop, "sub_1", "canceled")
        await agree(shop, buyer, "sub_2")
        await say(shop, "sub_2", "canceled")
        until = (await running(shop, buyer)).until
        assert (await shop.tell(period(first, "sub_1", days=29, renewal=True))).note == ""
        now = await running(shop, buyer)
        assert (now.reference, now.renews, now.canceled_at, now.price) == ("sub_1", True, None, first.amount)
        assert now.until > until + 27 * DAY
        assert await let_go(shop) == []

    async def test_what_was_bought_meanwhile_changes_neither_its_price_nor_its_period(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        first = await agree(shop, buyer, "sub_1")
        await say(shop, "sub_1", "canceled")
        await shop.buy(buyer, "luna-year", renews=False)
        until = (await running(shop, buyer)).until
        await say(shop, "sub_1", "active")
        resumed = await running(shop, buyer)
        assert (resumed.reference, resumed.renews, resumed.price) == ("sub_1", True, first.amount)
        outcome = await shop.tell(period(first, "sub_1", days=60, renewal=True))
        assert outcome.state == "done"
        now = await running(shop, buyer)
        assert 27 * DAY < now.until - until < 32 * DAY
        assert (now.period, now.package_key, now.price, now.renews) == ("month", "luna-month", first.amount, True)


class TestDiscount:
    async def test_it_lasts_and_each_period_says_so(self, shop: Shop) -> None:
        shop.coupon(kind="percent", amount=2500, usage_limit=1, usage_limit_per_user=1)
        buyer = await shop.buyer()
        order, first = await shop.begin(buyer, "luna-month", coupon="test")
        assert order.discount > 0
        await shop.tell(period(first, "sub_1"))
        for days in (60, 90):
            fact = period(first, "sub_1", days=days, renewal=True)
            outcome = await shop.tell(fact)
            assert (outcome.state, outcome.note) == ("done", "")
            row = (await shop.rows("SELECT * FROM orders WHERE id = $1", outcome.order_id))[0]
            sums = (row["regular"], row["price"], row["discount"], row["total"])
            assert sums == (order.regular, order.price, order.discount, order.total)
            # The coupon was used once: its limit is the same for others.
            assert row["coupon"] is None
        assert (await running(shop, buyer)).price == order.total
        dearer = period(first, "sub_1", days=120, renewal=True, amount=order.price)
        assert (await shop.tell(dearer)).note == "wrong_amount"


class TestSecond:
    async def test_found_in_the_providers_books_alone(self, shop: Shop) -> None:
        """There each payment of Stars names itself, and none is called the first."""
        buyer = await shop.buyer()
        _, first = await shop.begin(buyer, "luna-month")
        _, second = await shop.begin(buyer, "luna-month")
        facts = [
            period(payment, charge, charge=charge, renewal=True)
            for payment, charge in ((first, "stx-1"), (second, "stx-2"), (first, "stx-3"), (second, "stx-4"))
        ]
        source = Source(shop.project.id, "sandbox", shop.project.key, shop.project)
        outcomes = await apply_all(shop.services.payments, shop.database, source, facts[:2])
        assert [(outcome.state, outcome.note) for outcome in outcomes] == [("done", ""), ("done", "surplus")]
        now = await running(shop, buyer)
        assert (now.reference, now.renews) == ("stx-1", True)
        assert await let_go(shop) == ["stx-2"]
        # Each is charged for its next month: the second had not ended yet.
        outcomes = await apply_all(shop.services.payments, shop.database, source, facts[2:])
        assert [(outcome.state, outcome.note) for outcome in outcomes] == [("done", ""), ("done", "surplus")]
        assert (await running(shop, buyer)).reference == "stx-1"
        assert len(await let_go(shop)) == 1
        assert await shop.value("SELECT count(*) FROM refunds WHERE reason = 'surplus'") == 2

    async def test_its_renewals_go_back_as_well_until_it_has_ended(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        _, second = await shop.begin(buyer, "luna-month")
        await agree(shop, buyer, "sub_1")
        for days, renewal in ((30, False), (60, True)):
            outcome = await shop.tell(period(second, "sub_2", days=days, renewal=renewal))
            assert (outcome.state, outcome.note) == ("done", "surplus")
            assert await let_go(shop) == ["sub_2"]
        now = await running(shop, buyer)
        assert now.reference == "sub_1" and nearly(now.until, days=30)
