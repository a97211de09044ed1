"""Stripe and YooKassa from the shop to the wallet and back: our API and worker, and the sandboxes, over real HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app import demo_payments
from app.catalogue.library import Project
from app.payments import reconciliation
from app.payments.port import EventRefused, Incoming
from app.payments.subscriptions import jobs as subscriptions_jobs
from app.sandbox import stripe, yookassa
from app.sandbox.stripe import cards as stripe_cards
from app.sandbox.stripe.delivery import signature
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.yookassa import cards as yookassa_cards
from app.sandbox.yookassa.state import Desk as YooKassaDesk
from app.settings import Settings
from tests.conftest import Api, Person, open_api, open_worker, serve

PRICE, MONTHLY = 19900, 59900
PATIENCE_SECONDS = 60.0
MONTH_SECONDS = 31 * 86400


@dataclass
class Town:
    """Everything beside each other; `browser` is what a person pays in."""

    api: Api
    stripe: StripeDesk
    yookassa: YooKassaDesk
    urls: dict[str, str]
    browser: httpx.AsyncClient

    def project(self, slug: str = "luna") -> Project:
        found = self.api.services.catalogue.library().project_by_slug(slug)
        assert found is not None
        return found

    async def sign_in(self, slug: str = "luna", *, telegram_id: int = 77) -> Person:
        """In an ordinary browser."""
        person = await self.api.sign_in(slug, telegram_id=telegram_id)
        async with self.api.database.transaction() as connection:
            session = await self.api.services.sessions.open(
                connection, project_id=self.project(slug).id, user_id=UUID(person.session["user"]["id"])
            )
        person.headers["Authorization"] = f"Bearer {session.access_token}"
        return person

    async def place(self, person: Person, provider: str, package: str = "luna-three", **body: Any) -> dict[str, Any]:
        total = MONTHLY if package == "luna-month" else PRICE
        values = {"package": package, "provider": provider, "expected_total": total, "currency": "RUB", **body}
        answer = await person.post("/api/v1/orders", json=values, headers={"Idempotency-Key": uuid4().hex})
        assert answer.status_code == 201, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def pay(self, placed: dict[str, Any], card: str) -> httpx.Response:
        """With a card on the provider's page."""
        return await self.browser.post(placed["payment"]["url"], data={"number": card})

    async def order(self, person: Person, placed: dict[str, Any]) -> dict[str, Any]:
        answer = await person.get(f"/api/v1/orders/{placed['order']['id']}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def settled(self, person: Person, placed: dict[str, Any], state: str) -> dict[str, Any]:
        async def found() -> dict[str, Any] | None:
            order = await self.order(person, placed)
            return order if order["state"] == state else None

        return await until(found)

    async def events(self, *, state: str) -> list[tuple[str, str]]:
        """(kind, note) of the events that ended so."""
        async with self.api.database.connection() as connection:
            rows = await connection.fetch("SELECT kind, note FROM provider_events WHERE state = $1 ORDER BY id", state)
        return [(row["kind"], row["note"]) for row in rows]

    async def control(self, provider: str, what: str, **body: Any) -> Any:
        answer = await self.browser.post(f"{self.urls[provider]}/sandbox/{what}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := await look()):
            await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def open_town(settings: Settings) -> AsyncIterator[Town]:
    stripe_app, yookassa_app = stripe.create_app(resend_seconds=0.1), yookassa.create_app(resend_seconds=0.1)
    async with serve(stripe_app) as stripe_url, serve(yookassa_app) as yookassa_url:
        changes = {"stripe_api_url": stripe_url, "yookassa_api_url": f"{yookassa_url}/v3"}
        async with open_api(settings.model_copy(update=changes)) as api, httpx.AsyncClient(timeout=20) as browser:
            library = api.services.catalogue.library()
            demo_payments.register_stripe(stripe_app.state.desk, library, api.url)
            demo_payments.register_yookassa(yookassa_app.state.desk, library, api.url)
            urls = {"stripe": stripe_url, "yookassa": yookassa_url}
            yield Town(api, stripe_app.state.desk, yookassa_app.state.desk, urls, browser)


@pytest.fixture
async def town(stocked_settings: Settings) -> AsyncIterator[Town]:
    """The worker runs beside."""
    async with open_town(stocked_settings) as town, open_worker(town.api.settings):
        yield town


class TestStripe:
    async def test_bought_given_and_refunded_from_the_dashboard(self, town: Town) -> None:
        person = await town.sign_in()
        shop = (await person.get("/api/v1/shop")).json()
        assert {"stripe", "yookassa"} <= set(shop["providers"])
        before = (await person.wallet())["balance"]
        placed = await town.place(person, "stripe")
        assert placed["payment"]["opens"] == "redirect"
        assert (await town.pay(placed, stripe_cards.INSUFFICIENT)).status_code == 402
        back = await town.pay(placed, stripe_cards.GOOD)
        order_id = placed["order"]["id"]
        assert back.headers["location"] == f"{town.api.settings.public_url}/luna/orders/{order_id}"
        paid = await town.settled(person, placed, "paid")
        assert (paid["payment"]["provider"], paid["payment"]["state"]) == ("stripe", "paid")
        assert (await person.wallet())["balance"] == before + 3
        session = await session_of(town, placed)
        await town.control("stripe", "refunds", payment_intent=session["payment_intent"])
        refunded = await town.settled(person, placed, "refunded")
        assert [(row["amount"], row["state"]) for row in refunded["refunds"]] == [(PRICE, "done")]
        assert (await person.wallet())["balance"] == before

    async def test_forged_and_foreign_webhooks_change_nothing(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "stripe")
        await town.control("stripe", "webhooks/hold")
        await town.pay(placed, stripe_cards.GOOD)
        address = "/api/v1/payments/stripe/luna"
        body = b'{"id":"evt_1","object":"event","type":"checkout.session.completed"}'
        unsigned = await town.api.client.post(address, content=body)
        assert (unsigned.status_code, unsigned.json()["error"]) == (400, "event_refused")
        forged = await town.api.client.post(address, content=body, headers={"stripe-signature": "t=1,v1=00"})
        assert forged.status_code == 400
        # What was signed for one project is nothing for another.
        keys = town.project().payments.stripe
        assert keys is not None
        signed = {"stripe-signature": signature(body, keys.webhook_secret.get_secret_value())}
        foreign = await town.api.client.post("/api/v1/payments/stripe/verbena", content=body, headers=signed)
        assert foreign.status_code == 400
        assert (await town.api.client.post("/api/v1/payments/stripe/nowhere", content=body)).status_code == 404
        async with town.api.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM provider_events") == 0
        assert (await town.order(person, placed))["state"] == "pending"
        # The real ones, twice and backwards, give it once.
        before = (await person.wallet())["balance"]
        await town.control("stripe", "webhooks/release", reversed=True, times=2)
        await town.settled(person, placed, "paid")
        await town.stripe.delivery.idle()
        assert (await person.wallet())["balance"] == before + 3

    async def test_another_sum_gives_nothing(self, town: Town) -> None:
        person = await town.sign_in()
        before = await person.wallet()
        placed = await town.place(person, "stripe")
        (await session_of(town, placed))["amount_total"] = PRICE - 1
        await town.pay(placed, stripe_cards.GOOD)

        async def refused() -> Any:
            return await town.events(state="refused")

        assert ("checkout.session.completed", "wrong_amount") in await until(refused)
        assert (await town.order(person, placed))["state"] == "pending"
        assert await person.wallet() == before

    async def test_a_payment_whose_event_never_came_is_found(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "stripe")
        await town.control("stripe", "webhooks/hold")
        await town.pay(placed, stripe_cards.GOOD)
        services = town.api.services
        await reconciliation.look(
            services.payments, services.database, services.catalogue.library(), town.project().id,
            UUID(placed["payment"]["id"]),
        )  # fmt: skip
        assert (await town.order(person, placed))["state"] == "paid"
        # The provider's own books say the same, and nothing is given twice.
        provider = services.payments.registry.get("stripe")
        assert provider is not None
        asked = len(town.stripe.requests)
        counts = await reconciliation.compare(services.payments, services.database, town.project(), provider)
        assert (counts["lines"], counts["done"], counts["refused"], counts["missing"]) == (1, 0, 0, 0)
        # What stands in our books is not asked for one by one, each hour again.
        assert [row["path"] for row in town.stripe.requests[asked:]] == ["/v1/balance_transactions"]

    async def test_a_subscription_renews_and_is_canceled(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "stripe", "luna-month")
        await town.pay(placed, stripe_cards.GOOD)
        await town.settled(person, placed, "paid")
        first = (await person.get("/api/v1/subscription")).json()["subscription"]
        assert first["state"] == "active"
        await town.control("stripe", "clock", seconds=MONTH_SECONDS)

        async def renewed() -> Any:
            orders = (await person.get("/api/v1/orders")).json()["items"]
            return [row for row in orders if row["kind"] == "renewal" and row["state"] == "paid"]

        assert [row["total"] for row in await until(renewed)] == [MONTHLY]
        second = (await person.get("/api/v1/subscription")).json()["subscription"]
        assert second["until"] > first["until"]
        answer = await person.post("/api/v1/subscription/cancel", headers={"Idempotency-Key": uuid4().hex})
        assert answer.status_code == 200, answer.text

        async def canceled() -> Any:
            rows = [row for row in town.stripe.accounts.values() if row.kinds.get("subscription")]
            return [row for row in rows if row.all("subscription")[0]["cancel_at_period_end"]]

        await until(canceled)


class TestYooKassa:
    async def test_declined_once_then_bought_and_refunded(self, town: Town) -> None:
        person = await town.sign_in()
        before = (await person.wallet())["balance"]
        placed = await town.place(person, "yookassa")
        assert (await town.pay(placed, yookassa_cards.DECLINED)).status_code == 303

        async def failed() -> Any:
            order = await town.order(person, placed)
            return order["payment"]["state"] == "failed" and order

        assert (await until(failed))["payment"]["failure"] == "declined"
        again = await person.post(f"/api/v1/orders/{placed['order']['id']}/pay", json={"provider": "yookassa"})
        assert again.status_code == 200, again.text
        assert (await town.pay(again.json(), yookassa_cards.GOOD)).status_code == 303
        await town.settled(person, placed, "paid")
        assert (await person.wallet())["balance"] == before + 3
        reference = next(row["id"] for row in _payments(town) if row["status"] == "succeeded")
        await town.control("yookassa", "refunds", payment=reference)
        await town.settled(person, placed, "refunded")
        assert (await person.wallet())["balance"] == before

    async def test_a_subscription_is_charged_on_the_saved_method(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "yookassa", "luna-month")
        await town.pay(placed, yookassa_cards.GOOD)
        await town.settled(person, placed, "paid")
        (first,) = _payments(town)
        assert first["payment_method"]["saved"] is True

        async def charged() -> None:
            async with town.api.database.connection() as connection:
                due = "UPDATE subscriptions SET renew_at = now() - interval '1 minute' RETURNING project_id, id"
                row = await connection.fetchrow(due)
            # The worker may be quicker: then this does nothing, and its answer is awaited below.
            payload = {"project": row["project_id"], "subscription": str(row["id"])}
            await subscriptions_jobs.charge(town.api.services, payload)

        async def newest() -> Any:
            """The newest order and its payment, once that has ended."""
            order = (await person.get("/api/v1/orders")).json()["items"][0]
            ended = order["kind"] == "renewal" and order["payment"]["state"] in ("paid", "failed")
            return (order["id"], order["payment"]["state"], order["total"]) if ended else None

        await charged()
        paid = await until(newest)
        assert paid[1:] == ("paid", MONTHLY)
        await town.control("yookassa", "cards", method=first["payment_method"]["id"], card=yookassa_cards.INSUFFICIENT)
        await charged()

        async def next_one() -> Any:
            found = await newest()
            return found if found and found[0] != paid[0] else None

        assert (await until(next_one))[1:] == ("failed", MONTHLY)
        assert [row["status"] for row in _payments(town)] == ["succeeded", "succeeded", "canceled"]

    async def test_a_forged_success_changes_nothing(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "yookassa")
        (payment,) = _payments(town)
        notice = {
            "type": "notification",
            "event": "payment.succeeded",
            "object": {**payment, "status": "succeeded", "paid": True},
        }
        answer = await town.api.client.post("/api/v1/payments/yookassa/luna", json=notice)
        assert answer.status_code == 200

        async def worked() -> Any:
            return await town.events(state="ignored")

        assert [kind for kind, _ in await until(worked)] == ["payment.succeeded"]
        assert (await town.order(person, placed))["state"] == "pending"
        # The true one looks the same, for notices have no numbers: it is not taken for the one that came too early.
        await town.pay(placed, yookassa_cards.GOOD)
        await town.settled(person, placed, "paid")

        async def understood() -> Any:
            return await town.events(state="done")

        assert [kind for kind, _ in await until(understood)] == ["payment.succeeded"]
        assert await town.events(state="ignored") == []

    async def test_a_payment_that_yookassa_does_not_know_is_refused(self, town: Town) -> None:
        about = {"id": "22d6d597-000f-5000-9000-145f6df21d6f", "status": "succeeded"}
        notice = {"type": "notification", "event": "payment.succeeded", "object": about}
        assert (await town.api.client.post("/api/v1/payments/yookassa/luna", json=notice)).status_code == 200

        async def worked() -> Any:
            return await town.events(state="refused")

        assert await until(worked) == [("payment.succeeded", "no_such_object")]

    async def test_another_currency_gives_nothing(self, town: Town) -> None:
        person = await town.sign_in()
        before = await person.wallet()
        placed = await town.place(person, "yookassa")
        _payments(town)[0]["amount"]["currency"] = "KZT"
        await town.pay(placed, yookassa_cards.GOOD)

        async def refused() -> Any:
            return await town.events(state="refused")

        assert ("payment.succeeded", "wrong_currency") in await until(refused)
        assert (await town.order(person, placed))["state"] == "pending"
        assert await person.wallet() == before

    async def test_from_elsewhere_nothing_is_believed(self, town: Town) -> None:
        provider = town.api.services.payments.registry.get("yookassa")
        assert provider is not None
        body = b'{"type":"notification","event":"payment.succeeded","object":{"id":"22d6d597-000f"}}'
        with pytest.raises(EventRefused):
            await provider.receive(town.project(), Incoming(body, {}, "8.8.8.8"))

    async def test_its_books_are_compared(self, town: Town) -> None:
        person = await town.sign_in()
        placed = await town.place(person, "yookassa")
        await town.control("yookassa", "webhooks/hold")
        await town.pay(placed, yookassa_cards.GOOD)
        services = town.api.services
        provider = services.payments.registry.get("yookassa")
        assert provider is not None
        counts = await reconciliation.compare(services.payments, services.database, town.project(), provider)
        assert (counts["lines"], counts["done"], counts["refused"], counts["missing"]) == (1, 1, 0, 0)
        assert (await town.order(person, placed))["state"] == "paid"


async def session_of(town: Town, placed: dict[str, Any]) -> dict[str, Any]:
    """The Checkout Session of an order."""
    rows = [row for account in town.stripe.accounts.values() for row in account.all("checkout.session")]
    found: dict[str, Any] = next(row for row in rows if row["metadata"]["order"] == placed["order"]["id"])
    return found


def _payments(town: Town) -> list[dict[str, Any]]:
    return [row for shop in town.yookassa.shops.values() for row in shop.payments.values()]
