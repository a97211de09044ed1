"""Whoever works on an order takes its subscription first, as those do who begin with the subscription: no deadlock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from app.kit.clock import utc_now
from app.payments.orders.payments import PaymentRepository
from app.payments.outcome import Outcome
from app.payments.port import Failed, Refunded
from app.payments.renewals import lock_agreement, open_order
from tests.payments.stage import Shop, paid

Act = Callable[[], Awaitable[Outcome]]


async def second_purchase(shop: Shop) -> tuple[UUID, Act]:
    buyer = await shop.buyer()
    await shop.buy(buyer, "luna-month", renews=False)
    order, payment = await shop.begin(buyer, "luna-month", renews=False)
    return order.id, lambda: shop.tell(paid(payment))


async def failed_renewal(shop: Shop) -> tuple[UUID, Act]:
    _, payment = await shop.begin(await shop.buyer(), "luna-month")
    await shop.tell(paid(payment, method="card-1", paid_until=utc_now() + timedelta(days=30)))
    async with shop.database.transaction() as connection:
        subscription = await connection.fetchval("SELECT id FROM subscriptions")
        running = await lock_agreement(connection, shop.project.id, subscription_id=subscription)
        assert running is not None
        order = await open_order(connection, shop.project.id, running)
        attempt = await PaymentRepository(connection, shop.project.id).add(
            order, provider="sandbox", account=shop.project.key
        )
    return order.id, lambda: shop.tell(Failed("declined", payment_id=attempt.id))


async def refunded_gift(shop: Shop) -> tuple[UUID, Act]:
    buyer, friend = await shop.buyer(), await shop.buyer()
    order, payment = await shop.buy(buyer, "luna-month", gift=True)
    code = shop.services.gifts.code(await shop.value("SELECT id FROM gifts"))
    async with shop.database.transaction() as connection:
        await shop.services.gifts.redeem(connection, project_id=shop.project.id, user_id=friend.id, code=code)
    return order.id, lambda: shop.tell(Refunded(str(payment.charge), "re", payment.amount, payment.currency))


@pytest.mark.parametrize("begin", [second_purchase, failed_renewal, refunded_gift])
async def test_the_subscription_comes_before_the_order(
    shop: Shop, begin: Callable[[Shop], Awaitable[tuple[UUID, Act]]]
) -> None:
    order_id, act = await begin(shop)
    async with shop.database.transaction() as connection:
        await connection.execute("SELECT FROM subscriptions FOR UPDATE")
        acting = asyncio.ensure_future(act())
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid))"
        while not await shop.value(waiting, connection.get_server_pid()):
            assert not acting.done()
            await asyncio.sleep(0.02)
        # Whoever has the subscription takes the order next, and need not wait.
        await connection.execute("SELECT FROM orders WHERE id = $1 FOR UPDATE NOWAIT", order_id)
    assert (await acting).state == "done"
