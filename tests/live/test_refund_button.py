"""From the button on an order's screen in WordPress to the bank, and back into the books: with nothing pretended."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.settings import Settings
from tests.conftest import open_worker
from tests.live.pairing import paired_with, run
from tests.live.store import Store
from tests.payments.stage import Counter, Shop, open_counter

pytestmark = pytest.mark.live

PRESS = """
    wp_set_current_user(get_users(['role' => 'administrator', 'number' => 1])[0]->ID);
    $refund = wc_create_refund(['order_id' => %d, 'amount' => '%s', 'reason' => 'Передумала', 'refund_payment' => %s]);
    echo is_wp_error($refund) ? 'no: ' . $refund->get_error_message() : 'yes: ' . $refund->get_id();
"""
SHOWN = """
    $o = wc_get_order(%d);
    echo wp_json_encode(['status' => $o->get_status(), 'refunds' => array_map(
        fn ($r) => [$r->get_id(), (float) $r->get_amount(), $r->get_meta('_arcana_refund')], $o->get_refunds())]);
"""


@pytest.fixture
async def counter(stocked_settings: Settings) -> AsyncIterator[Counter]:
    async with open_counter(stocked_settings) as counter:
        yield counter


@pytest.fixture
async def paired(php: Store, counter: Counter) -> AsyncIterator[Store]:
    async with open_worker(counter.api.settings), paired_with(php, counter.api) as store:
        yield store


async def until(question: Any, *, seconds: float = 60) -> Any:
    since = time.monotonic()
    while not (answer := await question()):
        assert time.monotonic() - since < seconds
        await asyncio.sleep(0.2)
    return answer


async def shown(store: Store, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await run(store, SHOWN % number))
    return found


async def test_money_goes_back_and_the_books_agree(paired: Store, counter: Counter) -> None:
    shop = Shop(counter.api.services)
    buyer = await shop.buyer(telegram_id=7001002003)
    order, payment = await shop.begin(buyer, "luna-three")
    started = await shop.services.payments.start(shop.database, shop.project, payment_id=payment.id)
    await counter.press(started.url, "pay")
    number = await until(lambda: shop.value("SELECT remote_id FROM book_entries WHERE order_id = $1", order.id))
    by_hand = await run(paired, PRESS % (number, "199.00", "false"))
    assert by_hand.startswith("no: ") and "Arcana" in by_hand
    too_much = await run(paired, PRESS % (number, "199.01", "true"))
    assert too_much.startswith("no: ")
    assert (await shown(paired, number))["refunds"] == []

    pressed = await run(paired, PRESS % (number, "99.00", "true"))
    assert pressed.startswith("yes: "), pressed
    await until(lambda: shop.value("SELECT state = 'done' FROM refunds WHERE order_id = $1", order.id))
    [refund] = await shop.refunds(order)
    assert (refund.amount, refund.started_by) == (9900, "woocommerce")
    await until(lambda: shop.value("SELECT state = 'done' FROM book_entries WHERE refund_id = $1", refund.id))
    mark = int(pressed.removeprefix("yes: "))
    assert await shown(paired, number) == {"status": "completed", "refunds": [[mark, 99.0, str(refund.id)]]}

    rest = await run(paired, PRESS % (number, "100.00", "true"))
    assert rest.startswith("yes: "), rest
    await until(lambda: shop.value("SELECT state = 'refunded' FROM orders WHERE id = $1", order.id))
    await until(
        lambda: shop.value("SELECT count(*) = 3 FROM book_entries WHERE order_id = $1 AND state = 'done'", order.id)
    )
    found = await shown(paired, number)
    assert (found["status"], len(found["refunds"])) == ("refunded", 2)
    again = await run(paired, PRESS % (number, "0.01", "true"))
    assert again.startswith("no: ")
