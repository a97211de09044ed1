"""The machine and people: renewals of what they agreed to, their leaving, and the question before a payment."""

import asyncio
from datetime import timedelta
from typing import Any

from app.kit import json
from app.kit.clock import utc_now
from app.payments import renewals
from app.payments.erasure import FORGET_JOB, forget_events
from app.payments.events.repository import EventRepository
from app.payments.orders.payments import Payment, PaymentRepository
from app.payments.outcome import Outcome
from app.payments.port import Event, Failed
from app.telegram.checkout import CheckoutQuery
from tests.payments.stage import Shop, paid
from tests.payments.test_machine import cards, erase


class TestRenewals:
    async def test_each_is_an_order_of_its_own(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, "luna-month")
        assert order.renews
        await shop.tell(paid(payment, subscription="sub_9"))
        fact = paid(payment, charge="month2", payment_id=None, subscription="sub_9", renewal=True)
        outcomes = await asyncio.gather(*(shop.tell(fact) for _ in range(3)))
        assert sorted(outcome.state for outcome in outcomes) == ["done", "repeated", "repeated"]
        rows = await shop.rows("SELECT kind, total, subscription_id, number FROM orders ORDER BY number")
        assert [(row["kind"], row["total"], row["number"]) for row in rows] == [
            ("purchase", 59900, 1),
            ("renewal", 59900, 2),
        ]
        assert rows[0]["subscription_id"] == rows[1]["subscription_id"]
        assert await shop.value("SELECT count(*) FROM book_entries") == 2

    async def test_of_another_sum_is_refused(self, shop: Shop) -> None:
        _, payment = await shop.begin(await shop.buyer(), "luna-month")
        await shop.tell(paid(payment, subscription="sub_9"))
        wrong = paid(payment, payment_id=None, amount=100, subscription="sub_9", renewal=True)
        assert await shop.tell(wrong) == Outcome("refused", "wrong_amount")
        assert await shop.value("SELECT count(*) FROM orders") == 1

    async def test_of_nothing_known_waits(self, shop: Shop) -> None:
        _, payment = await shop.begin(await shop.buyer())
        fact = paid(payment, payment_id=None, subscription="sub_0", renewal=True)
        assert (await shop.tell(fact)).state == "later"

    async def test_after_the_person_left_goes_back(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        _, payment = await shop.begin(buyer, "luna-month")
        await shop.tell(paid(payment, subscription="sub_9"))
        await erase(shop, buyer)
        outcome = await shop.tell(
            paid(payment, payment_id=None, subscription="sub_9", renewal=True, telegram_id=buyer.telegram_id)
        )
        assert (outcome.state, outcome.note) == ("done", "surplus")
        refund = (await shop.rows("SELECT state, reason, payment_id FROM refunds"))[0]
        assert (refund["state"], refund["reason"], refund["payment_id"]) == ("wanted", "surplus", outcome.payment_id)

    async def test_a_charge_of_ours_that_is_declined_later_is_tried_tomorrow(self, shop: Shop) -> None:
        """The bank had called it pending; then its word comes as an event."""
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, "luna-month")
        await shop.tell(paid(payment, method="pm_1"))
        order = await shop.read(order)
        async with shop.database.transaction() as connection:
            running = await renewals.lock_agreement(connection, shop.project.id, subscription_id=order.subscription_id)
            assert running is not None
            renewal = await renewals.open_order(connection, shop.project.id, running)
            charge = await PaymentRepository(connection, shop.project.id).add(
                renewal, provider="sandbox", account="luna"
            )
        for _ in range(2):
            await shop.tell(Failed("declined", payment_id=charge.id))
        row = (await shop.rows("SELECT renew_at, renew_attempts, told, state FROM subscriptions"))[0]
        assert (row["renew_attempts"], row["told"], row["state"]) == (1, "failed", "active")
        assert timedelta(hours=23) < row["renew_at"] - utc_now() <= timedelta(days=1)
        assert ("payment_failed", str(charge.id)) in await cards(shop)
        # And yet the money comes.
        assert (await shop.tell(paid(charge))).state == "done"
        assert await shop.value("SELECT told FROM subscriptions") is None


class TestErasure:
    async def test_orders_stay_for_the_books_without_the_person(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer, contact="+79990000000")
        await shop.tell(paid(payment))
        pending = await shop.order(buyer)
        await erase(shop, buyer)
        order = await shop.read(order)
        assert (order.state, order.total, order.contact, order.person_hash) == ("paid", 19900, None, None)
        assert (await shop.read(pending)).state == "canceled"
        assert (await shop.read_payment(payment)).payer is None
        assert await shop.value("SELECT count(*) FROM book_entries WHERE order_id = $1", order.id) == 1

    async def test_what_providers_told_of_it_is_emptied(self, shop: Shop) -> None:
        buyer, other = await shop.buyer(), await shop.buyer()
        _, payment = await shop.buy(buyer)
        _, foreign = await shop.buy(other)
        async with shop.database.transaction() as connection:
            told = [
                Event(name, "paid", {"payment": str(row.id), "email": f"{name}@example.org"})
                for name, row in (("mine", payment), ("theirs", foreign))
            ]
            await EventRepository(connection, shop.project.id).keep("sandbox", "luna", told)
        await shop.rows("UPDATE provider_events SET state = 'done'")
        await erase(shop, buyer)
        job = await shop.value("SELECT payload FROM pgqueuer WHERE entrypoint = $1", FORGET_JOB)
        payload = json.loads(job)
        assert await forget_events(shop.database, payload["project"], payload["names"]) == 1
        rows = await shop.rows("SELECT event_id, body FROM provider_events")
        assert {row["event_id"]: row["body"] for row in rows} == {
            "mine": {}, "theirs": {"payment": str(foreign.id), "email": "theirs@example.org"},
        }  # fmt: skip

    async def test_leaving_while_a_payment_comes_in(self, shop: Shop) -> None:
        """Either he has it and leaves it behind, or the money goes back: never half of it."""
        pairs = [(buyer := await shop.buyer(), *(await shop.begin(buyer))) for _ in range(4)]
        await asyncio.gather(
            *(shop.tell(paid(payment)) for _, _, payment in pairs), *(erase(shop, buyer) for buyer, _, _ in pairs)
        )
        for buyer, order, payment in pairs:
            states = ((await shop.read(order)).state, (await shop.read_payment(payment)).state)
            assert states in (("paid", "paid"), ("canceled", "surplus"))
            assert await shop.balances(buyer) == (0, 0)


class TestCheckout:
    """The question before a payment in Telegram; see also the tests of Stars."""

    async def ask(self, shop: Shop, payment: Payment, **changes: Any) -> str | None:
        values = {"telegram_id": 0, "currency": "RUB", "amount": payment.amount, "payload": str(payment.id), **changes}
        query = CheckoutQuery("q", language="ru", **values)
        async with shop.database.connection() as connection:
            refusal = await shop.services.payments.check(connection, shop.project, query)
        return refusal.key if refusal else None

    async def test_every_reason(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        order, payment = await shop.begin(buyer)
        await shop.rows("UPDATE payments SET provider = 'stars' WHERE id = $1", payment.id)
        mine = {"telegram_id": buyer.telegram_id}
        assert await self.ask(shop, payment, **mine) is None
        assert await self.ask(shop, payment, telegram_id=3) == "checkout.not_yours"
        assert await self.ask(shop, payment, **mine, payload="rubbish") == "checkout.unknown"
        assert await self.ask(shop, payment, **mine, payload=str(order.id)) == "checkout.unknown"
        assert await self.ask(shop, payment, **mine, amount=1) == "checkout.changed"
        assert await self.ask(shop, payment, **mine, currency="XTR") == "checkout.changed"
        await shop.rows("UPDATE orders SET expires_at = now() WHERE id = $1", order.id)
        assert await self.ask(shop, payment, **mine) == "checkout.over"
        await shop.tell(paid(payment), provider="stars")
        assert await self.ask(shop, payment, **mine) == "checkout.paid"
