"""Stripe's subscriptions: the first payment, renewals, failed ones, cancelling and taking it back, the portal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from app.payments.port import Ask, Paid, ProviderRefused, Refunded, Started, SubscriptionChanged
from app.sandbox.stripe import cards
from app.sandbox.stripe.state import add_period
from tests.payments.stripe_shop import Shop, open_shop, stripe_project

MONTH = 31 * 86400


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


async def subscribed(shop: Shop, *, card: str = cards.GOOD) -> tuple[Ask, Started, Paid]:
    ask = shop.ask(renews=True, period="month")
    started = await shop.provider.start(ask)
    assert (await shop.pay(started, card))["outcome"] == "paid"
    (paid,) = await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)
    assert isinstance(paid, Paid)
    return ask, started, paid


def end_of(shop: Shop, subscription: str | None) -> datetime:
    item = shop.account.things[subscription or ""]["items"]["data"][0]
    return datetime.fromtimestamp(item["current_period_end"], UTC)


class TestFirst:
    async def test_paid_until_the_period_ends(self, shop: Shop) -> None:
        ask, started, paid = await subscribed(shop)
        session = shop.account.things[started.reference]
        assert (session["mode"], paid.subscription) == ("subscription", session["subscription"])
        assert (paid.payment_id, paid.amount, paid.currency, paid.renewal) == (ask.id, 49900, "RUB", False)
        assert paid.paid_until == end_of(shop, paid.subscription)
        assert paid.charge.startswith("pi_")

    async def test_both_events_tell_of_the_same_charge(self, shop: Shop) -> None:
        _, _, paid = await subscribed(shop)
        facts = await shop.facts("checkout.session.completed", "invoice.paid")
        assert [fact.charge for fact in facts if isinstance(fact, Paid)] == [paid.charge, paid.charge]
        assert [fact.payment_id for fact in facts if isinstance(fact, Paid)] == [paid.payment_id] * 2

    async def test_a_declined_card_leaves_nothing_behind(self, shop: Shop) -> None:
        ask = shop.ask(renews=True, period="year")
        started = await shop.provider.start(ask)
        assert (await shop.pay(started, cards.DECLINED))["outcome"] == "declined"
        assert await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id) == []
        assert "subscription" not in shop.account.kinds


class TestRenewal:
    async def test_each_period_is_a_payment_of_its_own(self, shop: Shop) -> None:
        ask, _, first = await subscribed(shop)
        await shop.settled()
        shop.inbox.clear()
        await shop.order("clock", seconds=2 * MONTH)
        renewals = [fact for fact in await shop.facts("invoice.paid") if isinstance(fact, Paid)]
        assert len(renewals) == 2
        assert {fact.subscription for fact in renewals} == {first.subscription}
        assert all(fact.renewal and fact.payment_id == ask.id and fact.amount == 49900 for fact in renewals)
        assert len({first.charge, *(fact.charge for fact in renewals)}) == 3
        ends = [first.paid_until, *(fact.paid_until for fact in renewals)]
        assert ends == sorted(set(ends), key=str)
        assert ends[-1] == end_of(shop, first.subscription)

    async def test_a_card_that_fails_later(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop, card=cards.FAILS_LATER)
        await shop.settled()
        shop.inbox.clear()
        assert first.paid_until is not None
        await shop.order("clock", seconds=int((first.paid_until - datetime.now(UTC)).total_seconds()) + 60)
        facts = await shop.facts()
        assert facts
        # What is paid ends where it ended; the new period is not given on credit.
        assert set(facts) == {SubscriptionChanged(first.subscription or "", "failed", first.paid_until)}
        await shop.order("cards", subscription=first.subscription, card=cards.GOOD)
        await shop.order("clock", seconds=3 * 86400)
        facts = await shop.facts()
        (paid,) = [fact for fact in facts if isinstance(fact, Paid)]
        assert paid.renewal
        changed = [fact for fact in facts if isinstance(fact, SubscriptionChanged)]
        assert {(fact.state, fact.until) for fact in changed} == {("active", paid.paid_until)}

    async def test_a_card_that_never_recovers_ends_it(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop, card=cards.FAILS_LATER)
        await shop.settled()
        shop.inbox.clear()
        await shop.order("clock", seconds=2 * MONTH)
        facts = await shop.facts("customer.subscription.deleted")
        assert [fact.state for fact in facts if isinstance(fact, SubscriptionChanged)] == ["ended"]
        assert not [fact for fact in await shop.facts() if isinstance(fact, Paid)]
        assert first.subscription is not None

    async def test_a_renewal_that_was_refunded(self, shop: Shop) -> None:
        await subscribed(shop)
        await shop.settled()
        shop.inbox.clear()
        await shop.order("clock", seconds=MONTH)
        (renewal,) = [fact for fact in await shop.facts("invoice.paid") if isinstance(fact, Paid)]
        refund = await shop.order("refunds", payment_intent=renewal.charge)
        assert await shop.facts("refund.created") == [Refunded(renewal.charge, refund["id"], 49900, "RUB")]

    async def test_the_books_know_renewals(self, shop: Shop) -> None:
        since = datetime.fromtimestamp(shop.desk.now() - 10, UTC)
        _, _, first = await subscribed(shop)
        await shop.order("clock", seconds=MONTH)
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        facts = [fact for line in lines for fact in line.facts]
        assert [fact.renewal for fact in facts if isinstance(fact, Paid)] == [False, True]
        assert facts[0].charge == first.charge  # type: ignore[union-attr]  # both are payments, see above


class TestCancelling:
    async def test_runs_to_its_end(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop)
        assert first.subscription is not None
        await shop.settled()
        shop.inbox.clear()
        for _ in range(2):
            await shop.provider.cancel(shop.project, subscription=first.subscription, telegram_id=77)
        assert await shop.facts() == [SubscriptionChanged(first.subscription, "canceled", first.paid_until)]
        await shop.order("clock", seconds=MONTH + 60)
        facts = await shop.facts()
        assert [fact.state for fact in facts if isinstance(fact, SubscriptionChanged)] == ["ended"]
        assert len(facts) == 1
        # Once more is no harm; taking it back is too late.
        await shop.provider.cancel(shop.project, subscription=first.subscription, telegram_id=77)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.resume(shop.project, subscription=first.subscription, telegram_id=77)
        assert refusal.value.facts["reason"] == "subscription_ended"

    async def test_taken_back_in_time(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop)
        assert first.subscription is not None
        await shop.provider.cancel(shop.project, subscription=first.subscription, telegram_id=77)
        await shop.provider.resume(shop.project, subscription=first.subscription, telegram_id=77)
        facts = await shop.facts("customer.subscription.updated")
        assert facts[-1] == SubscriptionChanged(first.subscription, "active", first.paid_until)
        await shop.order("clock", seconds=MONTH)
        assert [type(fact) for fact in await shop.facts("invoice.paid")] == [Paid]

    async def test_another_projects_subscription_is_not_touched(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop)
        assert first.subscription is not None
        with pytest.raises(ProviderRefused):
            await shop.provider.cancel(stripe_project("sol"), subscription=first.subscription, telegram_id=77)
        assert shop.account.things[first.subscription]["cancel_at_period_end"] is False


class TestPortal:
    async def test_the_customer_cancels_there(self, shop: Shop) -> None:
        _, _, first = await subscribed(shop)
        assert first.subscription is not None
        await shop.settled()
        shop.inbox.clear()
        url = await shop.provider.portal(shop.project, subscription=first.subscription, return_url="https://a.example/")
        async with httpx.AsyncClient(follow_redirects=True) as browser:
            assert first.subscription in (await browser.get(url)).text
            await browser.post(url, data={"subscription": first.subscription, "stop": "true"})
        (changed,) = await shop.facts()
        assert changed == SubscriptionChanged(first.subscription, "canceled", first.paid_until)


@pytest.mark.parametrize(
    ("start", "interval", "end"),
    [
        ("2026-01-31", "month", "2026-02-28"),
        ("2026-02-28", "month", "2026-03-31"),
        ("2026-12-31", "month", "2027-01-31"),
        ("2026-11-30", "month", "2026-12-31"),
        ("2024-02-29", "year", "2025-02-28"),
    ],
)
def test_months_keep_the_anchors_day(start: str, interval: str, end: str) -> None:
    anchor = datetime(2024, 2, 29, tzinfo=UTC) if interval == "year" else datetime(2026, 1, 31, tzinfo=UTC)
    moment = int(datetime.fromisoformat(f"{start}T00:00:00+00:00").timestamp())
    found = add_period(moment, interval, int(anchor.timestamp()))
    assert datetime.fromtimestamp(found, UTC).date().isoformat() == end
