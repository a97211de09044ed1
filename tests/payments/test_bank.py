"""From the shop to the bank and back over real HTTP: what a person presses, what the bank tells, what we make of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.kit import json
from app.payments.events import service as events
from app.sandbox.bank.webhooks import SIGNATURE, sign
from tests.conftest import Person
from tests.payments.stage import BANK_KEY, BANK_SECRET, Counter, place

PATIENCE = 40.0


async def wait(what: Callable[[], Awaitable[Any]]) -> Any:
    """Looks until it is true; every step of the way is some process's turn."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := await what():
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not happen")


async def order_of(person: Person, order_id: str) -> dict[str, Any]:
    answer = await person.get(f"/api/v1/orders/{order_id}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def until_state(person: Person, order_id: str, state: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        body = await order_of(person, order_id)
        return body if body["state"] == state else None

    found: dict[str, Any] = await wait(look)
    return found


def event_of(counter: Counter, index: int = 0) -> dict[str, Any]:
    return counter.bank.webhooks.sent[index][1]


async def post_event(
    counter: Counter, event: dict[str, Any], *, slug: str = "luna", at: float | None = None, secret: str = BANK_SECRET
) -> httpx.Response:
    body = json.dumps(event)
    headers = {SIGNATURE: sign(secret, body, at or time.time()), "content-type": "application/json"}
    return await counter.api.client.post(f"/api/v1/payments/sandbox/{slug}", content=body, headers=headers)


async def value(counter: Counter, statement: str, *values: Any) -> Any:
    async with counter.api.database.connection() as connection:
        return await connection.fetchval(statement, *values)


@pytest.mark.usefixtures("worker")
class TestStory:
    async def test_pay(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        assert (placed["order"]["state"], placed["payment"]["opens"]) == ("pending", "redirect")
        page = (await counter.client.get(placed["payment"]["url"])).text
        assert "199\u00a0₽" in page and "Три ночи" in page
        back = await counter.press(placed["payment"]["url"], "pay")
        assert back.headers["location"].startswith(f"{counter.api.url}/luna/orders/{placed['order']['id']}")
        order = await until_state(person, placed["order"]["id"], "paid")
        assert (order["payment"]["state"], order["payment"]["url"], order["number"]) == ("paid", None, 1)
        assert (await person.wallet())["available"] == 8
        assert (await counter.client.post(f"{placed['payment']['url']}/pay")).status_code == 409

    async def test_decline_and_then_pay_in_a_new_attempt(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        order_id = placed["order"]["id"]
        await counter.press(placed["payment"]["url"], "decline")

        async def failed() -> bool:
            return (await order_of(person, order_id))["payment"]["state"] == "failed"

        await wait(failed)
        order = await order_of(person, order_id)
        assert (order["state"], order["payment"]["failure"]) == ("pending", "declined")
        again = (await person.post(f"/api/v1/orders/{order_id}/pay", json={"provider": "sandbox"})).json()
        assert again["payment"]["id"] != placed["payment"]["id"]
        await counter.press(again["payment"]["url"], "pay")
        await until_state(person, order_id, "paid")

    async def test_twice_is_given_once_and_the_second_goes_back(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "twice")
        await until_state(person, placed["order"]["id"], "paid")

        async def returned() -> bool:
            return sorted(charge.refunded for charge in counter.bank.books.charges.values()) == [0, 19900]

        await wait(returned)

        async def booked() -> bool:
            surplus = "SELECT true FROM payments WHERE state = 'surplus' AND refunded_amount = amount"
            return bool(await value(counter, surplus))

        await wait(booked)
        order = await order_of(person, placed["order"]["id"])
        assert (order["state"], order["refunded_amount"], order["refunds"]) == ("paid", 0, [])
        assert (await person.wallet())["balance"] == 8

    async def test_late_money_for_an_order_that_was_canceled(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        order_id = placed["order"]["id"]
        await counter.press(placed["payment"]["url"], "late")
        canceled = await person.post(f"/api/v1/orders/{order_id}/cancel")
        assert canceled.json()["state"] in ("canceled", "paid")
        await until_state(person, order_id, "paid")
        assert (await person.wallet())["balance"] == 8

    async def test_the_page_of_what_was_canceled_is_closed(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        order_id, page = placed["order"]["id"], placed["payment"]["url"]
        assert (await person.post(f"/api/v1/orders/{order_id}/cancel")).json()["state"] == "canceled"

        async def closed() -> bool:
            return (await counter.client.get(page)).status_code == 410

        await wait(closed)
        assert (await counter.client.post(f"{page}/pay")).status_code == 410
        assert counter.bank.books.charges == {}

    async def test_what_the_bank_never_tells_is_found_by_looking(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "silent")
        assert (await order_of(person, placed["order"]["id"]))["state"] == "pending"
        # A minute has passed.
        await value(counter, "UPDATE payments SET look_at = now()")
        await until_state(person, placed["order"]["id"], "paid")
        assert counter.bank.webhooks.sent == []

    async def test_refund(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "pay")
        await until_state(person, placed["order"]["id"], "paid")
        services = counter.api.services
        project = services.catalogue.library().project_by_slug("luna")
        assert project is not None
        async with counter.api.database.transaction() as connection:
            await services.payments.refund(
                connection, project, UUID(placed["order"]["id"]), started_by="bot", actor="1"
            )
        order = await until_state(person, placed["order"]["id"], "refunded")
        assert [row["state"] for row in order["refunds"]] == ["done"]
        assert [charge.refunded for charge in counter.bank.books.charges.values()] == [19900]
        assert (await person.wallet())["balance"] == 5

    async def test_a_refund_that_the_bank_refuses_takes_nothing(self, counter: Counter) -> None:
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], "pay")
        await until_state(person, placed["order"]["id"], "paid")
        counter.bank.refuse_refunds = True
        services = counter.api.services
        project = services.catalogue.library().project_by_slug("luna")
        assert project is not None
        async with counter.api.database.transaction() as connection:
            refund = await services.payments.refund(
                connection, project, UUID(placed["order"]["id"]), started_by="admin"
            )

        async def failed() -> bool:
            return await value(counter, "SELECT state FROM refunds WHERE id = $1", refund.id) == "failed"

        await wait(failed)
        assert (await order_of(person, placed["order"]["id"]))["state"] == "paid"
        assert (await person.wallet())["available"] == 8


class TestStarting:
    """The order is written first, the bank is asked after it, and its answer is kept in a second transaction."""

    async def test_a_bank_that_is_away_costs_nothing_and_the_same_request_goes_on(self, counter: Counter) -> None:
        person = await counter.sign_in()
        counter.bank.outage = True
        key = uuid4().hex
        away = await place(person, key=key)
        assert (away.status_code, away.json()["error"]) == (503, "provider_away")
        assert away.json()["order"] == str(await value(counter, "SELECT id FROM orders"))
        assert await value(counter, "SELECT state FROM payments") == "new"
        counter.bank.outage = False
        placed = await place(person, key=key)
        assert placed.status_code == 201 and placed.json()["payment"]["state"] == "started"
        again = await place(person, key=key)
        assert again.json() == placed.json()
        assert await value(counter, "SELECT count(*) FROM orders") == 1
        assert len(counter.bank.books.payments) == 1

    async def test_a_process_that_died_before_it_kept_the_answer(self, counter: Counter) -> None:
        """The bank made the payment, and nobody heard its answer."""
        person = await counter.sign_in()
        counter.bank.slow = 0.5
        key = uuid4().hex
        request = asyncio.create_task(place(person, key=key))

        async def asked() -> bool:
            return bool(counter.bank.calls)

        await wait(asked)
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)

        async def made() -> bool:
            return bool(counter.bank.books.payments)

        await wait(made)
        counter.bank.slow = 0
        placed = (await place(person, key=key)).json()
        assert len(counter.bank.books.payments) == 1
        assert placed["payment"]["url"].endswith(next(iter(counter.bank.books.payments)))
        assert await value(counter, "SELECT count(*) FROM payments") == 1

    async def test_two_requests_with_one_key_are_one_order(self, counter: Counter) -> None:
        person = await counter.sign_in()
        key = uuid4().hex
        answers = await asyncio.gather(*(place(person, key=key) for _ in range(5)))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["payment"]["url"] for answer in answers}) == 1
        assert await value(counter, "SELECT count(*) FROM orders") == 1
        other = await place(person, "luna-ten", total=48000, key=key)
        assert (other.status_code, other.json()["error"]) == (422, "idempotency_key_reused")


class TestWebhooks:
    async def paid_event(self, counter: Counter, action: str = "pay") -> tuple[Person, str, dict[str, Any]]:
        """A payment's event, which came and was kept; no worker has seen it."""
        person = await counter.sign_in()
        placed = (await place(person)).json()
        await counter.press(placed["payment"]["url"], action)

        async def kept() -> Any:
            return counter.bank.webhooks.sent and await value(counter, "SELECT count(*) FROM provider_events")

        await wait(kept)
        return person, placed["order"]["id"], event_of(counter)

    async def work(self, counter: Counter) -> None:
        """As the worker's job does."""
        services = counter.api.services
        async with counter.api.database.connection() as connection:
            rows = await connection.fetch("SELECT project_id, id FROM provider_events ORDER BY received_at")
        library = services.catalogue.library()
        await asyncio.gather(
            *(events.work(services.payments, services.database, library, row[0], row[1]) for row in rows * 2)
        )

    async def test_is_kept_first_and_worked_on_afterwards(self, counter: Counter) -> None:
        person, order_id, _ = await self.paid_event(counter)
        assert (await order_of(person, order_id))["state"] == "pending"
        assert await value(counter, "SELECT state FROM provider_events") == "new"
        assert await value(counter, "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'payments.event'") == 1
        # The process that should have worked on it has died; two others take it up.
        await self.work(counter)
        assert (await order_of(person, order_id))["state"] == "paid"
        assert await value(counter, "SELECT state FROM provider_events") == "done"

    async def test_the_same_event_again_is_not_new(self, counter: Counter) -> None:
        person, _, event = await self.paid_event(counter)
        for _ in range(2):
            answer = await post_event(counter, event)
            assert (answer.status_code, answer.json()) == (200, {"kept": 0})
        await self.work(counter)
        # Another event that says the same.
        assert (await post_event(counter, {**event, "id": "evt_other"})).json() == {"kept": 1}
        await self.work(counter)
        assert (await person.wallet())["balance"] == 8

    async def test_forged_old_and_foreign_ones_are_refused_and_change_nothing(self, counter: Counter) -> None:
        person, order_id, event = await self.paid_event(counter)
        before = await value(counter, "SELECT count(*) FROM provider_events")
        fresh = {**event, "id": "evt_forged"}
        assert (await post_event(counter, fresh, secret="wrong")).status_code == 400
        assert (await post_event(counter, fresh, at=time.time() - 400)).status_code == 400
        assert (await post_event(counter, fresh, slug="verbena")).status_code == 400
        unsigned = await counter.api.client.post("/api/v1/payments/sandbox/luna", json=fresh)
        assert (unsigned.status_code, unsigned.json()["error"]) == (400, "event_refused")
        assert (await post_event(counter, fresh, slug="nowhere")).status_code == 404
        rubbish = {SIGNATURE: sign(BANK_SECRET, b"[1]", time.time())}
        answer = await counter.api.client.post("/api/v1/payments/sandbox/luna", content=b"[1]", headers=rubbish)
        assert answer.status_code == 400
        assert (await counter.api.client.post("/api/v1/payments/gold/luna", json={})).status_code == 404
        assert await value(counter, "SELECT count(*) FROM provider_events") == before
        assert (await order_of(person, order_id))["state"] == "pending"

    async def test_another_projects_payment_in_a_signed_event_gives_nothing(self, counter: Counter) -> None:
        person, order_id, event = await self.paid_event(counter)
        stolen = {**event, "id": "evt_stolen", "account": "verbena"}
        assert (await post_event(counter, stolen, slug="verbena")).status_code == 200
        await value(counter, "DELETE FROM provider_events WHERE event_id <> 'evt_stolen'")
        await self.work(counter)
        row = await value(counter, "SELECT note FROM provider_events WHERE event_id = 'evt_stolen'")
        assert row == "unknown_payment"
        assert (await order_of(person, order_id))["state"] == "pending"

    async def test_a_refund_that_comes_before_its_payment_waits_for_it(self, counter: Counter) -> None:
        person, order_id, event = await self.paid_event(counter)
        charge = event["data"]["charge"]
        refund = {"id": "re_early", "charge": charge["id"], "amount": 19900, "currency": "RUB", "at": 0, "metadata": {}}
        early = {"id": "evt_early", "type": "refund.done", "account": "luna", "data": {"refund": refund}}
        await value(counter, "UPDATE provider_events SET next_at = now() + interval '1 hour'")
        await post_event(counter, early)
        await self.work(counter)
        waiting = "SELECT state || ' ' || note FROM provider_events WHERE event_id = 'evt_early'"
        assert await value(counter, waiting) == "new unknown_charge"
        await value(counter, "UPDATE provider_events SET next_at = now() WHERE event_id <> 'evt_early'")
        await self.work(counter)
        await value(counter, "UPDATE provider_events SET next_at = now()")
        await self.work(counter)
        assert (await order_of(person, order_id))["state"] == "refunded"
        assert (await person.wallet())["balance"] == 5

    async def test_what_is_never_understood_is_given_up_and_told(self, counter: Counter) -> None:
        await counter.sign_in()
        broken = {"id": "evt_broken", "type": "payment.paid", "account": "luna", "data": {"charge": "nonsense"}}
        assert (await post_event(counter, broken)).status_code == 200
        await self.work(counter)
        assert await value(counter, "SELECT state || ' ' || note FROM provider_events") == "new not_understood"
        await value(counter, f"UPDATE provider_events SET attempts = {events.MOST_ATTEMPTS}, next_at = now()")
        await self.work(counter)
        assert await value(counter, "SELECT state FROM provider_events") == "failed"
        assert await value(counter, "SELECT kind FROM staff_cards") == "payment_refused"

    async def test_without_a_database_the_provider_is_asked_to_come_again(self, counter: Counter) -> None:
        _, _, event = await self.paid_event(counter)
        pool, counter.api.services.database.url = counter.api.services.database.url, "postgresql://x@127.0.0.1:1/x"
        await counter.api.services.database.close()
        assert (await post_event(counter, {**event, "id": "evt_2"})).status_code == 503
        counter.api.services.database.url = pool
        assert (await post_event(counter, {**event, "id": "evt_2"})).json() == {"kept": 1}


class TestBank:
    async def test_keys_and_keys_only(self, counter: Counter) -> None:
        url = counter.bank.page
        assert (await counter.client.get(f"{url}/v1/transactions?account=luna")).status_code == 401
        headers = {"authorization": f"Bearer {BANK_KEY}"}
        assert (await counter.client.get(f"{url}/v1/payments/none", headers=headers)).status_code == 404
        assert (await counter.client.post(f"{url}/v1/payments", json={}, headers=headers)).status_code == 400
        assert (await counter.client.get(f"{url}/pay/none")).status_code == 404
