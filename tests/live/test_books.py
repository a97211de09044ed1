"""Orders and refunds in the books of a real WooCommerce: once each, whatever happens to the answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.container import load_keyring
from app.kit.database import Database
from app.payments import books
from app.payments.books.records import order_record
from app.payments.books.sending import BookSender
from app.payments.books.store import StoreBooks
from app.settings import Settings
from app.woocommerce.pairing import store_from_settings
from app.woocommerce.rest import StoreRest
from tests.catalogue.proxy import Proxy, in_front_of
from tests.live.store import Store
from tests.payments.books.ledger import PAID_AT, Ledger, empty_library

pytestmark = pytest.mark.live

FIND = "echo wp_json_encode(array_map(fn ($o) => $o->get_id(), wc_get_orders(['limit' => -1, 'status' => 'any',"
FIND += " 'meta_key' => '_arcana_order', 'meta_value' => '%s'])));"
ORDER = """
    $o = wc_get_order(%d);
    $items = array_values($o->get_items());
    echo wp_json_encode([
        'status' => $o->get_status(), 'currency' => $o->get_currency(), 'total' => $o->get_total(),
        'discount' => $o->get_discount_total(), 'tax' => $o->get_total_tax(), 'coupons' => $o->get_coupon_codes(),
        'created' => $o->get_date_created()->getTimestamp(), 'paid' => $o->get_date_paid()->getTimestamp(),
        'method' => $o->get_payment_method(), 'title' => $o->get_payment_method_title(), 'via' => $o->get_created_via(),
        'transaction' => $o->get_transaction_id(), 'name' => trim($o->get_formatted_billing_full_name()),
        'customer' => $o->get_customer_id() ? (new WC_Customer($o->get_customer_id()))->get_email() : null,
        'product' => $items[0]->get_product_id(), 'line' => $items[0]->get_name(), 'lines' => count($items),
        'telegram' => $o->get_meta('_arcana_telegram_id'), 'number' => $o->get_meta('_arcana_number'),
        'refunds' => array_map(fn ($r) => [(float) $r->get_amount(), $r->get_reason(), $r->get_meta('_arcana_refund')],
            $o->get_refunds()),
    ]);
"""


def products(php: Store) -> dict[str, int]:
    return {row["key"]: row["product_id"] for row in php.catalogue()["packages"]}


def numbers(php: Store, order_id: UUID) -> list[int]:
    found: list[int] = json.loads(php.php(FIND % order_id))
    return found


def shown(php: Store, number: int) -> dict[str, Any]:
    order: dict[str, Any] = json.loads(php.php(ORDER % number))
    return order


@pytest.fixture
async def ledger(database: Database) -> Ledger:
    return await Ledger.open(database)


@pytest.fixture
async def make_sender(php: Store, database: Database, settings: Settings) -> Callable[[], BookSender]:
    connected = Settings(
        _env_file=None,
        **{
            **settings.model_dump(),
            "demo": False,
            "woocommerce_url": php.url,
            "woocommerce_consumer_key": SecretStr(php.key),
            "woocommerce_consumer_secret": SecretStr(php.secret),
        },
    )
    return lambda: BookSender(connected, load_keyring(connected), database, empty_library)


@pytest.fixture
def sender(make_sender: Callable[[], BookSender]) -> BookSender:
    return make_sender()


@pytest.fixture
async def way(php: Store, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """What all questions to the store go through. Its address is part of their signature, so it stays the same."""
    async with in_front_of(php.url) as (proxy, url):
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("no_proxy", "")
        yield proxy


class TestOrders:
    async def test_it_stands_there_as_it_was_paid(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=products(php)["luna-three"], discount=3980, coupon="moon20")
        assert await sender.run() == 1
        [line] = await ledger.lines()
        assert line["state"] == "done"
        assert numbers(php, order) == [line["remote_id"]]
        assert shown(php, line["remote_id"]) == {
            "status": "completed",
            "currency": "RUB",
            "total": "159.20",
            "discount": "39.8",
            "tax": "0",
            "coupons": ["moon20"],
            "created": PAID_AT.timestamp(),
            "paid": PAID_AT.timestamp(),
            "method": "arcana",
            "title": "ЮKassa",
            "via": "arcana",
            "transaction": f"charge-{order}",
            "name": "Анна Ковалёва",
            "customer": f"{ledger.user_id}@telegram.invalid",
            "product": products(php)["luna-three"],
            "line": "Три ночи",
            "lines": 1,
            "telegram": "700100200",
            "number": "1",
            "refunds": [],
        }

    async def test_stars_stand_there_to_the_star_and_are_no_revenue(
        self, php: Store, ledger: Ledger, sender: BookSender
    ) -> None:
        await ledger.order(
            product_id=products(php)["luna-ten"], package="luna-ten", currency="XTR", price=256, provider="stars"
        )
        await sender.run()
        [line] = await ledger.lines()
        found = shown(php, line["remote_id"])
        assert (found["currency"], found["total"], found["title"]) == ("XTR", "256.00", "Telegram Stars")
        assert "256&nbsp;<span" in php.php(f"echo wc_get_order({line['remote_id']})->get_formatted_order_total();")
        statistics = php.php(
            "use Automattic\\WooCommerce\\Admin\\API\\Reports as R; global $wpdb;"
            f" R\\Orders\\Stats\\DataStore::sync_order({line['remote_id']});"
            f" R\\Products\\DataStore::sync_order_products({line['remote_id']});"
            " echo wp_json_encode([$wpdb->get_row('SELECT total_sales, net_total, num_items_sold FROM '"
            f" . $wpdb->prefix . 'wc_order_stats WHERE order_id = {line['remote_id']}', ARRAY_N),"
            " $wpdb->get_row('SELECT product_qty, product_net_revenue FROM '"
            f" . $wpdb->prefix . 'wc_order_product_lookup WHERE order_id = {line['remote_id']}', ARRAY_N)]);"
        )
        stats, lookup = json.loads(statistics)
        assert [float(value) for value in stats] == [0, 0, 1]
        assert [float(value) for value in lookup] == [1, 0]

    async def test_what_cost_nothing_stands_there_too(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        await ledger.order(product_id=products(php)["luna-three"], discount=19900, coupon="friend100")
        await sender.run()
        [line] = await ledger.lines()
        found = shown(php, line["remote_id"])
        assert (found["total"], found["discount"], found["status"]) == ("0.00", "199", "completed")

    async def test_one_person_is_one_customer(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        for _ in range(4):
            await ledger.order(product_id=products(php)["luna-three"])
        assert await sender.run() == 4
        customers = php.php(
            "echo wp_json_encode(array_map(fn ($u) => $u->roles,"
            f" get_users(['search' => '{ledger.user_id}@*', 'search_columns' => ['user_email']])));"
        )
        assert json.loads(customers) == [["customer"]]

    async def test_uses_of_a_coupon_are_counted_once_on_each_side(
        self, php: Store, ledger: Ledger, sender: BookSender
    ) -> None:
        count = "echo (new WC_Coupon('moon20'))->get_usage_count();"
        before = int(php.php(count))

        def elsewhere() -> int:
            return next(row["used_elsewhere"] for row in php.catalogue()["coupons"] if row["code"] == "moon20")

        outside = elsewhere()
        await ledger.order(product_id=products(php)["luna-three"], discount=3980, coupon="moon20")
        await sender.run()
        assert int(php.php(count)) == before + 1
        assert elsewhere() == outside


class TestProducts:
    async def test_a_product_that_is_not_there_is_not_sold_for_nothing(
        self, php: Store, ledger: Ledger, sender: BookSender
    ) -> None:
        missing = await ledger.order(product_id=99999999)
        foreign = await ledger.order(product_id=products(php)["luna-ten"])
        nameless = await ledger.order(product_id=None)
        assert await sender.run() == 0
        found = {line["order_id"]: (line["state"], line["problem"]) for line in await ledger.lines()}
        assert found == {
            missing: ("waiting", "product_missing"),
            foreign: ("waiting", "product_foreign"),
            nameless: ("waiting", "product_missing"),
        }
        assert numbers(php, missing) == numbers(php, foreign) == numbers(php, nameless) == []


class TestBadWeather:
    async def test_a_lost_answer_makes_no_second_order(
        self, php: Store, ledger: Ledger, sender: BookSender, way: Proxy
    ) -> None:
        orders = [await ledger.order(product_id=products(php)["luna-three"]) for _ in range(3)]
        for swallowed in range(1, 12):
            way.restore()
            running = asyncio.create_task(sender.run())
            # The answers of a while are lost, whatever they are to.
            await asyncio.sleep(0.12 * swallowed)
            way.swallow()
            await asyncio.sleep(0.5)
            way.cut()
            await running
            await ledger.due()
        way.restore()
        await sender.run()
        assert {line["state"] for line in await ledger.lines()} == {"done"}
        assert [len(numbers(php, order)) for order in orders] == [1, 1, 1]

    async def test_two_at_once_make_one(
        self, php: Store, ledger: Ledger, make_sender: Callable[[], BookSender]
    ) -> None:
        order = await ledger.order(product_id=products(php)["luna-three"])
        async with ledger.database.connection() as connection:
            record = await order_record(connection, ledger.project_id, order)
        assert record is not None
        access = store_from_settings(make_sender()._settings)
        assert access is not None
        put = [
            StoreBooks(StoreRest(access)).put_order(record, product_id=products(php)["luna-three"], name="x")
            for _ in range(4)
        ]
        assert set(await asyncio.gather(*put)) == set(numbers(php, order))
        assert len(numbers(php, order)) == 1

    async def test_a_store_that_was_away_gets_everything_once(
        self, php: Store, ledger: Ledger, sender: BookSender, way: Proxy
    ) -> None:
        way.cut()
        orders = [await ledger.order(product_id=products(php)["luna-three"]) for _ in range(5)]
        refund = await ledger.refund(orders[0], 19900)
        for _ in range(3):
            assert await sender.run() == 0
        assert {line["state"] for line in await ledger.lines()} == {"waiting"}
        way.restore()
        async with ledger.database.connection() as connection:
            # One of them is due; the first that gets through wakes the rest.
            await connection.execute("UPDATE book_entries SET next_at = now() WHERE order_id = $1", orders[2])
        while await sender.run():
            continue
        lines = await ledger.lines()
        assert {line["state"] for line in lines} == {"done"}
        assert [len(numbers(php, order)) for order in orders] == [1] * 5
        first = next(line["remote_id"] for line in lines if line["order_id"] == orders[0] and not line["refund_id"])
        assert [row[2] for row in shown(php, first)["refunds"]] == [str(refund)]


class TestRefunds:
    async def test_a_part_and_then_the_rest(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=products(php)["luna-ten"], package="luna-ten", currency="XTR", price=256)
        first = await ledger.refund(order, 56)
        await sender.run()
        number = (await ledger.lines())[0]["remote_id"]
        assert shown(php, number)["refunds"] == [[56, "Передумала", str(first)]]
        assert shown(php, number)["status"] == "completed"
        second = await ledger.refund(order, 200)
        await sender.run()
        found = shown(php, number)
        assert {row[2]: row[0] for row in found["refunds"]} == {str(first): 56, str(second): 200}
        assert found["status"] == "refunded"
        # Once more, as after a crash: nothing is added.
        async with ledger.database.transaction() as connection:
            await books.enter(connection, project_id=ledger.project_id, order_id=order, refund_id=second)
        await sender.run()
        assert len(shown(php, number)["refunds"]) == 2
        assert {line["state"] for line in await ledger.lines()} == {"done"}

    async def test_one_that_failed_is_taken_out_again(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=products(php)["luna-three"])
        refund = await ledger.refund(order, 19900)
        await sender.run()
        number = (await ledger.lines())[0]["remote_id"]
        assert shown(php, number)["status"] == "refunded"
        async with ledger.database.transaction() as connection:
            await connection.execute("UPDATE refunds SET state = 'failed', done_at = NULL WHERE id = $1", refund)
            await books.enter(connection, project_id=ledger.project_id, order_id=order, refund_id=refund)
        await sender.run()
        found = shown(php, number)
        assert (found["refunds"], found["status"]) == ([], "completed")


class TestDecimals:
    @pytest.fixture
    def whole(self, php: Store) -> Iterator[Store]:
        """The store, while it shows no decimals, as many shops in roubles do."""
        shown_before = php.php("echo get_option('woocommerce_price_num_decimals');")
        php.php("update_option('woocommerce_price_num_decimals', '0');")
        yield php
        php.php(f"update_option('woocommerce_price_num_decimals', '{shown_before}');")

    @staticmethod
    def raw(php: Store, number: int) -> dict[str, Any]:
        """What is kept, not what is shown."""
        found: dict[str, Any] = json.loads(
            php.php(
                f"Arcana\\Orders\\Decimals::hold(); $o = wc_get_order({number}); echo wp_json_encode(["
                "'total' => (float) $o->get_total(), 'name' => $o->get_billing_first_name(),"
                " 'status' => $o->get_status(),"
                " 'refunds' => array_map(fn ($r) => (float) $r->get_amount(), $o->get_refunds())]);"
            )
        )
        return found

    async def test_a_store_that_shows_none_keeps_sums_to_the_last_digit(
        self, whole: Store, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=products(whole)["luna-three"], discount=3980, coupon="moon20")
        await sender.run()
        [line] = await ledger.lines()
        assert (line["state"], line["problem"]) == ("done", None)
        number = line["remote_id"]
        assert self.raw(whole, number)["total"] == 159.2
        await ledger.refund(order, 10050)
        await sender.run()
        assert self.raw(whole, number) | {"name": ""} == {
            "total": 159.2, "name": "", "status": "completed", "refunds": [100.5],
        }  # fmt: skip
        await ledger.refund(order, 5870)
        await sender.run()
        found = self.raw(whole, number)
        assert (sorted(found["refunds"]), found["status"]) == ([58.7, 100.5], "refunded")
        assert {row["state"] for row in await ledger.lines()} == {"done"}
        # Adding it up again, for the person is forgotten, keeps the sum.
        await ledger.erase()
        await sender.run()
        assert self.raw(whole, number)["total"] == 159.2

    async def test_the_buttons_of_the_screen_count_alike(
        self, whole: Store, ledger: Ledger, sender: BookSender
    ) -> None:
        await ledger.order(product_id=products(whole)["luna-three"], discount=3980, coupon="moon20")
        await sender.run()
        [line] = await ledger.lines()
        asked = (
            "add_filter('wp_doing_ajax', '__return_true'); $_REQUEST['action'] = 'woocommerce_refund_line_items';"
            " $_REQUEST['order_id'] = '%d'; (new Arcana\\Orders\\Decimals())->onScreen();"
            " echo wc_get_price_decimals();"
        )
        assert whole.php(asked % line["remote_id"]) == "2"
        own = int(whole.php("$o = wc_create_order(); $o->save(); echo $o->get_id();"))
        try:
            assert whole.php(asked % own) == "0"
        finally:
            whole.php(f"wc_get_order({own})->delete(true);")


class TestErasure:
    async def test_whoever_leaves_leaves_the_store_too(self, php: Store, ledger: Ledger, sender: BookSender) -> None:
        await ledger.order(product_id=products(php)["luna-three"])
        await sender.run()
        [line] = await ledger.lines()
        await ledger.erase()
        later = await ledger.order(product_id=products(php)["luna-three"])
        await sender.run()
        assert {row["state"] for row in await ledger.lines()} == {"done"}
        for number in (line["remote_id"], *numbers(php, later)):
            found = shown(php, number)
            assert (found["name"], found["customer"], found["telegram"]) == ("", None, "")
            assert found["total"] == "199.00"
        everything = php.php(f"echo wp_json_encode(wc_get_order({line['remote_id']})->get_data());")
        assert "Анна" not in json.dumps(json.loads(everything), ensure_ascii=False)
        assert "700100200" not in everything
        left = php.php(f"echo get_user_by('email', '{ledger.user_id}@telegram.invalid') ? 'there' : 'gone';")
        assert left == "gone"
