"""Stripe: what we start, what we believe, and what it means. Against the sandbox over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import stripe

from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Failed, Paid, ProviderAway, ProviderRefused, Refunded
from app.payments.providers import stripe_calls
from app.payments.providers.stripe import StripeProvider
from app.sandbox.stripe import cards
from tests.payments.provider_shop import RETURN_URL
from tests.payments.stripe_shop import Shop, open_shop, stripe_project


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


class TestStart:
    async def test_a_session_of_exactly_this_order(self, shop: Shop) -> None:
        ask = shop.ask(contact="anna@example.com")
        started = await shop.provider.start(ask)
        session = shop.account.things[started.reference]
        assert started.opens == "redirect"
        assert started.url == f"{shop.url}/c/pay/{started.reference}"
        assert (session["amount_total"], session["currency"], session["mode"]) == (49900, "rub", "payment")
        assert session["client_reference_id"] == session["metadata"]["payment"] == str(ask.id)
        assert session["metadata"]["project"] == "luna"
        assert (session["success_url"], session["cancel_url"]) == (RETURN_URL, RETURN_URL)
        assert (session["locale"], session["customer_email"]) == ("ru", "anna@example.com")
        assert session["expires_at"] == int(ask.expires_at.timestamp())

    async def test_again_is_the_same_session(self, shop: Shop) -> None:
        ask = shop.ask()
        first = await shop.provider.start(ask)
        assert await shop.provider.start(ask) == first
        assert len(shop.account.kinds["checkout.session"]) == 1

    async def test_an_answer_that_got_lost_makes_no_second_session(self, shop: Shop) -> None:
        ask = shop.ask()
        await shop.order("faults", path="/checkout/sessions", cut="after", times=2)
        with pytest.raises(ProviderAway):
            await shop.provider.start(ask)
        started = await shop.provider.start(ask)
        assert shop.account.kinds["checkout.session"] == [started.reference]

    async def test_a_short_order_keeps_stripes_shortest_time(self, shop: Shop) -> None:
        ask = shop.ask(expires_at=utc_now() + timedelta(minutes=5))
        started = await shop.provider.start(ask)
        left = shop.account.things[started.reference]["expires_at"] - shop.desk.now()
        assert 30 * 60 <= left <= 46 * 60

    async def test_the_same_key_with_another_amount_is_refused(self, shop: Shop) -> None:
        ask = shop.ask()
        await shop.provider.start(ask)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.start(replace(ask, amount=1))
        assert refusal.value.facts["reason"] == "IdempotencyError"

    async def test_amounts_in_stripes_units(self, shop: Shop) -> None:
        sums = [
            (500, "JPY", 500),
            (49900, "RUB", 49900),
            (1230, "KWD", 1230),
            (500, "ISK", 50000),
            (500000, "MGA", 5000),
        ]
        for amount, currency, units in sums:
            _, started, facts = await shop.sold(amount=amount, currency=currency)
            assert shop.account.things[started.reference]["amount_total"] == units
            paid = facts[0]
            assert isinstance(paid, Paid)
            assert (paid.amount, paid.currency) == (amount, currency)

    async def test_what_stripe_cannot_take_exactly_is_not_offered(self, shop: Shop) -> None:
        offered = [(1235, "KWD"), (50, "MGA"), (49900, "RUB")]
        prices = [shop.provider.price(shop.project, stars=5, money=money) for money in offered]
        assert prices == [None, None, (49900, "RUB")]
        assert shop.provider.price(shop.project, stars=5, money=None) is None
        with pytest.raises(ProviderRefused):
            await shop.provider.start(shop.ask(amount=1235, currency="KWD"))

    async def test_too_little_is_refused_by_name(self, shop: Shop) -> None:
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.start(shop.ask(amount=10, currency="USD"))
        assert refusal.value.facts["reason"] == "amount_too_small"


class TestLook:
    async def test_open_says_nothing(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        assert await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id) == []

    async def test_paid(self, shop: Shop) -> None:
        ask, started, facts = await shop.sold()
        intent = shop.account.things[started.reference]["payment_intent"]
        assert len(facts) == 1
        paid = facts[0]
        assert isinstance(paid, Paid)
        assert (paid.charge, paid.amount, paid.currency) == (intent, 49900, "RUB")
        assert (paid.payment_id, paid.reference, paid.renewal) == (ask.id, started.reference, False)
        assert paid.at is not None
        assert abs(paid.at - utc_now()) < timedelta(minutes=1)

    async def test_declined_cards_leave_it_open_and_another_one_pays(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        for number in (cards.DECLINED, cards.INSUFFICIENT):
            assert (await shop.pay(started, number))["outcome"] == "declined"
        assert await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id) == []
        await shop.pay(started)
        assert len(await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)) == 1

    async def test_a_page_that_was_closed_takes_no_money(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        await shop.provider.close(shop.project, reference=started.reference)
        assert await shop.facts() == [Failed("expired", payment_id=ask.id, reference=started.reference)]
        assert (await shop.pay(started))["outcome"] == "closed"
        with pytest.raises(ProviderRefused):
            await shop.provider.close(shop.project, reference=started.reference)

    async def test_expired(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        await shop.order("clock", seconds=3700)
        facts = await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)
        assert facts == [Failed("expired", payment_id=ask.id, reference=started.reference)]

    async def test_another_payments_session_is_refused(self, shop: Shop) -> None:
        _, started, _ = await shop.sold()
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.look(shop.project, reference=started.reference, payment_id=uuid4())
        assert refusal.value.facts["reason"] == "not_this_payment"

    async def test_another_projects_session_is_refused(self, shop: Shop) -> None:
        ask, started, _ = await shop.sold()
        with pytest.raises(ProviderRefused):
            await shop.provider.look(stripe_project("sol"), reference=started.reference, payment_id=ask.id)


class TestRefund:
    async def test_once_per_refund(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        wanted = {"charge": paid.charge, "amount": 10000, "currency": "RUB", "refund_id": new_id(), "telegram_id": 77}
        first = await shop.provider.refund(shop.project, **wanted)
        # Stripe forgets its idempotency keys after a day.
        shop.account.answers.clear()
        assert await shop.provider.refund(shop.project, **wanted) == first
        assert first.state == "succeeded"
        assert [row["amount"] for row in shop.account.all("refund")] == [10000]

    @pytest.mark.parametrize(("amount", "part", "currency"), [(10000, 1005, "KWD"), (500000, 150, "MGA")])
    async def test_a_part_that_stripe_cannot_write_down_is_not_the_whole(
        self, shop: Shop, amount: int, part: int, currency: str
    ) -> None:
        _, _, (paid,) = await shop.sold(amount=amount, currency=currency)
        assert isinstance(paid, Paid)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.refund(
                shop.project, charge=paid.charge, amount=part, currency=currency, refund_id=new_id(), telegram_id=77
            )
        assert refusal.value.facts == {"reason": "amount_not_payable"}
        assert not shop.account.all("refund")
        assert not shop.provider.refundable(amount=part, currency=currency)
        assert shop.provider.refundable(amount=amount, currency=currency)

    async def test_what_the_dashboard_gave_back_counts_as_done(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        done = await shop.order("refunds", payment_intent=paid.charge)
        outcome = await shop.provider.refund(
            shop.project, charge=paid.charge, amount=49900, currency="RUB", refund_id=new_id(), telegram_id=77
        )
        assert (outcome.reference, outcome.state) == (done["id"], "succeeded")

    async def test_a_refund_on_its_way_ends_by_a_fact(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        paid = await shop.pay(started, "4000000000007726")
        refund_id = new_id()
        outcome = await shop.provider.refund(
            shop.project,
            charge=paid["payment_intent"],
            amount=49900,
            currency="RUB",
            refund_id=refund_id,
            telegram_id=77,
        )
        assert outcome.state == "pending"
        assert not [fact for fact in await shop.facts() if isinstance(fact, Refunded)]
        await shop.order("clock", seconds=61)
        expected = Refunded(paid["payment_intent"], outcome.reference, 49900, "RUB", refund_id)
        assert await shop.facts("refund.updated") == [expected]

    async def test_more_than_was_paid_is_refused(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        with pytest.raises(ProviderRefused):
            await shop.provider.refund(
                shop.project, charge=paid.charge, amount=50000, currency="RUB", refund_id=new_id(), telegram_id=77
            )

    async def test_a_disputed_charge_is_not_refunded_twice(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        await shop.order("disputes", payment_intent=paid.charge)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.refund(
                shop.project, charge=paid.charge, amount=49900, currency="RUB", refund_id=new_id(), telegram_id=77
            )
        assert refusal.value.facts["reason"] == "charge_disputed"


class TestBooks:
    async def test_lines_of_this_project_oldest_first(self, shop: Shop) -> None:
        since = datetime.fromtimestamp(shop.desk.now() - 10, UTC)
        ask, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        # Another project on the same account, and money that no project of ours asked for.
        sol = stripe_project("sol")
        started = await shop.provider.start(shop.ask(project=sol))
        await shop.pay(started)
        refund = await shop.order("refunds", payment_intent=paid.charge, amount=900)
        await shop.order("disputes", payment_intent=paid.charge, amount=49000)
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        assert [(line.amount, line.currency) for line in lines] == [(49900, "RUB"), (-900, "RUB"), (-49000, "RUB")]
        assert {line.charge for line in lines} == {paid.charge}
        first = lines[0].facts[0]
        assert isinstance(first, Paid)
        assert (first.payment_id, first.charge) == (ask.id, paid.charge)
        assert lines[1].facts == [Refunded(paid.charge, refund["id"], 900, "RUB")]

    async def test_what_is_settled_is_not_asked_again(self, shop: Shop) -> None:
        since = datetime.fromtimestamp(shop.desk.now() - 10, UTC)
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        refund = await shop.order("refunds", payment_intent=paid.charge, amount=900)

        async def lines(settled: set[str]) -> list[tuple[str, int, list[type]]]:
            found = shop.provider.transactions(shop.project, since=since, settled=settled)
            return [(line.charge, line.amount, [type(fact) for fact in line.facts]) async for line in found]

        asked = len(shop.desk.requests)
        assert await lines({paid.charge, refund["id"]}) == [(paid.charge, 49900, []), (paid.charge, -900, [])]
        assert [row["path"] for row in shop.desk.requests[asked:]] == ["/v1/balance_transactions"]
        # A refund that our books do not know yet is one, whatever they know of its charge.
        assert await lines({paid.charge}) == [(paid.charge, 49900, []), (paid.charge, -900, [Refunded])]

    async def test_more_than_a_page(self, shop: Shop) -> None:
        since = datetime.fromtimestamp(shop.desk.now() - 10, UTC)
        _, _, (paid,) = await shop.sold(amount=100000)
        assert isinstance(paid, Paid)
        for _ in range(110):
            await shop.order("refunds", payment_intent=paid.charge, amount=10)
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        assert [line.amount for line in lines] == [100000, *[-10] * 110]


class TestWeather:
    @pytest.mark.parametrize(
        "fault",
        [{"status": 500}, {"status": 503}, {"status": 429, "code": "rate_limit"}, {"status": 409}, {"cut": "before"}],
    )
    async def test_away(self, shop: Shop, fault: dict[str, object]) -> None:
        await shop.order("faults", path="/v1/", times=None, **fault)
        with pytest.raises(ProviderAway):
            await shop.provider.start(shop.ask())

    async def test_one_failure_is_repeated_under_the_same_key(self, shop: Shop) -> None:
        await shop.order("faults", path="/checkout/sessions", status=500)
        ask = shop.ask()
        await shop.provider.start(ask)
        keys = [row["key"] for row in shop.desk.requests]
        assert keys == [str(ask.id), str(ask.id)]

    @pytest.mark.parametrize("fault", [{"status": 400, "code": "url_invalid"}, {"status": 403}])
    async def test_refused(self, shop: Shop, fault: dict[str, object]) -> None:
        await shop.order("faults", path="/v1/", times=None, **fault)
        with pytest.raises(ProviderRefused):
            await shop.provider.start(shop.ask())

    async def test_nobody_there(self, shop: Shop) -> None:
        async with httpx.AsyncClient() as http:
            provider = StripeProvider(http, api_url="http://127.0.0.1:9")
            with pytest.raises(ProviderAway):
                await provider.start(shop.ask())

    async def test_a_wrong_key_stays_out_of_errors_and_logs(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        wrong = stripe_project(key="sk_test_wrongkeywrongkeywrongkey")
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.start(shop.ask(project=wrong))
        assert refusal.value.facts == {"reason": "AuthenticationError"}
        assert "AuthenticationError" in caplog.text
        assert "gkey" not in caplog.text + str(refusal.value) + repr(refusal.value.__context__)

    async def test_keys_do_not_mix(self, shop: Shop) -> None:
        """Two projects at once: each call goes out under its own key."""
        sol = stripe_project("sol", key="sk_test_SANDBOXsol")
        other = shop.desk.add_account(secret_key="sk_test_SANDBOXsol", webhook_secret="whsec_SANDBOXsol")
        asks = [shop.ask(project=project) for project in (shop.project, sol) * 5]
        await asyncio.gather(*(shop.provider.start(ask) for ask in asks))
        for account, name in ((shop.account, "luna"), (other, "sol")):
            sessions = account.all("checkout.session")
            assert [session["metadata"]["project"] for session in sessions] == [name] * 5
        assert stripe.api_key is None


class TestAccount:
    def test_named_by_project_and_side(self) -> None:
        provider = StripeProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:9")
        live = stripe_project(key="sk_live_SANDBOXluna")
        assert provider.account(stripe_project()) == "test:luna"
        assert provider.account(live) == "live:luna"
        assert provider.account(replace(live, payments=type(live.payments)())) is None

    def test_the_package_speaks_the_version_that_the_code_was_written_for(self) -> None:
        assert stripe.api_version == stripe_calls.API_VERSION
