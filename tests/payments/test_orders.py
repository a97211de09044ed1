"""Orders: a copy of what is bought at today's price, and coupons that are held as long as it may be paid."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.errors import ArcanaError
from app.kit.clock import utc_now
from app.payments.errors import (
    AlreadySubscribed,
    CouponInvalid,
    OrderNotPayable,
    PackageNotFound,
    PriceChanged,
    ProviderNotOffered,
    TrialUsed,
)
from app.payments.ledger import rules as ledger
from app.payments.orders.repository import OrderRepository, expire
from app.users.errors import UserBlocked
from app.users.tokens import Principal
from tests.payments.stage import Buyer, Shop, paid


async def reason_of(shop: Shop, buyer: Buyer, package: str = "luna-three", **wish: Any) -> str:
    with pytest.raises(CouponInvalid) as refused:
        await shop.order(buyer, package, **wish)
    return str(refused.value.facts["reason"])


class TestPlacing:
    async def test_keeps_its_own_copy_of_package_and_price(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order = await shop.order(buyer, "luna-ten", coupon="MOON20", expected_total=38400, currency="RUB")
        assert (order.state, order.kind, order.number) == ("pending", "purchase", 1)
        assert (order.regular, order.price, order.discount, order.total) == (60000, 48000, 9600, 38400)
        assert (order.package["readings"], order.package["follow_ups"], order.coupon) == (10, 5, "moon20")
        shop.change("luna-ten", readings=1, price=None)
        payment = await shop.attempt(order)
        await shop.tell(paid(payment))
        assert await shop.balances(buyer) == (5 + 10, 5)

    async def test_numbers_count_up_without_gaps_also_in_parallel(self, shop: Shop) -> None:
        buyers = [await shop.buyer() for _ in range(6)]
        orders = await asyncio.gather(*(shop.order(buyer) for buyer in buyers))
        with pytest.raises(PriceChanged):
            await shop.order(buyers[0], expected_total=1)
        orders.append(await shop.order(buyers[0]))
        assert sorted(order.number for order in orders) == list(range(1, 8))

    @pytest.mark.parametrize(("wish", "error"), [
        ({"package": "nothing"}, PackageNotFound),
        ({"provider": "gold"}, ProviderNotOffered),
        ({"place": "telegram"}, ProviderNotOffered),
        ({"expected_total": 19901}, PriceChanged),
        ({"expected_total": 19900, "currency": "USD"}, PriceChanged),
        ({"trial": True}, PackageNotFound),
    ])  # fmt: skip
    async def test_refuses_and_writes_nothing(self, shop: Shop, wish: dict[str, Any], error: type[ArcanaError]) -> None:
        buyer = await shop.buyer()
        with pytest.raises(error):
            await shop.order(buyer, **wish)
        assert await shop.value("SELECT count(*) FROM orders") == 0

    async def test_a_blocked_person_buys_nothing(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        await shop.rows("UPDATE users SET state = 'blocked' WHERE id = $1", buyer.id)
        with pytest.raises(UserBlocked):
            await shop.order(buyer)

    async def test_a_package_that_is_no_gift_cannot_be_given(self, shop: Shop) -> None:
        shop.change(gift=False)
        with pytest.raises(PackageNotFound):
            await shop.order(await shop.buyer(), gift=True)


class TestDiscountOfAll:
    async def test_is_paid_at_once_without_a_payment(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order = await shop.order(buyer, coupon="friend100", expected_total=0, currency="RUB")
        assert (order.state, order.total, order.discount) == ("paid", 0, 19900)
        assert await shop.payments(order) == []
        assert await shop.balances(buyer) == (8, 0)
        assert await shop.value("SELECT count(*) FROM book_entries WHERE order_id = $1", order.id) == 1
        with pytest.raises(OrderNotPayable):
            await shop.attempt(order)
        assert await reason_of(shop, buyer, coupon="friend100") == "used_by_you"

    async def test_a_gift_for_nothing_is_still_a_gift(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order = await shop.order(buyer, coupon="friend100", gift=True)
        assert (order.state, order.kind) == ("paid", "gift")
        assert await shop.balances(buyer) == (5, 0)
        assert await shop.value("SELECT count(*) FROM gifts WHERE order_id = $1", order.id) == 1


class TestCouponLimits:
    async def test_pending_orders_hold_their_use_until_they_expire(self, shop: Shop) -> None:
        shop.coupon("one", usage_limit=1)
        first, second = await shop.buyer(), await shop.buyer()
        held = await shop.order(first, coupon="one")
        assert await reason_of(shop, second, coupon="one") == "used_up"
        await shop.rows("UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1", held.id)
        _, payment = await shop.begin(second, coupon="one")
        await shop.tell(paid(payment))
        assert await reason_of(shop, first, coupon="one") == "used_up"

    async def test_uses_elsewhere_count(self, shop: Shop) -> None:
        shop.coupon("shared", usage_limit=3, used_elsewhere=2)
        await shop.order(await shop.buyer(), coupon="shared")
        assert await reason_of(shop, await shop.buyer(), coupon="shared") == "used_up"

    async def test_a_new_attempt_of_the_same_person_takes_the_place_of_the_former(self, shop: Shop) -> None:
        shop.coupon("once", usage_limit=1, usage_limit_per_user=1)
        buyer = await shop.buyer()
        former = await shop.order(buyer, coupon="once")
        later = await shop.order(buyer, "luna-ten", coupon="once")
        assert (await shop.read(former)).state == "canceled"
        await shop.tell(paid(await shop.attempt(later)))
        assert await reason_of(shop, buyer, coupon="once") == "used_by_you"

    async def test_the_last_use_is_taken_once_by_many(self, shop: Shop) -> None:
        shop.coupon("race", usage_limit=2)
        buyers = [await shop.buyer() for _ in range(8)]
        results = await asyncio.gather(*(shop.order(buyer, coupon="race") for buyer in buyers), return_exceptions=True)
        refused = [result for result in results if isinstance(result, CouponInvalid)]
        assert len(refused) == 6 and {error.facts["reason"] for error in refused} == {"used_up"}

    async def test_pages_left_open_pay_for_no_more_than_the_limit(self, shop: Shop) -> None:
        shop.coupon("once", amount=9000, usage_limit=1, usage_limit_per_user=1)
        buyer = await shop.buyer()
        pages = [await shop.begin(buyer, coupon="once") for _ in range(3)]
        # The first page pays, and takes the place of the last one.
        assert [(await shop.tell(paid(payment))).note for _, payment in pages] == ["", "surplus", "surplus"]
        assert [(await shop.read(order)).state for order, _ in pages] == ["paid", "canceled", "canceled"]
        assert [[row.amount for row in await shop.refunds(order)] for order, _ in pages] == [[], [1990], [1990]]
        assert await shop.balances(buyer) == (8, 0)
        assert await ledger.check(shop.database) == []

    @pytest.mark.parametrize("how", ["canceled", "expired", "time is over"])
    async def test_a_late_payment_takes_no_place_that_is_gone(self, shop: Shop, how: str) -> None:
        shop.coupon("one", usage_limit=1)
        first, second = await shop.buyer(), await shop.buyer()
        order, late = await shop.begin(first, coupon="one")
        if how == "canceled":
            async with shop.database.transaction() as connection:
                await shop.services.payments.cancel(connection, shop.project, first.id, order.id)
        else:
            await shop.rows("UPDATE orders SET expires_at = now() - interval '1 second' WHERE id = $1", order.id)
            if how == "expired":
                async with shop.database.transaction() as connection:
                    await expire(connection)
        _, payment = await shop.begin(second, coupon="one")
        results = await asyncio.gather(shop.tell(paid(late)), shop.tell(paid(payment)))
        assert sorted(result.note for result in results) == ["", "surplus"] and results[1].note == ""
        assert await ledger.check(shop.database) == []

    async def test_a_late_payment_takes_its_place_again_while_there_is_one(self, shop: Shop) -> None:
        shop.coupon("two", usage_limit=2)
        first, second = await shop.buyer(), await shop.buyer()
        order, late = await shop.begin(first, coupon="two")
        async with shop.database.transaction() as connection:
            await shop.services.payments.cancel(connection, shop.project, first.id, order.id)
        await shop.buy(second, coupon="two")
        assert (await shop.tell(paid(late))).note == ""
        assert (await shop.read(order)).state == "paid"

    async def test_who_left_and_came_back_is_the_same_person(self, shop: Shop) -> None:
        shop.coupon("once", usage_limit_per_user=1)
        buyer = await shop.buyer(4242)
        await shop.tell(paid((await shop.begin(buyer, coupon="once"))[1]))
        async with shop.database.transaction() as connection:
            principal = Principal(buyer.id, shop.project.id)
            await shop.services.users.erase(connection, principal, project=shop.project)
        again = await shop.buyer(4242)
        assert again.id != buyer.id
        assert await reason_of(shop, again, coupon="once") == "used_by_you"

    async def test_an_order_lives_no_longer_than_its_coupon(self, shop: Shop) -> None:
        end = utc_now() + timedelta(minutes=5)
        shop.coupon("short", expires_at=end)
        assert (await shop.order(await shop.buyer(), coupon="short")).expires_at == end


class TestTrials:
    async def test_is_given_once_to_a_person(self, shop: Shop) -> None:
        buyer = await shop.buyer(555)
        order = await shop.order(buyer, "luna-month", trial=True, expected_total=0)
        assert (order.state, order.kind, order.total, order.renews) == ("paid", "trial", 0, False)
        order = await shop.read(order)
        row = (await shop.rows("SELECT id, trial, until FROM subscriptions WHERE user_id = $1", buyer.id))[0]
        assert (row["id"], row["trial"]) == (order.subscription_id, True)
        assert timedelta(days=2, hours=23) < row["until"] - utc_now() <= timedelta(days=3)
        with pytest.raises(AlreadySubscribed):
            await shop.order(buyer, "luna-month", trial=True)
        await shop.rows("UPDATE subscriptions SET state = 'ended', ended_at = now()")
        with pytest.raises(TrialUsed):
            await shop.order(buyer, "luna-month", trial=True)

    async def test_twice_at_the_same_moment_is_once(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        results = await asyncio.gather(
            *(shop.order(buyer, "luna-month", trial=True) for _ in range(4)), return_exceptions=True
        )
        assert sum(not isinstance(result, BaseException) for result in results) == 1
        assert {type(result) for result in results if isinstance(result, BaseException)} <= {
            TrialUsed,
            AlreadySubscribed,
        }


class TestEnding:
    async def test_expires_by_itself(self, shop: Shop) -> None:
        late, open_ = await shop.order(await shop.buyer()), await shop.order(await shop.buyer())
        await shop.rows("UPDATE orders SET expires_at = now() WHERE id = $1", late.id)
        async with shop.database.transaction() as connection:
            assert await expire(connection) == 1
        assert ((await shop.read(late)).state, (await shop.read(open_)).state) == ("expired", "pending")

    async def test_is_canceled_by_its_person_alone(self, shop: Shop) -> None:
        owner, stranger = await shop.buyer(), await shop.buyer()
        order, payment = await shop.begin(owner)
        payments = shop.services.payments
        with pytest.raises(ArcanaError) as foreign:
            async with shop.database.transaction() as connection:
                await payments.cancel(connection, shop.project, stranger.id, order.id)
        assert foreign.value.code == "order_not_found"
        for _ in range(2):
            async with shop.database.transaction() as connection:
                assert (await payments.cancel(connection, shop.project, owner.id, order.id)).state == "canceled"
        await shop.tell(paid(payment))
        with pytest.raises(OrderNotPayable):
            async with shop.database.transaction() as connection:
                await payments.cancel(connection, shop.project, owner.id, order.id)

    async def test_another_project_does_not_see_it(self, shop: Shop) -> None:
        order = await shop.order(await shop.buyer())
        async with shop.database.connection() as connection:
            assert await OrderRepository(connection, shop.project.id + 1).get(order.id) is None
