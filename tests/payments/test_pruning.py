"""What came to nothing goes after a while; money, and what counts, never does."""

import asyncio

from app.payments import pruning
from app.payments.ledger import rules as ledger
from app.payments.orders.service import MOST_OPEN
from app.payments.port import Failed, Refunded
from tests.payments.stage import Shop, paid
from tests.payments.test_orders import reason_of


async def numbers(shop: Shop) -> list[tuple[int, str]]:
    return [tuple(row) for row in await shop.rows("SELECT number, state FROM orders ORDER BY number")]


async def grow_old(shop: Shop, days: int) -> None:
    for table, columns in (
        ("orders", ("created_at", "expires_at", "paid_at")), ("payments", ("created_at", "paid_at")),
        ("provider_events", ("received_at", "done_at")),
    ):  # fmt: skip
        moved = ", ".join(f"{name} = {name} - make_interval(days => $1)" for name in columns)
        await shop.rows(f"UPDATE {table} SET {moved}", days)  # words of this test


async def test_orders_without_money_go_and_all_others_stay(shop: Shop) -> None:
    shop.coupon("once", usage_limit_per_user=1)
    buyer = await shop.buyer()
    declined, payment = await shop.begin(buyer)
    await shop.tell(Failed("declined", payment_id=payment.id))
    bought, bad = await shop.begin(buyer, coupon="once")
    await shop.tell(Failed("declined", payment_id=bad.id))
    good = await shop.attempt(bought)
    fact = paid(good)
    await shop.tell(fact)
    back, returned = await shop.buy(buyer)
    await shop.tell(Refunded(str(returned.charge), "re_1", back.total, back.currency))
    surplus, twice = await shop.begin(buyer)
    await shop.rows("UPDATE users SET state = 'erased', telegram_id = NULL WHERE id = $1", buyer.id)
    assert (await shop.tell(paid(twice))).note == "surplus"
    await shop.rows("UPDATE users SET state = 'active', telegram_id = 4040 WHERE id = $1", buyer.id)
    looked_at, _ = await shop.begin(buyer)
    await shop.rows("UPDATE orders SET state = 'canceled' WHERE state = 'pending'")
    young, _ = await shop.begin(buyer)
    await grow_old(shop, 89)
    assert await pruning.prune_all(shop.database) == {"orders": 0, "attempts": 0, "events": 0}
    await grow_old(shop, 2)
    await shop.rows("UPDATE orders SET created_at = now(), state = 'canceled' WHERE id = $1", young.id)
    await shop.rows("UPDATE payments SET state = 'failed' WHERE order_id = $1", young.id)
    counts = await asyncio.gather(*(pruning.prune_all(shop.database) for _ in range(2)))
    assert {what: sum(count[what] for count in counts) for what in counts[0]} == {
        "orders": 1, "attempts": 1, "events": 0,
    }  # fmt: skip
    assert await numbers(shop) == [
        (bought.number, "paid"), (back.number, "refunded"), (surplus.number, "canceled"),
        (looked_at.number, "canceled"), (young.number, "canceled"),
    ]  # fmt: skip
    assert declined.number == 1 and (await shop.read_payment(good)).charge == fact.charge
    # What was counted counts, and late money for what is gone is kept for the staff.
    assert await ledger.check(shop.database) == []
    assert (await shop.tell(paid(payment))).note == "unknown_payment"


async def test_a_used_coupon_stays_used(shop: Shop) -> None:
    shop.coupon("once", usage_limit_per_user=1)
    buyer = await shop.buyer()
    await shop.buy(buyer, coupon="once")
    await grow_old(shop, 4000)
    await pruning.prune_all(shop.database)
    assert await reason_of(shop, buyer, coupon="once") == "used_by_you"


async def test_events_that_were_not_believed_go_after_a_year_and_refused_money_never(shop: Shop) -> None:
    await shop.rows(
        """
        INSERT INTO provider_events (id, project_id, provider, account, event_id, kind, body, state, done_at)
        SELECT gen_random_uuid(), $1, 'sandbox', 'a', n::text, CASE n WHEN 1 THEN 'refused' ELSE 'payment.paid' END,
            '{}', CASE n WHEN 2 THEN 'failed' ELSE 'refused' END, now() - interval '366 days'
        FROM generate_series(1, 4) n
        """,
        shop.project.id,
    )
    async with shop.database.transaction() as connection:
        assert await pruning.prune(connection, "events", limit=1) == 1
    assert await pruning.prune_all(shop.database) == {"orders": 0, "attempts": 0, "events": 1}
    assert [row[0] for row in await shop.rows("SELECT event_id FROM provider_events ORDER BY 1")] == ["1", "2"]


async def test_whoever_begins_too_many_leaves_the_oldest(shop: Shop) -> None:
    buyer, other = await shop.buyer(), await shop.buyer()
    theirs = await shop.order(other)
    first, payment = await shop.begin(buyer)
    orders = [first, *[await shop.order(buyer) for _ in range(MOST_OPEN)]]
    assert [(await shop.read(order)).state for order in orders] == ["canceled", *["pending"] * MOST_OPEN]
    assert (await shop.read(theirs)).state == "pending"
    assert (await shop.tell(paid(payment))).state == "done"
    assert (await shop.read(first)).state == "paid"
