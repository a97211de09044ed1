"""Stripe's webhooks: which are believed, and what comes of late, double and disordered ones."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.kit import json
from app.payments.port import Disputed, Event, EventRefused, Failed, Incoming, Paid, ProviderAway, Refunded
from app.sandbox.stripe.delivery import signature
from tests.payments.stripe_shop import WEBHOOK_SECRET, Shop, open_shop, refused, stripe_project


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


async def incoming(shop: Shop) -> Incoming:
    """The webhook of a payment that was made."""
    await shop.sold()
    await shop.settled()
    return next(row for row in shop.inbox if b"checkout.session.completed" in row.body)


def signed(body: bytes, *secrets: str, at: int | None = None) -> Incoming:
    return Incoming(body, {"stripe-signature": signature(body, *secrets, at=at)}, "127.0.0.1")


class TestBelief:
    async def test_a_signed_event_is_kept_without_anything_of_the_person(self, shop: Shop) -> None:
        row = await incoming(shop)
        (event,) = await shop.provider.receive(shop.project, row)
        sent = json.loads(row.body)
        assert (event.id, event.kind) == (sent["id"], "checkout.session.completed")
        about = {"id": sent["data"]["object"]["id"], "object": "checkout.session"}
        assert event.body == {"id": sent["id"], "created": sent["created"], "object": about}

    async def test_no_signature(self, shop: Shop) -> None:
        row = await incoming(shop)
        assert await refused(shop, replace(row, headers={})) == "signature"

    async def test_another_secret(self, shop: Shop) -> None:
        row = await incoming(shop)
        assert await refused(shop, signed(row.body, "whsec_SANDBOXother")) == "signature"

    async def test_a_changed_body(self, shop: Shop) -> None:
        row = await incoming(shop)
        assert await refused(shop, replace(row, body=row.body.replace(b'"livemode":false', b'"livemode":true'))) == (
            "signature"
        )

    async def test_one_of_several_signatures_is_enough_while_a_secret_is_rolled(self, shop: Shop) -> None:
        row = await incoming(shop)
        rolled = signed(row.body, "whsec_SANDBOXnext", WEBHOOK_SECRET)
        assert len(await shop.provider.receive(shop.project, rolled)) == 1

    async def test_a_replay_after_five_minutes(self, shop: Shop) -> None:
        row = await incoming(shop)
        now = shop.desk.now()
        assert await refused(shop, signed(row.body, WEBHOOK_SECRET, at=now - 301)) == "signature"
        assert len(await shop.provider.receive(shop.project, signed(row.body, WEBHOOK_SECRET, at=now - 290))) == 1

    async def test_live_events_are_not_for_a_test_key(self, shop: Shop) -> None:
        row = await incoming(shop)
        live = row.body.replace(b'"livemode":false', b'"livemode":true')
        assert await refused(shop, signed(live, WEBHOOK_SECRET)) == "live_and_test_mixed"

    async def test_test_events_are_not_for_a_live_key(self, shop: Shop) -> None:
        row = await incoming(shop)
        live = stripe_project(key="sk_live_SANDBOXluna")
        assert await refused(shop, row, project=live) == "live_and_test_mixed"

    async def test_what_is_no_event(self, shop: Shop) -> None:
        for body in (
            b"", b"null", b"[]", b"{}", b"\xff\xfe", b'{"id":1}', b'{"object":"event","id":"evt_1","type":"x"}',
            b'{"object":"event","id":5,"created":1,"livemode":false,"type":"x","data":{"object":{"object":"charge"}}}',
            b'{"object":"event","id":"e","created":1,"livemode":false,"type":"x","data":{"object":[]}}',
        ):  # fmt: skip
            assert await refused(shop, signed(body, WEBHOOK_SECRET)) == "not_an_event", body

    async def test_what_is_no_signature(self, shop: Shop) -> None:
        for header in ("t=x,v1=y", "v1=00", "t=1", ",,,", "t=99999999999999,v1=é", "t=1,v1"):
            row = Incoming(b"{}", {"stripe-signature": header}, "127.0.0.1")
            assert await refused(shop, row) in ("signature", "not_an_event"), header

    async def test_a_project_without_keys(self, shop: Shop) -> None:
        row = await incoming(shop)
        bare = replace(shop.project, payments=type(shop.project.payments)())
        with pytest.raises(EventRefused):
            await shop.provider.receive(bare, row)


class TestMeaning:
    async def test_a_payment(self, shop: Shop) -> None:
        ask, started, looked = await shop.sold()
        assert await shop.facts("checkout.session.completed") == looked
        assert isinstance(looked[0], Paid)
        assert (looked[0].payment_id, looked[0].reference) == (ask.id, started.reference)

    async def test_all_other_events_of_a_payment_mean_nothing_more(self, shop: Shop) -> None:
        await shop.sold()
        assert len(await shop.facts()) == 1

    async def test_the_object_is_asked_again_and_not_the_event_believed(self, shop: Shop) -> None:
        """A signed event that says another sum changes nothing: the session says what was paid."""
        row = await incoming(shop)
        (event,) = await shop.provider.receive(
            shop.project, signed(row.body.replace(b'"amount_total":49900', b'"amount_total":1'), WEBHOOK_SECRET)
        )
        (paid,) = await shop.provider.understand(shop.project, event)
        assert isinstance(paid, Paid)
        assert paid.amount == 49900

    async def test_twice_and_backwards_is_the_same(self, shop: Shop) -> None:
        await shop.order("webhooks/hold")
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        refund = await shop.order("refunds", payment_intent=paid.charge, amount=900)
        await shop.order("webhooks/release", reversed=True, times=2)
        refunded = Refunded(paid.charge, refund["id"], 900, "RUB")
        facts = await shop.facts("checkout.session.completed", "refund.created", "charge.refunded")
        assert [facts.count(fact) for fact in (paid, refunded)] == [2, 4]
        assert len(facts) == 6

    async def test_a_completed_session_that_came_after_its_time_is_what_it_is_now(self, shop: Shop) -> None:
        ask = shop.ask()
        started = await shop.provider.start(ask)
        await shop.order("clock", seconds=3700)
        assert await shop.facts() == [Failed("expired", payment_id=ask.id, reference=started.reference)]

    async def test_an_endpoint_that_fails_hears_of_it_again(self, shop: Shop) -> None:
        shop.refusing = 4
        await shop.sold()
        assert len(await shop.facts("checkout.session.completed")) == 1

    async def test_stripe_away_leaves_the_event_for_later(self, shop: Shop) -> None:
        row = await incoming(shop)
        (event,) = await shop.provider.receive(shop.project, row)
        await shop.order("faults", path="/v1/", status=500, times=2)
        with pytest.raises(ProviderAway):
            await shop.provider.understand(shop.project, event)
        assert len(await shop.provider.understand(shop.project, event)) == 1

    async def test_unknown_kinds_mean_nothing(self, shop: Shop) -> None:
        body = {"id": "evt_1", "created": 1, "object": {"id": "pi_1", "object": "payment_intent"}}
        for kind in ("payment_intent.succeeded", "something.new", ""):
            assert await shop.provider.understand(shop.project, Event("evt_1", kind, body)) == []
        assert shop.desk.requests == []

    async def test_an_object_that_stripe_does_not_have_is_not_believed(self, shop: Shop) -> None:
        body = {"id": "evt_1", "created": 1, "object": {"id": "cs_test_none", "object": "checkout.session"}}
        with pytest.raises(EventRefused):
            await shop.provider.understand(shop.project, Event("evt_1", "checkout.session.completed", body))

    async def test_another_project_on_the_same_account_means_nothing(self, shop: Shop) -> None:
        sol = stripe_project("sol")
        ask = shop.ask(project=sol)
        started = await shop.provider.start(ask)
        paid = await shop.pay(started)
        await shop.order("refunds", payment_intent=paid["payment_intent"])
        await shop.order("disputes", payment_intent=paid["payment_intent"])
        events = await shop.events()
        for event in events:
            assert await shop.provider.understand(shop.project, event) == []
        meant = [fact for event in events for fact in await shop.provider.understand(sol, event)]
        assert {type(fact) for fact in meant} == {Paid, Refunded, Disputed}


class TestMoneyBack:
    async def test_from_the_dashboard_in_parts(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        first = await shop.order("refunds", payment_intent=paid.charge, amount=900)
        second = await shop.order("refunds", payment_intent=paid.charge)
        facts = await shop.facts("refund.created")
        assert facts == [
            Refunded(paid.charge, first["id"], 900, "RUB"),
            Refunded(paid.charge, second["id"], 49000, "RUB"),
        ]

    @pytest.mark.parametrize(("won", "state"), [(True, "won"), (False, "lost")])
    async def test_disputes(self, shop: Shop, won: bool, state: str) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        dispute = await shop.order("disputes", payment_intent=paid.charge)
        opened = await shop.facts("charge.dispute.created")
        await shop.order("disputes/close", dispute=dispute["id"], won=won)
        closed = await shop.facts("charge.dispute.closed")
        assert opened == [Disputed(paid.charge, dispute["id"], 49900, "RUB", "opened")]
        assert closed == [Disputed(paid.charge, dispute["id"], 49900, "RUB", state)]  # type: ignore[arg-type]  # both are states

    async def test_an_inquiry_that_ends_well_is_won(self, shop: Shop) -> None:
        _, _, (paid,) = await shop.sold()
        assert isinstance(paid, Paid)
        dispute = await shop.order("disputes", payment_intent=paid.charge, inquiry=True)
        await shop.order("disputes/close", dispute=dispute["id"], won=True)
        facts = await shop.facts("charge.dispute.closed")
        assert [fact.state for fact in facts if isinstance(fact, Disputed)] == ["won"]
