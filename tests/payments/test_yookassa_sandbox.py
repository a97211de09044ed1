"""The YooKassa of the sandbox: its answers, what it refuses, and its payment page."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.kit.ids import new_id
from app.payments.port import Paid
from app.sandbox.yookassa import cards
from tests.payments.provider_shop import RETURN_URL
from tests.payments.yookassa_shop import KEY, SHOP_ID, Shop, open_shop, yookassa_project

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SUM = re.compile(r"\d+\.\d\d")
AUTH = (SHOP_ID, KEY)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with open_shop() as shop:
        yield shop


async def post(shop: Shop, path: str, body: Any, **headers: str) -> httpx.Response:
    return await shop.http.post(
        f"{shop.url}/v3{path}", json=body, auth=AUTH, headers={"idempotence-key": str(new_id()), **headers}
    )


def assert_payment(payment: dict[str, Any]) -> None:
    """The obligatory fields of `Payment`, and those that go with its status."""
    assert payment["status"] in ("pending", "succeeded", "canceled")
    assert SUM.fullmatch(payment["amount"]["value"])
    assert MOMENT.fullmatch(payment["created_at"])
    assert set(payment["recipient"]) == {"account_id", "gateway_id"}
    assert [type(payment[name]) for name in ("id", "test", "paid", "refundable")] == [str, bool, bool, bool]
    assert not {"wants_saving", "locale"} & set(payment)
    succeeded = payment["status"] == "succeeded"
    assert payment["paid"] is succeeded
    assert (payment["status"] == "pending") == ("confirmation" in payment)
    assert succeeded == ("captured_at" in payment) == ("refunded_amount" in payment)
    assert (payment["status"] == "canceled") == ("cancellation_details" in payment)
    if "payment_method" in payment:
        assert {"type", "id", "saved", "status", "title", "card"} == set(payment["payment_method"])


class TestAnswers:
    async def test_every_state_of_a_payment(self, shop: Shop) -> None:
        for card in (None, cards.GOOD, cards.DECLINED):
            started = await shop.provider.start(shop.ask(renews=True, period="month"))
            if card is not None:
                await shop.pay(started, card)
            answer = await shop.http.get(f"{shop.url}/v3/payments/{started.reference}", auth=AUTH)
            assert_payment(answer.json())
        page = (await shop.http.get(f"{shop.url}/v3/payments", params={"limit": 2}, auth=AUTH)).json()
        assert (page["type"], len(page["items"])) == ("list", 2)
        rest = await shop.http.get(
            f"{shop.url}/v3/payments", params={"limit": 2, "cursor": page["next_cursor"]}, auth=AUTH
        )
        assert [row["id"] for row in rest.json()["items"]] == [next(iter(shop.account.payments))]
        assert "next_cursor" not in rest.json()

    async def test_refunds_add_up(self, shop: Shop) -> None:
        _, started, _ = await shop.sold()
        for value in ("100.00", "399.00"):
            made = await shop.order("refunds", payment=started.reference, value=value)
            assert set(made) == {"id", "payment_id", "status", "created_at", "amount", "metadata"}
        payment = shop.account.payments[started.reference]
        assert (payment["refunded_amount"]["value"], payment["refundable"]) == ("499.00", False)

    async def test_the_shop_itself(self, shop: Shop) -> None:
        answer = await shop.http.get(f"{shop.url}/v3/me", auth=AUTH)
        assert (answer.json()["account_id"], answer.json()["test"]) == (SHOP_ID, True)
        assert (await shop.http.get(f"{shop.url}/v3/me", auth=(SHOP_ID, "test_other"))).status_code == 401


class TestRefusals:
    async def test_of_wrong_payments(self, shop: Shop) -> None:
        good = {
            "amount": {"value": "499.00", "currency": "RUB"},
            "capture": True,
            "confirmation": {"type": "redirect", "return_url": RETURN_URL},
        }
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"amount": {"value": 499, "currency": "RUB"}}, "amount.value"),
            ({"amount": {"value": "499", "currency": "RUB"}}, "amount.value"),
            ({"amount": {"value": "0.00", "currency": "RUB"}}, "amount.value"),
            ({"amount": {"value": "499.00", "currency": "XTR"}}, "amount.currency"),
            ({"confirmation": {"type": "redirect"}}, "confirmation.return_url"),
            ({"description": "Я" * 129}, "description"),
            ({"metadata": {"a": "b" * 513}}, "metadata.a"),
            ({"colour": "red"}, "colour"),
            ({"payment_method_id": "none"}, "payment_method_id"),
        ]
        for change, field in wrong:
            answer = await post(shop, "/payments", {**good, **change})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), field
            assert answer.json()["parameter"] == field
        assert shop.account.payments == {}

    async def test_without_a_key(self, shop: Shop) -> None:
        answer = await shop.http.post(f"{shop.url}/v3/payments", json={}, auth=AUTH)
        assert answer.json()["parameter"] == "Idempotence-Key"

    async def test_real_looking_keys_are_not_taken(self, shop: Shop) -> None:
        body = {"shop_id": "1", "secret_key": "live_abcdef"}
        assert (await shop.http.post(f"{shop.url}/sandbox/shops", json=body)).status_code == 422

    async def test_a_receipt_has_to_come_to_the_sum(self) -> None:
        async with open_shop(yookassa_project(receipts=True), receipts=True) as shop:
            _, _, (paid,) = await shop.sold(contact="anna@example.com")
            assert isinstance(paid, Paid)
            item = {"description": "x", "quantity": 1, "amount": {"value": "1.00", "currency": "RUB"}, "vat_code": 1}
            receipt = {"customer": {"email": "a@b.example"}, "items": [item]}
            amount = {"value": "2.00", "currency": "RUB"}
            body = {"payment_id": paid.charge, "amount": amount, "receipt": receipt}
            assert (await post(shop, "/refunds", body)).json()["parameter"] == "receipt.items"
            assert (await post(shop, "/refunds", {**body, "receipt": None})).status_code == 400


class TestPage:
    async def test_pay_with_a_card(self, shop: Shop) -> None:
        ask = shop.ask(renews=True, period="month")
        started = await shop.provider.start(ask)
        async with httpx.AsyncClient() as browser:
            page = await browser.get(started.url)
            assert "499,00\u00a0₽" in page.text
            assert "Карта сохранится" in page.text
            paid = await browser.post(started.url, data={"number": "5555 5555 5555 4444"})
            assert (paid.status_code, paid.headers["location"]) == (303, RETURN_URL)
            assert "Платёж закрыт" in (await browser.get(started.url)).text
        assert len(await shop.provider.look(shop.project, reference=started.reference, payment_id=ask.id)) == 1

    async def test_the_bank_asks_back(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask(language="en"))
        async with httpx.AsyncClient() as browser:
            asked = await browser.post(started.url, data={"number": cards.SECURE})
            assert "is it you?" in asked.text
            paid = await browser.post(started.url, data={"number": cards.SECURE, "authenticated": "yes"})
            assert paid.status_code == 303
        details = shop.account.payments[started.reference]["authorization_details"]
        assert details["three_d_secure"] == {"applied": True}

    async def test_what_is_written_on_it_is_only_text(self, shop: Shop) -> None:
        started = await shop.provider.start(shop.ask(title="<script>alert(1)</script>"))
        page = await shop.http.get(started.url)
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        unknown = await shop.http.get(f"{shop.url}/checkout/payments/v2/contract?orderId=none")
        assert unknown.status_code == 404
