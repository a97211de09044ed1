"""The API and the worker are killed in the middle of five hundred purchases: each is what the provider says it is."""

import asyncio
from collections import Counter
from pathlib import Path
from uuid import UUID

from app.settings import Settings
from tests.faults.market import Market, open_market
from tests.faults.purchases import PAID, PAID_TOO_OFTEN, PEOPLE, PLAN, Crowd, Purchase, planned, strike
from tests.faults.tills import Charge
from tests.weather import until


async def test_killed_in_the_middle_of_five_hundred(stocked_settings: Settings, tmp_path: Path) -> None:
    async with open_market(stocked_settings, tmp_path) as market:
        people = await asyncio.gather(
            *(market.join(slug, 1000 + number) for number in range(PEOPLE) for slug in ("luna", "verbena"))
        )
        purchases = planned(people)
        assert len(purchases) == 500
        crowd = Crowd(market)
        async with asyncio.TaskGroup() as group:
            group.create_task(strike(market, crowd, len(purchases)))
            group.create_task(crowd.buy(purchases))
        await market.kill("api", "worker")
        await market.settled()
        await check_events(market)
        await find_the_silent(market, purchases)
        await market.settled()
        await check(market, purchases)
        code, words = await market.command("ledger", "check")
        assert code == 0, words
        assert market.unanswered > 0


async def check_events(market: Market) -> None:
    """What a provider was thanked for is kept, and was worked on: it never says it again."""
    rows = await market.fetch("SELECT provider, event_id, state FROM provider_events WHERE kind <> 'refused'")
    ended = {(row["provider"], row["event_id"]) for row in rows if row["state"] in ("done", "ignored", "refused")}
    assert len(ended) == len(rows)
    for till in market.tills.values():
        kept = {name for provider, name in ended if provider == till.name}
        # YooKassa's have no number: we name them by what they say, and by the state in which it came.
        kept |= {name.rpartition(":")[0] for name in kept}
        assert [name for name in till.taken() if name not in kept] == []


async def find_the_silent(market: Market, purchases: list[Purchase]) -> None:
    """Of what no webhook told, the look at open payments finds one half, and the comparison of the books the other."""
    silent = [purchase.order_id for purchase in purchases if purchase.kind == "silent"]

    async def found(orders: list[UUID | None]) -> bool:
        query = "SELECT count(*) FROM orders WHERE id = ANY($1) AND state = 'paid'"
        return bool(await market.value(query, orders) == len(orders))

    looked_at = silent[::2]
    query = "UPDATE payments SET look_at = now() WHERE order_id = ANY($1) AND state IN ('new', 'started')"
    await market.execute(query, looked_at)
    await market.enqueue("payments.sweep")
    await market.kill("worker")
    await until(lambda: found(looked_at), seconds=60, what="those that are looked at")
    await market.enqueue("payments.plan_reconciliation")
    await until(lambda: found(silent), seconds=60, what="those that only the books tell of")


async def check(market: Market, purchases: list[Purchase]) -> None:
    """The providers' own books against ours."""
    by_order = {purchase.order_id: purchase for purchase in purchases}
    orders = await market.fetch("SELECT id, state FROM orders")
    # Whoever asked twice under one key has bought once.
    assert {row["id"] for row in orders} == set(by_order)
    for till in market.tills.values():
        pages = till.asked()
        assert len(pages) == len(set(pages)), till.name

    rows = await market.fetch("SELECT * FROM payments")
    order_of = {row["id"]: row["order_id"] for row in rows}
    ours = {(row["provider"], row["charge"]): row for row in rows if row["charge"] is not None}
    charges = [charge for till in market.tills.values() for charge in till.charges()]
    fulfilled: Counter[UUID] = Counter()
    surplus: Counter[UUID] = Counter()
    wrong: list[Charge] = []
    for charge in charges:
        order_id = order_of[charge.payment_id]
        if by_order[order_id].kind == "wrong":
            wrong.append(charge)
            continue
        row = ours.pop((charge.provider, charge.id))
        assert (row["order_id"], row["amount"], row["currency"]) == (order_id, charge.amount, charge.currency)
        assert row["state"] in ("paid", "surplus"), dict(row)
        is_paid = row["state"] == "paid"
        assert (row["refunded_amount"], charge.refunded) == ((0, 0) if is_paid else (charge.amount, charge.amount))
        (fulfilled if is_paid else surplus)[order_id] += 1
    # Nothing of ours that they know nothing of.
    assert ours == {}
    bought = {purchase.order_id for purchase in purchases if purchase.kind in PAID}
    assert fulfilled == Counter(dict.fromkeys(bought, 1))
    assert {row["id"] for row in orders if row["state"] == "paid"} == bought
    assert {row["state"] for row in orders} <= {"paid", "pending", "expired"}
    too_often = {purchase.order_id for purchase in purchases if purchase.kind in PAID_TOO_OFTEN}
    assert surplus == Counter(dict.fromkeys(too_often, 1))
    await check_refused(market, wrong)
    await check_wallets(market, purchases)


async def check_refused(market: Market, wrong: list[Charge]) -> None:
    """Money of another sum gave nothing, was kept as refused, and the staff were told."""
    assert len(wrong) == sum(kinds["wrong"] for provider, kinds in PLAN.items() if provider != "stars")
    rows = await market.fetch("SELECT id, event_id, note FROM provider_events WHERE kind = 'refused'")
    assert {row["event_id"] for row in rows} == {f"refused:paid:{charge.id}" for charge in wrong}
    assert {row["note"] for row in rows} == {"wrong_amount"}
    cards = await market.fetch("SELECT subject FROM staff_cards WHERE kind = 'payment_refused'")
    assert {row["subject"] for row in cards} == {str(row["id"]) for row in rows}


async def check_wallets(market: Market, purchases: list[Purchase]) -> None:
    """Everybody has what he has bought, and what everybody has from the start."""
    wanted: Counter[tuple[UUID, str]] = Counter()
    for purchase in purchases:
        if purchase.kind in PAID:
            wanted[(purchase.person.user_id, "readings")] += purchase.package.readings or 0
            wanted[(purchase.person.user_id, "follow_ups")] += purchase.package.follow_ups or 0
    free = {purchase.person.user_id: purchase.person.project.free_readings for purchase in purchases}
    rows = await market.fetch("SELECT user_id, unit, balance FROM wallets")
    assert {(row["user_id"], row["unit"]): row["balance"] for row in rows if row["balance"]} == {
        (user_id, unit): number
        for user_id in free
        for unit in ("readings", "follow_ups")
        if (number := wanted[(user_id, unit)] + (free[user_id] if unit == "readings" else 0))
    }
