"""Renewals that we charge: over real HTTP, at a bank that may refuse or be away."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.clock import utc_now
from app.payments.ledger.rules import check
from app.payments.subscriptions.jobs import charge, run_tick
from app.payments.subscriptions.renewals import due, job_payload
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.subscriptions.terms import add_months
from tests.conftest import Person
from tests.payments.stage import Counter, place

DAY = timedelta(days=1)
MONTH = "luna-month"


async def subscribed(counter: Counter) -> tuple[Person, Subscription]:
    """Somebody who has paid for a month with a card that the bank keeps."""
    person = await counter.sign_in()
    shop = (await person.get("/api/v1/shop")).json()
    [offer] = [item for item in shop["items"] if item["package"] == MONTH]
    [price] = [price for price in offer["prices"] if price["provider"] == "sandbox"]
    placed = await place(person, MONTH, total=price["total"], currency=price["currency"])
    assert placed.status_code == 201, placed.text
    await counter.press(placed.json()["payment"]["url"], "pay")
    async with asyncio.timeout(20):
        while (running := await current(counter)) is None:
            await asyncio.sleep(0.05)
    return person, running


async def current(counter: Counter) -> Subscription | None:
    async with counter.api.database.connection() as connection:
        row = await connection.fetchrow("SELECT project_id, id FROM subscriptions")
        return await SubscriptionRepository(connection, row["project_id"]).get(row["id"]) if row else None


async def wait(counter: Counter, time: timedelta) -> None:
    async with counter.api.database.connection() as connection:
        await connection.execute(
            """
            UPDATE subscriptions SET until = until - $1::interval, grace_until = grace_until - $1::interval,
                renew_at = renew_at - $1::interval
            """,
            time,
        )


async def renew(counter: Counter, known: Subscription, *, times: int = 1) -> None:
    payload = job_payload(known.project_id, known.id)
    await asyncio.gather(*(charge(counter.api.services, payload) for _ in range(times)))


async def told(counter: Counter) -> list[str]:
    async with counter.api.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT values ->> 'event' FROM notifications WHERE kind = 'subscription' ORDER BY id"
        )
        return [row[0] for row in rows]


async def renewals(counter: Counter) -> list[tuple[str, int]]:
    """(state, payments) of each renewal's order."""
    async with counter.api.database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT o.state, count(p.id) FROM orders o JOIN payments p ON p.order_id = o.id
            WHERE o.kind = 'renewal' GROUP BY o.id ORDER BY o.id
            """
        )
        return [(row[0], row[1]) for row in rows]


async def due_now(counter: Counter) -> list[UUID]:
    async with counter.api.database.connection() as connection:
        return [subscription_id for _, subscription_id in await due(connection)]


async def at_its_end(counter: Counter, known: Subscription) -> None:
    await wait(counter, known.until - utc_now() + timedelta(minutes=1))


class TestCharge:
    async def test_the_saved_card_is_charged_once_at_the_end_of_the_period(
        self, counter: Counter, worker: None
    ) -> None:
        person, known = await subscribed(counter)
        assert known.renews and known.sealed_method and known.provider == "sandbox"
        assert await due_now(counter) == []
        await renew(counter, known)
        assert await renewals(counter) == [], "not before its time"
        await at_its_end(counter, known)
        before = await current(counter)
        assert before is not None
        await renew(counter, known, times=4)
        after = await current(counter)
        assert after is not None
        assert (after.state, after.until) == ("active", add_months(before.until, 1))
        assert after.renew_at == after.until
        assert await renewals(counter) == [("paid", 1)]
        assert "renewed" in await told(counter)
        assert await due_now(counter) == []
        orders = (await person.get("/api/v1/orders")).json()["items"]
        assert len(orders) == 2
        assert await check(counter.api.database) == []

    async def test_a_refused_card_is_told_once_and_tried_every_day_until_the_grace_ends(
        self, counter: Counter, worker: None
    ) -> None:
        person, known = await subscribed(counter)
        counter.bank.refuse_methods = True
        await at_its_end(counter, known)
        for _ in range(3):
            assert await due_now(counter) == [known.id]
            await renew(counter, known)
            assert await due_now(counter) == []
            await run_tick(counter.api.services, {})
            assert (await person.get("/api/v1/me")).json()["subscription"]["state"] == "grace"
            # What the person may pay by hand instead.
            [unpaid] = [
                row for row in (await person.get("/api/v1/orders")).json()["items"] if row["state"] == "pending"
            ]
            shown = (await person.get("/api/v1/subscription")).json()["subscription"]
            assert (unpaid["kind"], shown["unpaid_order"]) == ("renewal", unpaid["id"])
            await wait(counter, DAY)
        await run_tick(counter.api.services, {})
        ended = await current(counter)
        assert ended is not None
        assert (ended.state, ended.sealed_method) == ("ended", None)
        assert [what for what in await told(counter) if what != "soon"] == ["failed", "grace_ends", "ended"]
        assert [state for state, _ in await renewals(counter)][-1] == "pending"
        assert (await person.get("/api/v1/me")).json()["subscription"] is None
        assert await due_now(counter) == []
        assert await check(counter.api.database) == []

    async def test_a_card_that_works_again_goes_on_where_it_ended(self, counter: Counter, worker: None) -> None:
        _, known = await subscribed(counter)
        counter.bank.refuse_methods = True
        await at_its_end(counter, known)
        await renew(counter, known)
        await run_tick(counter.api.services, {})
        counter.bank.refuse_methods = False
        await wait(counter, DAY)
        waiting = await current(counter)
        assert waiting is not None and waiting.state == "grace"
        await renew(counter, known)
        renewed = await current(counter)
        assert renewed is not None
        assert (renewed.state, renewed.until) == ("active", add_months(waiting.until, 1))
        assert (await renewals(counter))[-1][0] == "paid"
        assert await check(counter.api.database) == []

    async def test_a_bank_that_is_away_is_asked_again_under_the_same_payment(
        self, counter: Counter, worker: None
    ) -> None:
        _, known = await subscribed(counter)
        await at_its_end(counter, known)
        counter.bank.outage = True
        await renew(counter, known)
        assert await due_now(counter) == []
        await wait(counter, timedelta(hours=1))
        counter.bank.outage = False
        await renew(counter, known)
        assert await renewals(counter) == [("paid", 1)]
        assert "failed" not in await told(counter)

    async def test_one_that_was_canceled_is_not_charged_and_can_be_taken_up_again(
        self, counter: Counter, worker: None
    ) -> None:
        person, known = await subscribed(counter)
        canceled: dict[str, Any] = (await person.post("/api/v1/subscription/cancel")).json()["subscription"]
        assert (canceled["renews"], canceled["actions"]) == (False, ["resume"])
        await renew(counter, known)
        resumed = (await person.post("/api/v1/subscription/resume")).json()["subscription"]
        assert (resumed["renews"], resumed["actions"]) == (True, ["cancel"])
        await person.post("/api/v1/subscription/cancel")
        await at_its_end(counter, known)
        await renew(counter, known)
        assert await renewals(counter) == []
        await run_tick(counter.api.services, {})
        assert (await person.get("/api/v1/subscription")).json() == {"subscription": None}
