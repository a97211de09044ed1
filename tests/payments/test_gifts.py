"""A gift is opened once, by one person, for as long as it is paid for."""

import asyncio
import re
from typing import Any
from uuid import UUID

import pytest

from app.kit.database import Database
from app.kit.ids import new_id
from app.payments.errors import AlreadySubscribed, GiftNotFound, GiftTaken
from app.payments.gifts.service import Redeemed
from app.payments.orders.repository import Order
from app.users.errors import UserBlocked
from app.wallet.balance import Balance
from app.wallet.service import wallet
from tests.factories import make_project, make_user
from tests.payments.subscribing import Subscriber, paid_order

READINGS = {"kind": "readings", "readings": 10, "follow_ups": 3, "period": None, "trial_days": None}


@pytest.fixture
async def buyer(database: Database) -> Subscriber:
    return await Subscriber.new(database)


@pytest.fixture
async def friend(buyer: Subscriber) -> Subscriber:
    async with buyer.database.transaction() as connection:
        user_id = await make_user(connection, buyer.project_id)
    friend = Subscriber(buyer.database, buyer.project_id, user_id)
    friend.keyring, friend.subscriptions, friend.gifts = buyer.keyring, buyer.subscriptions, buyer.gifts
    return friend


async def give(buyer: Subscriber, **changes: Any) -> tuple[Order, str]:
    """A paid gift and its code."""
    async with buyer.database.transaction() as connection:
        order = await paid_order(connection, buyer.project_id, buyer.user_id, kind="gift", bought=READINGS | changes)
        await buyer.gifts.issue(connection, order)
    async with buyer.database.connection() as connection:
        [gift, *_] = await buyer.gifts.page(connection, project_id=buyer.project_id, user_id=buyer.user_id)
    assert gift.code is not None
    return order, gift.code


async def redeem(person: Subscriber, code: str, *, project_id: int | None = None) -> Redeemed:
    async with person.database.transaction() as connection:
        return await person.gifts.redeem(
            connection, project_id=project_id or person.project_id, user_id=person.user_id, code=code
        )


async def balance(person: Subscriber) -> Balance:
    async with person.database.connection() as connection:
        return (await wallet.get(connection, project_id=person.project_id, user_id=person.user_id))["readings"]


class TestCode:
    async def test_it_fits_every_link_and_only_its_hash_is_kept(self, buyer: Subscriber) -> None:
        _, code = await give(buyer)
        assert re.fullmatch(r"[A-Za-z0-9_-]{24}", code)
        async with buyer.database.connection() as connection:
            row = await connection.fetchval("SELECT g::text FROM gifts g")
        assert code not in row

    async def test_codes_of_two_gifts_and_two_installations_differ(self, buyer: Subscriber) -> None:
        gift = new_id()
        assert buyer.gifts.code(gift) != buyer.gifts.code(new_id())
        other = type(buyer.gifts)("another secret", subscriptions=buyer.subscriptions)
        assert buyer.gifts.code(gift) != other.code(gift)


class TestRedeem:
    async def test_somebody_gets_it_once(self, buyer: Subscriber, friend: Subscriber) -> None:
        order, code = await give(buyer)
        redeemed = await redeem(friend, code)
        assert (redeemed.order_id, redeemed.package["readings"]) == (order.id, 10)
        assert (await balance(friend), await balance(buyer)) == (Balance(10, 0), Balance(0, 0))
        with pytest.raises(GiftTaken) as again:
            await redeem(friend, code)
        with pytest.raises(GiftTaken) as late:
            await redeem(buyer, code)
        assert (again.value.facts, late.value.facts) == ({"mine": True}, {"mine": False})
        assert await balance(friend) == Balance(10, 0)

    async def test_the_buyer_may_open_it_himself(self, buyer: Subscriber) -> None:
        _, code = await give(buyer)
        await redeem(buyer, code)
        assert await balance(buyer) == Balance(10, 0)

    async def test_twenty_at_once_are_one(self, buyer: Subscriber) -> None:
        _, code = await give(buyer)
        people = []
        async with buyer.database.transaction() as connection:
            for _ in range(10):
                user_id = await make_user(connection, buyer.project_id)
                people += [user_id, user_id]

        async def attempt(user_id: UUID) -> bool:
            try:
                async with buyer.database.transaction() as connection:
                    await buyer.gifts.redeem(connection, project_id=buyer.project_id, user_id=user_id, code=code)
                return True
            except GiftTaken:
                return False

        assert sum(await asyncio.gather(*(attempt(user_id) for user_id in people))) == 1
        async with buyer.database.connection() as connection:
            assert await connection.fetchval("SELECT sum(balance) FROM wallets WHERE unit = 'readings'") == 10

    async def test_its_days_begin_when_it_is_opened(self, buyer: Subscriber, friend: Subscriber) -> None:
        _, code = await give(buyer, expires_days=30)
        await redeem(friend, code)
        [lot] = (await balance(friend)).expiring
        async with buyer.database.connection() as connection:
            opened = await connection.fetchval("SELECT redeemed_at FROM gifts")
        assert 29.9 < (lot.expires_at - opened).total_seconds() / 86400 < 30.1

    async def test_unknown_codes_and_other_projects(self, buyer: Subscriber, friend: Subscriber) -> None:
        _, code = await give(buyer)
        for wrong in ("", "x", code[:-1], code + "a", code.swapcase(), "\x00", "ё" * 24):
            with pytest.raises(GiftNotFound):
                await redeem(friend, wrong)
        async with buyer.database.transaction() as connection:
            other = await make_project(connection, "other")
            stranger = Subscriber(buyer.database, other, await make_user(connection, other))
        stranger.gifts = buyer.gifts
        with pytest.raises(GiftNotFound):
            await redeem(stranger, code)
        assert await balance(stranger) == Balance(0, 0)

    async def test_a_blocked_person_opens_nothing(self, buyer: Subscriber, friend: Subscriber) -> None:
        _, code = await give(buyer)
        async with buyer.database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked' WHERE id = $1", friend.user_id)
        with pytest.raises(UserBlocked):
            await redeem(friend, code)
        await redeem(buyer, code)


class TestSubscription:
    async def test_time_is_given_and_nothing_renews(self, buyer: Subscriber, friend: Subscriber) -> None:
        _, code = await give(buyer, kind="subscription", period="month", readings=0, follow_ups=5)
        redeemed = await redeem(friend, code)
        running = await friend.running()
        assert running is not None and redeemed.subscription == running
        assert (running.renews, running.user_id) == (False, friend.user_id)
        assert await buyer.running() is None
        async with buyer.database.connection() as connection:
            assert await connection.fetchval("SELECT subscription_id FROM orders") == running.id

    async def test_it_prolongs_one_that_runs_out(self, buyer: Subscriber, friend: Subscriber) -> None:
        first = await friend.buy()
        _, code = await give(buyer, kind="subscription", period="month")
        given = (await redeem(friend, code)).subscription
        assert given is not None and given.id == first.id
        assert 27 < (given.until - first.until).days < 32

    async def test_it_waits_for_one_that_renews_by_itself(self, buyer: Subscriber, friend: Subscriber) -> None:
        running = await friend.buy(days=30, renews=True)
        _, code = await give(buyer, kind="subscription", period="month")
        with pytest.raises(AlreadySubscribed) as caught:
            await redeem(friend, code)
        assert caught.value.facts == {"until": running.until}
        assert (await redeem(buyer, code)).subscription is not None


class TestRefund:
    async def test_what_was_paid_back_cannot_be_opened(self, buyer: Subscriber, friend: Subscriber) -> None:
        order, code = await give(buyer)
        async with buyer.database.transaction() as connection:
            assert await buyer.gifts.void(connection, order)
        with pytest.raises(GiftNotFound):
            await redeem(friend, code)
        async with buyer.database.connection() as connection:
            [gift] = await buyer.gifts.page(connection, project_id=buyer.project_id, user_id=buyer.user_id)
        assert (gift.state, gift.code) == ("void", None)
        async with buyer.database.transaction() as connection:
            await buyer.gifts.restore(connection, order)
        await redeem(friend, code)

    async def test_an_opened_one_is_taken_back_from_whoever_has_it(self, buyer: Subscriber, friend: Subscriber) -> None:
        order, code = await give(buyer)
        await redeem(friend, code)
        async with buyer.database.transaction() as connection:
            assert not await buyer.gifts.void(connection, order)
            taken = await wallet.take_back(
                connection, project_id=order.project_id, order_id=order.id, before=0, after=1, of=1, rule="forgive",
                key="refund:1",
            )  # fmt: skip
        assert taken.taken == {"readings": 10, "follow_ups": 3}
        assert await balance(friend) == Balance(0, 0)

    async def test_opening_and_refunding_at_the_same_moment(self, buyer: Subscriber, friend: Subscriber) -> None:
        order, code = await give(buyer)

        async def open_it() -> bool:
            try:
                await redeem(friend, code)
                return True
            except GiftNotFound:
                return False

        async def void() -> bool:
            async with buyer.database.transaction() as connection:
                return await buyer.gifts.void(connection, order)

        opened, voided = await asyncio.gather(open_it(), void())
        assert opened != voided
        assert (await balance(friend)).balance == (10 if opened else 0)
