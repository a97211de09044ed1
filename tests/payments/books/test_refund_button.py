"""A refund from the order's screen in WordPress: signed, with the rights of that store, and once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.payments.books import outbox
from app.payments.orders.repository import Order
from app.payments.port import Refunded
from app.settings import Settings
from tests.conftest import open_api
from tests.payments.stage import Buyer, Shop, with_bank
from tests.woocommerce.test_wordpress_api import Plugin, offer


@pytest.fixture
async def plugin(stocked_settings: Settings) -> AsyncIterator[Plugin]:
    async with open_api(with_bank(stocked_settings)) as api:
        plugin = await offer(api)
        assert (await plugin.pair()).status_code == 200
        yield plugin


@pytest.fixture
def shop(plugin: Plugin) -> Shop:
    return Shop(plugin.api.services)


async def written(shop: Shop, plugin: Plugin, **values: Any) -> tuple[Buyer, Order]:
    """A paid order that stands in the books of this store."""
    buyer = await shop.buyer()
    order, _ = await shop.buy(buyer, "luna-three")
    values = {"remote_id": 240, "store_id": plugin.content["store"], **values}
    async with shop.database.connection() as connection:
        await connection.execute(
            "UPDATE book_entries SET state = 'done', remote_id = $2, store_id = $3 WHERE order_id = $1",
            order.id, values["remote_id"], values["store_id"],
        )  # fmt: skip
    return buyer, order


async def press(plugin: Plugin, order_id: object, **values: Any) -> httpx.Response:
    body = {"order": str(order_id), "amount": 19900, "currency": "RUB", "refunded": 0, "reason": "Передумала", **values}
    return await plugin.send("POST", "refunds", {"actor": "manager", **body})


def refusal(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["error"], body.get("reason")


class TestButton:
    async def test_begins_a_refund(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin)
        answer = await press(plugin, order.id)
        assert answer.status_code == 202, answer.text
        [refund] = await shop.refunds(order)
        assert answer.json() == {"refund": str(refund.id), "state": "wanted"}
        assert (refund.amount, refund.started_by, refund.actor, refund.reason) == (
            19900, "woocommerce", "manager", "Передумала",
        )  # fmt: skip

    async def test_an_answer_that_got_lost_may_be_asked_for_again(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin)
        first = await press(plugin, order.id)
        again = await press(plugin, order.id)
        assert (again.status_code, again.json()) == (202, first.json())
        [refund] = await shop.refunds(order)
        [payment] = await shop.payments(order)
        assert payment.charge is not None
        await shop.tell(Refunded(payment.charge, "re_1", 19900, "RUB", refund_id=refund.id))
        late = await press(plugin, order.id)
        assert (late.status_code, late.json()) == (202, {"refund": str(refund.id), "state": "done"})
        assert len(await shop.refunds(order)) == 1

    async def test_a_second_part_is_another_refund(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin)
        await press(plugin, order.id, amount=5000)
        [refund] = await shop.refunds(order)
        assert refusal(await press(plugin, order.id, amount=5000, refunded=5000)) == (
            409, "refund_refused", "under_way",
        )  # fmt: skip
        [payment] = await shop.payments(order)
        assert payment.charge is not None
        await shop.tell(Refunded(payment.charge, "re_1", 5000, "RUB", refund_id=refund.id))
        second = await press(plugin, order.id, amount=5000, refunded=5000)
        assert second.status_code == 202
        assert second.json()["refund"] != str(refund.id)

    async def test_says_why_not(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin)
        too_much = await press(plugin, order.id, amount=19901)
        assert refusal(too_much) == (409, "refund_refused", "too_much")
        assert refusal(await press(plugin, order.id, currency="XTR")) == (409, "refund_refused", "wrong_currency")
        assert await shop.refunds(order) == []


class TestRights:
    async def test_only_what_stands_in_the_books_of_this_store(self, shop: Shop, plugin: Plugin) -> None:
        _, elsewhere = await written(shop, plugin, store_id=uuid4())
        _, waiting = await written(shop, plugin, remote_id=None)
        for order in (elsewhere.id, waiting.id, uuid4()):
            assert refusal(await press(plugin, order)) == (404, "order_not_found", None)
        assert await shop.refunds(elsewhere) == []

    async def test_the_order_of_a_store_set_by_the_operator(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin, store_id=None)
        assert (await press(plugin, order.id)).status_code == 202

    async def test_nobody_without_the_secret(self, shop: Shop, plugin: Plugin) -> None:
        _, order = await written(shop, plugin)
        forged = await plugin.api.client.post(
            "/api/v1/wordpress/refunds",
            json={"order": str(order.id), "amount": 19900, "currency": "RUB", "refunded": 0},
        )
        assert refusal(forged)[:2] == (401, "signature_invalid")
        stranger = await offer(plugin.api)
        assert refusal(await press(stranger, order.id))[:2] == (401, "signature_invalid")
        nonce = "ab" * 16
        body = {"order": str(order.id), "amount": 19900, "currency": "RUB", "refunded": 0}
        assert (await plugin.send("POST", "refunds", body, nonce=nonce)).status_code == 202
        assert refusal(await plugin.send("POST", "refunds", body, nonce=nonce))[:2] == (409, "signature_replayed")
        assert len(await shop.refunds(order)) == 1

    @pytest.mark.parametrize(
        "change",
        [{"order": "1"}, {"amount": 0}, {"amount": 1.5}, {"amount": "5"}, {"currency": "rub"}, {"refunded": -1},
         {"reason": "x" * 201}, {"actor": "a\nb"}, {"order": None}],
        ids=str,
    )  # fmt: skip
    async def test_rubbish_changes_nothing(self, shop: Shop, plugin: Plugin, change: dict[str, Any]) -> None:
        _, order = await written(shop, plugin)
        answer = await press(plugin, order.id, **change)
        assert answer.status_code == 422, answer.text
        assert await shop.refunds(order) == []


async def test_the_line_of_a_refund_that_began_here_waits_for_its_end(shop: Shop, plugin: Plugin) -> None:
    _, order = await written(shop, plugin)
    await press(plugin, order.id)
    async with shop.database.transaction() as connection:
        assert await outbox.lease(connection, limit=5) == []
