"""YooKassa's webhooks carry no signature: who sends them, and what the shop's own question says, decide."""

from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from app.kit import json
from app.payments.port import Event, EventRefused, Failed, Incoming, Paid, ProviderAway, Refunded
from app.payments.providers.yookassa import YooKassaProvider
from app.sandbox.yookassa import cards
from tests.payments.provider_shop import disbelieved
from tests.payments.yookassa_shop import THEIRS, Shop, open_shop, yookassa_project

BODY = b'{"type":"notification","event":"payment.succeeded","object":{"id":"22d6d597-000f-5000-9000-145f6df21d6f",'
BODY += b'"status":"succeeded","amount":{"value":"499.00","currency":"RUB"}}}'


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


class TestBelief:
    async def test_published_addresses(self) -> None:
        provider = YooKassaProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:9/v3")
        about = {"id": "22d6d597-000f-5000-9000-145f6df21d6f", "status": "succeeded"}
        for address in (
            THEIRS, "185.71.77.31", "77.75.153.127", "77.75.156.11", "77.75.156.35", "77.75.154.128", "2a02:5180::1",
            "2a02:5180:ffff::", "::ffff:185.71.76.1",
        ):  # fmt: skip
            (event,) = await provider.receive(yookassa_project(), Incoming(BODY, {}, address))
            assert event.id == "payment.succeeded:22d6d597-000f-5000-9000-145f6df21d6f:succeeded", address
            assert (event.kind, event.body) == ("payment.succeeded", {"event": "payment.succeeded", "object": about})

    async def test_all_others(self) -> None:
        provider = YooKassaProvider(httpx.AsyncClient(), api_url="http://127.0.0.1:9/v3")
        for address in (
            "8.8.8.8", "185.71.76.32", "77.75.156.12", "77.75.154.1", "127.0.0.1", "::1", "2a02:5181::1", "unknown", "",
            "::ffff:8.8.8.8", "185.71.76.5, 8.8.8.8",
        ):  # fmt: skip
            assert await disbelieved(provider, yookassa_project(), Incoming(BODY, {}, address)) == "address", address

    async def test_this_machine_only_for_the_sandbox(self, shop: Shop) -> None:
        assert len(await shop.provider.receive(shop.project, Incoming(BODY, {}, "127.0.0.1"))) == 1
        assert await disbelieved(shop.provider, shop.project, Incoming(BODY, {}, "10.0.0.1")) == "address"

    async def test_what_is_no_event(self, shop: Shop) -> None:
        for body in (
            b"", b"null", b"[]", b"{}", b"\xff", b'{"type":"notification","event":"payment.succeeded","object":"x"}',
            b'{"type":"notification","event":5,"object":{"id":"22d6d597-000f"}}',
            b'{"type":"notification","event":"payment.succeeded","object":{"id":"../me?x=1"}}',
            b'{"type":"notification","event":"payment.succeeded","object":{"id":{"a":1}}}',
            b'{"type":"other","event":"payment.succeeded","object":{"id":"22d6d597-000f"}}',
        ):  # fmt: skip
            assert await disbelieved(shop.provider, shop.project, Incoming(body, {}, THEIRS)) == "not_an_event", body

    async def test_a_project_without_keys(self, shop: Shop) -> None:
        bare = replace(shop.project, payments=type(shop.project.payments)())
        assert await disbelieved(shop.provider, bare, Incoming(BODY, {}, THEIRS)) == "no_keys"

    async def test_a_forged_payment_does_not_exist(self, shop: Shop) -> None:
        (event,) = await shop.provider.receive(shop.project, Incoming(BODY, {}, THEIRS))
        with pytest.raises(EventRefused):
            await shop.provider.understand(shop.project, event)

    async def test_a_forged_success_of_an_open_payment_means_nothing(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask())
        about = {"id": started.reference, "status": "succeeded", "paid": True}
        body = json.dumps({"type": "notification", "event": "payment.succeeded", "object": about})
        (event,) = await shop.provider.receive(shop.project, Incoming(body, {}, THEIRS))
        assert await shop.provider.understand(shop.project, event) == []


class TestMeaning:
    async def test_a_payment(self, shop: Shop) -> None:
        _, _, looked = await shop.sold()
        assert await shop.facts() == looked

    async def test_a_refused_one(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        await shop.pay(started, cards.DECLINED)
        assert await shop.facts() == [Failed("declined", payment_id=ask.id, reference=started.reference)]

    async def test_twice_and_backwards_is_the_same(self, shop: Shop) -> None:
        await shop.order("webhooks/hold")
        _, started, (paid,) = await shop.sold()
        refund = await shop.order("refunds", payment=started.reference)
        await shop.order("webhooks/release", reversed=True, times=2)
        events = await shop.events()
        assert len(events) == 4
        assert len({event.id for event in events}) == 2
        meant = [fact for event in events for fact in await shop.provider.understand(shop.project, event)]
        refunded = Refunded(started.reference, refund["id"], 49900, "RUB")
        assert [meant.count(fact) for fact in (paid, refunded)] == [2, 2]

    async def test_an_endpoint_that_fails_hears_of_it_again(self, shop: Shop) -> None:
        shop.refusing = 3
        await shop.sold()
        assert [type(fact) for fact in await shop.facts()] == [Paid]

    async def test_yookassa_away_leaves_the_event_for_later(self, shop: Shop) -> None:
        await shop.sold()
        (event,) = await shop.events()
        await shop.order("faults", path="/v3/", status=500, times=2)
        with pytest.raises(ProviderAway):
            await shop.provider.understand(shop.project, event)
        assert len(await shop.provider.understand(shop.project, event)) == 1

    async def test_unknown_kinds_mean_nothing(self, shop: Shop) -> None:
        for kind in ("payment.waiting_for_capture", "payout.succeeded", "deal.closed", "payment_method.active"):
            event = Event("x", kind, {"event": kind, "object": {"id": "22d6d597-000f", "status": ""}})
            assert await shop.provider.understand(shop.project, event) == []
        assert shop.desk.requests == []

    async def test_another_project_of_the_same_shop_means_nothing(self, shop: Shop) -> None:
        sol = yookassa_project("sol")
        _, started, _ = await shop.sold(project=sol)
        await shop.order("refunds", payment=started.reference)
        events = await shop.events()
        assert len(events) == 2
        for event in events:
            assert await shop.provider.understand(shop.project, event) == []
        meant = [fact for event in events for fact in await shop.provider.understand(sol, event)]
        assert {type(fact) for fact in meant} == {Paid, Refunded}
