"""YooKassa: what we start, charge and give back, and what it means. Against the sandbox over real HTTP."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Failed, Paid, ProviderAway, ProviderRefused, Refunded
from app.payments.providers.yookassa import YooKassaProvider
from app.sandbox.yookassa import cards
from tests.payments.provider_shop import RETURN_URL
from tests.payments.yookassa_shop import KEY, SHOP_ID, Shop, open_shop, yookassa_project


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


class TestStart:
    async def test_a_payment_of_exactly_this_order(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        payment = shop.account.payments[started.reference]
        assert started.opens == "redirect"
        assert started.url == payment["confirmation"]["confirmation_url"]
        assert payment["amount"] == {"value": "499.00", "currency": "RUB"}
        assert payment["metadata"] == {"project": "luna", "order": str(ask.order_id), "payment": str(ask.id)}
        assert payment["confirmation"]["return_url"] == RETURN_URL
        assert (payment["description"], payment["locale"]) == ("Десять раскладов", "ru_RU")
        assert "wants_saving" not in payment or payment["wants_saving"] is False

    async def test_again_is_the_same_payment(self, shop: Shop) -> None:
        ask = shop.ask()
        first = await shop.provider.start(ask)
        assert await shop.provider.start(ask) == first
        assert len(shop.account.payments) == 1

    @pytest.mark.parametrize("fault", [{"cut": "after"}, {"status": 500}, {"cut": "before"}])
    async def test_what_nobody_knows_is_repeated_under_the_same_key(self, shop: Shop, fault: dict[str, object]) -> None:
        await shop.order("faults", path="/payments", **fault)
        ask = shop.ask()
        started = await shop.provider.start(ask)
        assert [row["key"] for row in shop.desk.requests] == [str(ask.id)] * 2
        assert list(shop.account.payments) == [started.reference]

    async def test_the_same_key_with_another_amount_is_refused(self, shop: Shop) -> None:
        ask = shop.ask()
        await shop.provider.start(ask)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.start(replace(ask, amount=100))
        assert refusal.value.facts["reason"] == "invalid_request:Idempotence-Key"

    async def test_only_currencies_that_it_takes_are_offered(self, shop: Shop) -> None:
        prices = [(49900, "RUB"), (500, "JPY"), (1000, "GBP"), (999, "KZT")]
        offered = [shop.provider.price(shop.project, stars=5, money=money) for money in prices]
        assert offered == [(49900, "RUB"), None, None, (999, "KZT")]
        assert shop.provider.price(shop.project, stars=5, money=None) is None

    async def test_amounts_are_exact(self, shop: Shop) -> None:
        for amount, value in ((1, "0.01"), (100, "1.00"), (123456789, "1234567.89")):
            _, started, facts = await shop.sold(amount=amount)
            assert shop.account.payments[started.reference]["amount"]["value"] == value
            assert [fact.amount for fact in facts if isinstance(fact, Paid)] == [amount]

    async def test_a_long_title_is_cut(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask(title="Я" * 300))
        assert shop.account.payments[started.reference]["description"] == "Я" * 128


class TestLook:
    async def test_open_says_nothing(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        assert await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id) == []

    async def test_paid(self, shop: Shop) -> None:
        ask, started, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        assert (paid.charge, paid.reference) == (started.reference, started.reference)
        assert (paid.amount, paid.currency, paid.payment_id) == (49900, "RUB", ask.id)
        assert (paid.method, paid.subscription) == (None, None)
        assert paid.at is not None
        assert abs(paid.at - utc_now()) < timedelta(minutes=1)

    @pytest.mark.parametrize(
        ("card", "reason"),
        [(cards.DECLINED, "declined"), (cards.INSUFFICIENT, "declined"), ("5555555555554543", "declined")],
    )
    async def test_a_bank_that_says_no(self, shop: Shop, card: str, reason: str) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        assert await shop.pay(started, card) == "canceled"
        facts = await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)
        assert facts == [Failed(reason, payment_id=ask.id, reference=started.reference)]

    async def test_expired_and_canceled(self, shop: Shop) -> None:
        asks = [shop.ask(), shop.ask()]
        started = [await shop.provider.start(ask) for ask in asks]
        await shop.order("cancel", payment=started[0].reference)
        await shop.order("clock", seconds=3700)
        for ask, begun, reason in zip(asks, started, ("canceled", "expired"), strict=True):
            facts = await shop.provider.look(shop.project, reference=begun.reference, payment_id=ask.id)
            assert facts == [Failed(reason, payment_id=ask.id, reference=begun.reference)]

    async def test_another_payment_or_project_is_refused(self, shop: Shop) -> None:
        ask, started, _ = await shop.sold()
        with pytest.raises(ProviderRefused):
            await shop.provider.look(shop.project, reference=started.reference, payment_id=uuid4())
        with pytest.raises(ProviderRefused):
            await shop.provider.look(yookassa_project("sol"), reference=started.reference, payment_id=ask.id)
        with pytest.raises(ProviderRefused):
            await shop.provider.look(shop.project, reference="../me", payment_id=ask.id)


class TestRenewal:
    async def test_a_saved_method_is_charged(self, shop: Shop) -> None:
        _, started, (first,) = await shop.sold(renews=True, period="month")
        assert isinstance(first, Paid)
        assert first.method == started.reference
        ask = shop.ask(renews=True, period="month")
        (paid,) = await shop.provider.charge(ask, method=first.method)
        assert isinstance(paid, Paid)
        assert (paid.payment_id, paid.amount) == (ask.id, 49900)
        assert paid.charge != first.charge
        # Twice is once.
        assert await shop.provider.charge(ask, method=first.method) == [paid]
        assert len(shop.account.payments) == 2

    @pytest.mark.parametrize(("card", "reason"), [(cards.INSUFFICIENT, "declined"), (cards.REVOKES, "canceled")])
    async def test_a_method_that_fails(self, shop: Shop, card: str, reason: str) -> None:
        _, _, (first,) = await shop.sold(renews=True, period="month")
        assert isinstance(first, Paid)
        assert first.method is not None
        await shop.order("cards", method=first.method, card=card)
        ask = shop.ask(renews=True, period="month")
        (failed,) = await shop.provider.charge(ask, method=first.method)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.payment_id) == (reason, ask.id)

    async def test_a_method_that_does_not_exist(self, shop: Shop) -> None:
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.charge(shop.ask(), method=str(uuid4()))
        assert refusal.value.facts["reason"] == "invalid_request:payment_method_id"

    async def test_a_shop_that_may_not_save_is_told_so(self) -> None:
        async with open_shop(saving=False) as shop:
            with pytest.raises(ProviderRefused) as refusal:
                await shop.provider.start(shop.ask(renews=True, period="month"))
            assert refusal.value.facts["reason"] == "forbidden"
            await shop.provider.start(shop.ask())


class TestReceipts:
    @pytest.mark.parametrize("mode", ["full_payment", "full_prepayment", "advance"])
    async def test_of_a_payment(self, mode: str) -> None:
        project = yookassa_project(receipts=True, vat_code=4, tax_system=2, payment_mode=mode)
        async with open_shop(project, receipts=True) as shop:
            _, started, (paid,) = await shop.sold(contact="anna@example.com")
            assert isinstance(paid, Paid)
            (receipt,) = shop.account.receipts_sent
            item = {
                "description": "Десять раскладов",
                "quantity": 1,
                "measure": "piece",
                "amount": {"value": "499.00", "currency": "RUB"},
                "vat_code": 4,
                "payment_subject": "service",
                "payment_mode": mode,
            }
            assert receipt == {
                "payment": started.reference,
                "customer": {"email": "anna@example.com"},
                "items": [item],
                "tax_system_code": 2,
            }

    async def test_phones_and_refunds_in_parts(self) -> None:
        async with open_shop(yookassa_project(receipts=True), receipts=True) as shop:
            _, _, (paid,) = await shop.sold(contact="+79161234567")
            assert isinstance(paid, Paid)
            outcome = await shop.provider.refund(
                shop.project, charge=paid.charge, amount=10000, currency="RUB", refund_id=new_id(), telegram_id=77
            )
            assert outcome.state == "succeeded"
            first, second = shop.account.receipts_sent
            assert first["customer"] == second["customer"] == {"phone": "79161234567"}
            assert second["items"][0]["amount"] == {"value": "100.00", "currency": "RUB"}
            assert second["items"][0]["description"] == "Десять раскладов"

    async def test_a_renewal_sends_it_where_the_first_one_went(self) -> None:
        async with open_shop(yookassa_project(receipts=True), receipts=True) as shop:
            _, _, (first,) = await shop.sold(renews=True, period="month", contact="anna@example.com")
            assert isinstance(first, Paid)
            assert first.method is not None
            (paid,) = await shop.provider.charge(shop.ask(renews=True, period="month"), method=first.method)
            assert isinstance(paid, Paid)
            assert paid.method == first.method
            assert [row["customer"] for row in shop.account.receipts_sent] == [{"email": "anna@example.com"}] * 2

    async def test_without_a_contact_nothing_is_started(self) -> None:
        async with open_shop(yookassa_project(receipts=True), receipts=True) as shop:
            assert shop.provider.needs_contact(shop.project)
            assert not shop.provider.needs_contact(yookassa_project())
            with pytest.raises(ProviderRefused) as refusal:
                await shop.provider.start(shop.ask())
            assert refusal.value.facts["reason"] == "contact_needed"
            assert shop.desk.requests == []

    async def test_a_contact_that_yookassa_does_not_take(self) -> None:
        async with open_shop(yookassa_project(receipts=True), receipts=True) as shop:
            with pytest.raises(ProviderRefused) as refusal:
                await shop.provider.start(shop.ask(contact="no address@"))
            assert refusal.value.facts["reason"] == "invalid_request:receipt.customer.email"


class TestRefund:
    async def test_once_per_refund(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        wanted = {"charge": paid.charge, "amount": 10000, "currency": "RUB", "refund_id": new_id(), "telegram_id": 77}
        first = await shop.provider.refund(shop.project, **wanted)
        # YooKassa forgets its idempotence keys after a day.
        shop.account.answers.clear()
        assert await shop.provider.refund(shop.project, **wanted) == first
        assert first.state == "succeeded"
        assert [row["amount"]["value"] for row in shop.account.refunds.values()] == ["100.00"]

    async def test_what_the_shop_gave_back_by_hand_counts_as_done(self, shop: Shop) -> None:
        _, started, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        done = await shop.order("refunds", payment=started.reference)
        outcome = await shop.provider.refund(
            shop.project, charge=paid.charge, amount=49900, currency="RUB", refund_id=new_id(), telegram_id=77
        )
        assert (outcome.reference, outcome.state) == (done["id"], "succeeded")

    async def test_a_refund_on_its_way(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        await shop.facts()
        await shop.order("refunds/wait", wait=True)
        wanted = {"charge": paid.charge, "amount": 49900, "currency": "RUB", "refund_id": new_id(), "telegram_id": 77}
        pending = await shop.provider.refund(shop.project, **wanted)
        assert pending.state == "pending"
        await shop.order("refunds/end", refund=pending.reference)
        assert (await shop.provider.refund(shop.project, **wanted)).state == "succeeded"
        assert await shop.facts() == [Refunded(paid.charge, pending.reference, 49900, "RUB", wanted["refund_id"])]  # type: ignore[arg-type]  # an id, see above

    async def test_a_refund_that_did_not_arrive(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        await shop.order("refunds/wait", wait=True)
        wanted = {"charge": paid.charge, "amount": 49900, "currency": "RUB", "refund_id": new_id(), "telegram_id": 77}
        pending = await shop.provider.refund(shop.project, **wanted)
        await shop.order("refunds/end", refund=pending.reference, reason="rejected_by_payee")
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.refund(shop.project, **wanted)
        assert refusal.value.facts["reason"] == "rejected_by_payee"

    async def test_more_than_was_paid_is_refused(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.refund(
                shop.project, charge=paid.charge, amount=50000, currency="RUB", refund_id=new_id(), telegram_id=77
            )
        assert refusal.value.facts["reason"] == "invalid_request:amount.value"

    async def test_another_projects_money_stays(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold(project=yookassa_project("sol"))
        assert isinstance(paid, Paid)
        with pytest.raises(ProviderRefused):
            await shop.provider.refund(
                shop.project, charge=paid.charge, amount=49900, currency="RUB", refund_id=new_id(), telegram_id=77
            )
        assert shop.account.refunds == {}


class TestBooks:
    async def test_lines_of_this_project_oldest_first(self, shop: Shop) -> None:
        since = datetime.now(UTC) - timedelta(seconds=10)
        first_ask, _, (first,) = await shop.sold()
        await shop.sold(project=yookassa_project("sol"))
        _, _, (second,) = await shop.sold(amount=10000)
        assert isinstance(first, Paid)
        assert isinstance(second, Paid)
        refund = await shop.order("refunds", payment=first.charge, value="9.00")
        await shop.provider.start(shop.ask())
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        assert [(line.charge, line.amount) for line in lines] == [
            (first.charge, 49900),
            (second.charge, 10000),
            (first.charge, -900),
        ]
        assert lines[0].facts == [first]
        assert first.payment_id == first_ask.id
        assert lines[2].facts == [Refunded(first.charge, refund["id"], 900, "RUB")]

    async def test_a_refund_of_what_was_paid_before(self, shop: Shop) -> None:
        _, started, (paid,) = await shop.sold()
        await shop.order("clock", seconds=86400)
        refund = await shop.order("refunds", payment=started.reference)
        since = datetime.now(UTC) + timedelta(hours=12)
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        assert [line.facts for line in lines] == [[Refunded(started.reference, refund["id"], 49900, "RUB")]]
        assert isinstance(paid, Paid)

    async def test_more_than_a_page(self, shop: Shop) -> None:
        _, started, _ = await shop.sold(amount=10_000_00)
        for _ in range(205):
            await shop.order("refunds", payment=started.reference, value="1.00")
        since = datetime.now(UTC) - timedelta(minutes=5)
        lines = [line async for line in shop.provider.transactions(shop.project, since=since)]
        assert [line.amount for line in lines] == [10_000_00, *[-100] * 205]


class TestWeather:
    @pytest.mark.parametrize("fault", [{"status": 500}, {"status": 503}, {"status": 429}, {"cut": "before"}])
    async def test_away(self, shop: Shop, fault: dict[str, object]) -> None:
        await shop.order("faults", path="/v3/", times=None, **fault)
        with pytest.raises(ProviderAway):
            await shop.provider.start(shop.ask())

    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    async def test_refused(self, shop: Shop, status: int) -> None:
        await shop.order("faults", path="/v3/", status=status)
        with pytest.raises(ProviderRefused):
            await shop.provider.start(shop.ask())

    async def test_nobody_there(self, shop: Shop) -> None:
        async with httpx.AsyncClient() as http:
            provider = YooKassaProvider(http, api_url="http://127.0.0.1:9/v3")
            with pytest.raises(ProviderAway):
                await provider.start(shop.ask())

    async def test_a_wrong_key_stays_out_of_errors_and_logs(self, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
        wrong = yookassa_project(key="test_wrongkeywrongkeywrongkey")
        with pytest.raises(ProviderRefused) as refusal:
            await shop.provider.start(shop.ask(project=wrong))
        assert refusal.value.facts == {"reason": "invalid_credentials"}
        assert "invalid_credentials" in caplog.text
        assert "wrongkey" not in caplog.text + str(refusal.value) + repr(refusal.value.__context__)

    def test_the_account_is_the_shop(self) -> None:
        provider = YooKassaProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:9/v3")
        project = yookassa_project()
        assert provider.account(project) == SHOP_ID
        assert provider.account(replace(project, payments=type(project.payments)())) is None
        assert KEY not in repr(project)
