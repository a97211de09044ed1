"""The subscription and gifts as the Mini App and the bot meet them; readings that a subscription pays for."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.payments.orders.repository import OrderRepository
from app.payments.port import Paid
from app.users.days import next_midnight
from tests.conftest import Api, Person, open_worker
from tests.factories import set_balances
from tests.payments.subscribing import agreement, paid_order
from tests.readings.test_reading import finished_reading

GIFT = {"kind": "readings", "readings": 10, "follow_ups": 0, "period": None, "name": {"ru": "Десять раскладов"}}


async def subscribe(api: Api, person: Person, *, fact: Paid | None = None, renews: bool = False, **bought: Any) -> UUID:
    user_id = UUID(person.session["user"]["id"])
    async with api.database.transaction() as connection:
        project_id = await connection.fetchval("SELECT project_id FROM users WHERE id = $1", user_id)
        order = await paid_order(connection, project_id, user_id, renews=renews, bought=bought)
        given = await api.services.subscriptions.extend(connection, order, fact, provider="nobody", account="7")
        await OrderRepository(connection, project_id).link_subscription(order.id, given.id)
        return given.id


async def buy_gift(api: Api, person: Person) -> None:
    user_id = UUID(person.session["user"]["id"])
    async with api.database.transaction() as connection:
        project_id = await connection.fetchval("SELECT project_id FROM users WHERE id = $1", user_id)
        order = await paid_order(connection, project_id, user_id, kind="gift", bought=GIFT)
        await api.services.gifts.issue(connection, order)


async def me(person: Person) -> dict[str, Any]:
    body: dict[str, Any] = (await person.get("/api/v1/me")).json()
    return body


class TestProfile:
    async def test_nobody_has_one_at_first(self, api: Api) -> None:
        person = await api.sign_in()
        assert (await me(person))["subscription"] is None
        assert (await me(person))["wallet"]["readings"]["used_first"] == "lasting"
        assert (await person.get("/api/v1/subscription")).json() == {"subscription": None}

    async def test_what_runs_and_what_is_used_first(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=2)
        seen = await me(person)
        assert seen["wallet"]["readings"]["used_first"] == "subscription"
        shown = seen["subscription"]
        assert shown["package"] == {"key": "month", "name": "Безлимит"}
        assert (shown["state"], shown["renews"], shown["trial"], shown["period"]) == ("active", False, False, "month")
        assert shown["fair_use"] == {"limit": 2, "used": 0, "left": 2, "free_at": None}
        assert shown["price"] == {"amount": 250, "currency": "XTR"}
        answer = (await person.get("/api/v1/subscription")).json()["subscription"]
        assert answer == {**shown, "actions": [], "unpaid_order": None}


class TestReadings:
    async def test_the_subscription_pays_first_and_the_wallet_keeps_its_own(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person)
        started = (await person.start("celtic-cross")).json()
        assert started["paid_by"] == "subscription"
        assert started["wallet"]["readings"] == {"balance": 5, "held": 0, "available": 5}
        assert await person.wallet() == {"balance": 5, "held": 0, "available": 5}

    async def test_after_the_days_share_comes_the_wallet_and_then_it_is_told_when(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=2)
        async with api.database.transaction() as connection:
            await set_balances(connection, balance=1)
        paid = [(await person.start("three-cards")).json()["paid_by"] for _ in range(3)]
        assert paid == ["subscription", "subscription", "wallet"]
        seen = await me(person)
        shown = seen["subscription"]["fair_use"]
        tomorrow = next_midnight(seen["user"]["timezone"], datetime.now(UTC))
        assert (shown["left"], datetime.fromisoformat(shown["free_at"])) == (0, tomorrow)
        refused = await person.start("three-cards")
        assert refused.status_code == 402
        body = refused.json()
        assert (body["error"], body["limit"], body["required"], body["available"]) == ("fair_use_reached", 2, 1, 0)
        assert datetime.fromisoformat(body["free_at"]) == tomorrow

    async def test_many_starts_at_once_use_the_share_and_the_wallet_up(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=3)
        answers = await asyncio.gather(*(person.start("three-cards") for _ in range(12)))
        paid = [answer.json().get("paid_by") for answer in answers]
        assert (paid.count("subscription"), paid.count("wallet"), paid.count(None)) == (3, 5, 4)
        assert {answer.json()["error"] for answer in answers if answer.status_code != 201} == {"fair_use_reached"}
        assert (await person.wallet())["available"] == 0

    async def test_the_same_key_takes_one_share(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=5)
        await asyncio.gather(*(person.start("three-cards", key="the-same-key") for _ in range(5)))
        assert (await me(person))["subscription"]["fair_use"]["used"] == 1

    async def test_what_came_to_nothing_gives_its_share_back(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=5)
        deleted, expired = [(await person.start("three-cards")).json()["id"] for _ in range(2)]
        assert (await person.delete(f"/api/v1/readings/{deleted}")).status_code == 204
        assert (await me(person))["subscription"]["fair_use"]["used"] == 1
        async with api.database.transaction() as connection:
            await connection.execute("UPDATE readings SET expires_at = now()")
            [project] = [row for row in api.services.catalogue.library().projects if row.slug == "luna"]
            await api.services.readings.expire(connection, project)
            assert await connection.fetchval("SELECT state FROM readings WHERE id = $1", UUID(expired)) == "expired"
        assert (await me(person))["subscription"]["fair_use"]["used"] == 0

    async def test_a_written_one_counts_and_a_crisis_does_not(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=5)
        async with open_worker(api.settings):
            await finished_reading(person)
            assert (await me(person))["subscription"]["fair_use"]["used"] == 1
            await finished_reading(person, question="Я не хочу больше жить и хочу умереть")
        assert (await me(person))["subscription"]["fair_use"]["used"] == 1
        async with api.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM wallet_entries WHERE amount < 0") == 0

    async def test_deleting_finished_ones_gives_nothing_back(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fair_use=1)
        async with open_worker(api.settings):
            reading = await finished_reading(person)
        assert (await person.delete(f"/api/v1/readings/{reading['id']}")).status_code == 204
        assert (await me(person))["subscription"]["fair_use"]["used"] == 1

    async def test_one_that_has_run_out_pays_nothing(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person)
        async with api.database.connection() as connection:
            await connection.execute("UPDATE subscriptions SET until = now() - interval '1 minute'")
        assert (await person.start("three-cards")).json()["paid_by"] == "wallet"
        assert (await me(person))["subscription"] is None


class TestManaging:
    async def test_a_saved_method_is_canceled_and_resumed(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fact=Paid(charge="c", amount=250, currency="XTR", method="pm"), renews=True)
        shown = (await person.get("/api/v1/subscription")).json()["subscription"]
        assert (shown["renews"], shown["actions"]) == (True, ["cancel"])
        for _ in range(2):
            canceled = await person.post("/api/v1/subscription/cancel")
            assert canceled.status_code == 200
            assert canceled.json()["subscription"]["renews"] is False
            assert canceled.json()["subscription"]["until"] == shown["until"]
        refused = await person.post("/api/v1/subscription/resume")
        # Nobody called so takes money here any more.
        assert (refused.status_code, refused.json()["reason"]) == (409, "no_provider")

    async def test_an_agreement_is_not_ended_behind_its_providers_back(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fact=agreement(days=30), renews=True)
        refused = await person.post("/api/v1/subscription/cancel")
        assert (refused.status_code, refused.json()["error"]) == (409, "renewal_not_possible")
        assert (await me(person))["subscription"]["renews"] is True

    @pytest.mark.parametrize("action", ["cancel", "resume", "portal"])
    async def test_without_one_there_is_nothing_to_manage(self, api: Api, action: str) -> None:
        person = await api.sign_in()
        refused = await person.post(f"/api/v1/subscription/{action}")
        assert (refused.status_code, refused.json()["error"]) == (404, "subscription_not_found")

    async def test_a_plain_one_has_neither_renewal_nor_portal(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person)
        resumed = await person.post("/api/v1/subscription/resume")
        assert (resumed.status_code, resumed.json()["reason"]) == (409, "no_agreement")
        portal = await person.post("/api/v1/subscription/portal")
        assert (portal.status_code, portal.json()["error"]) == (404, "portal_not_offered")

    async def test_whoever_leaves_leaves_nothing_that_renews(self, api: Api) -> None:
        person = await api.sign_in()
        await subscribe(api, person, fact=agreement(days=30), renews=True, fair_use=3)
        await person.start("three-cards")
        erased = await person.request("DELETE", "/api/v1/me", json={"confirm": True})
        assert erased.status_code == 200
        async with api.database.connection() as connection:
            row = await connection.fetchrow("SELECT state, renews, sealed_method FROM subscriptions")
            assert tuple(row) == ("ended", False, None)
            payload = await connection.fetchval(
                "SELECT payload FROM pgqueuer WHERE entrypoint = 'subscriptions.let_go'"
            )
            assert b'"telegram_id":77' in bytes(payload)
            assert await connection.fetchval("SELECT count(*) FROM fair_use_days") == 0


class TestGifts:
    async def test_bought_shown_opened(self, api: Api) -> None:
        buyer, friend = await api.sign_in(telegram_id=1), await api.sign_in(telegram_id=2)
        await buy_gift(api, buyer)
        [gift] = (await buyer.get("/api/v1/gifts")).json()["items"]
        assert (gift["state"], gift["readings"], gift["mine"]) == ("waiting", 10, False)
        code = gift["web_url"].partition("#gift=")[2]
        assert gift["url"] is None or gift["url"].endswith(f"?startapp=gift_{code}")
        assert (await friend.get("/api/v1/gifts")).json()["items"] == []
        opened = await friend.post(f"/api/v1/gifts/{code}/redeem")
        assert opened.json() == {
            "package": {"key": "month", "name": "Десять раскладов"},
            "readings": 10,
            "follow_ups": 0,
            "until": None,
        }
        assert (await friend.wallet())["balance"] == 15
        again = await friend.post(f"/api/v1/gifts/{code}/redeem")
        assert (again.status_code, again.json()["error"], again.json()["mine"]) == (409, "gift_taken", True)
        [gift] = (await buyer.get("/api/v1/gifts")).json()["items"]
        assert (gift["state"], gift["url"], gift["web_url"]) == ("redeemed", None, None)

    async def test_codes_are_not_found_by_trying(self, api: Api) -> None:
        person = await api.sign_in()
        answers = [await person.post(f"/api/v1/gifts/{uuid4().hex}/redeem") for _ in range(12)]
        assert {answer.status_code for answer in answers} == {404, 429}
        assert (await person.post("/api/v1/gifts/x$x/redeem")).status_code == 422
