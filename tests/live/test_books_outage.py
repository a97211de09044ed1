"""The store is stopped, its PHP is killed while it writes, and so is our worker: each order stands there once."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.kit.database import Database
from app.settings import Settings
from app.worker.port import enqueue
from tests.live.store import Store
from tests.payments.books.ledger import Ledger
from tests.weather import ForkedWorker, until

pytestmark = pytest.mark.live

PEOPLE, EACH = 6, 8
# Lines that have to get through between two strikes.
STEP = 4
# Everything of these tables that is newer than a number; ours alone, for nobody else writes to the store meanwhile.
NEWEST = """
    global $wpdb;
    echo wp_json_encode([
        'order' => (int) $wpdb->get_var("SELECT max(id) FROM {$wpdb->prefix}wc_orders"),
        'user' => (int) $wpdb->get_var("SELECT max(ID) FROM {$wpdb->users}"),
        'item' => (int) $wpdb->get_var("SELECT max(order_item_id) FROM {$wpdb->prefix}woocommerce_order_items"),
        'uses' => (new WC_Coupon('moon20'))->get_usage_count(),
        'ours' => count(get_post_meta((new WC_Coupon('moon20'))->get_id(), '_arcana_used_by')),
    ]);
"""
SINCE = """
    global $wpdb;
    $orders = $wpdb->get_results("SELECT o.id, o.type, o.status, o.currency, o.total_amount AS total, o.transaction_id,
        o.parent_order_id AS parent, o.customer_id AS customer,
        (SELECT group_concat(meta_value) FROM {$wpdb->prefix}wc_orders_meta WHERE order_id = o.id
            AND meta_key IN ('_arcana_order', '_arcana_refund')) AS name,
        (SELECT count(*) FROM {$wpdb->prefix}woocommerce_order_items i WHERE i.order_id = o.id
            AND i.order_item_type = 'line_item') AS line_items,
        (SELECT count(*) FROM {$wpdb->prefix}woocommerce_order_items i WHERE i.order_id = o.id
            AND i.order_item_type = 'coupon') AS coupons
        FROM {$wpdb->prefix}wc_orders o WHERE o.id > %(order)d ORDER BY o.id", ARRAY_A);
    $users = $wpdb->get_results("SELECT ID AS id, user_email AS email,
        (SELECT meta_value FROM {$wpdb->usermeta} WHERE user_id = ID AND meta_key = '_arcana_telegram_id') AS telegram
        FROM {$wpdb->users} WHERE ID > %(user)d", ARRAY_A);
    $orphans = $wpdb->get_col("SELECT order_item_id FROM {$wpdb->prefix}woocommerce_order_items i
        LEFT JOIN {$wpdb->prefix}wc_orders o ON o.id = i.order_id WHERE order_item_id > %(item)d AND o.id IS NULL");
    echo wp_json_encode(['orders' => $orders, 'users' => $users, 'orphans' => $orphans]);
"""
# As the list of orders in the admin is asked.
LISTED = """
    $orders = wc_get_orders(['limit' => -1, 'type' => 'shop_order', 'status' => array_keys(wc_get_order_statuses()),
        'transaction_id' => '%s', 'return' => 'ids']);
    echo wp_json_encode($orders);
"""


@dataclass
class Storm:
    """The store and the worker, and what was done to them."""

    store: Store
    settings: Settings
    folder: Path
    database: Database
    strikes: Counter[str]
    worker: ForkedWorker | None = None

    async def start_worker(self) -> None:
        number = sum(self.strikes.values())
        self.worker = ForkedWorker(self.settings, self.folder / f"worker-{number}.log")
        await self.worker.start()
        await self.worker.said("the worker is ready")
        await self.hurry()

    async def hurry(self) -> None:
        """The pauses are over, and so are the leases of a worker that is dead."""
        async with self.database.transaction() as connection:
            await connection.execute("UPDATE book_entries SET next_at = now() WHERE state = 'waiting'")
            await enqueue(connection, "books.send")

    async def counts(self) -> dict[str, int]:
        async with self.database.connection() as connection:
            return dict(await connection.fetch("SELECT state, count(*) FROM book_entries GROUP BY state"))

    async def writing(self, written: int) -> bool:
        """Waits until so many lines are done and another one is on its way; false when all are done."""
        all_lines = sum((await self.counts()).values())

        async def look() -> dict[str, int] | None:
            counts = await self.counts()
            done = counts.get("done", 0)
            return counts if done == all_lines or (done >= written and "sending" in counts) else None

        counts = await until(look, seconds=120, every=0.01, what=f"{written} lines")
        assert counts is not None
        return counts.get("done", 0) < all_lines

    async def kill_worker(self) -> None:
        assert self.worker is not None
        self.strikes["worker killed"] += 1
        await self.worker.kill()
        async with self.database.connection() as connection:
            await connection.execute("UPDATE book_entries SET leased_until = now() WHERE state = 'sending'")

    async def shell(self, name: str) -> None:
        self.strikes[name] += 1
        await asyncio.to_thread(self.store.run, str(getattr(self.store, name)))

    async def kill_php(self) -> None:
        await self.shell("kill")
        await self.shell("start")
        await self.hurry()

    async def both(self) -> None:
        await asyncio.gather(self.shell("kill"), self.kill_worker())
        await self.shell("start")
        await self.start_worker()

    async def only_worker(self) -> None:
        await self.kill_worker()
        await self.start_worker()

    async def stop(self) -> None:
        """Away for a while, in which the worker meets it several times."""
        await self.shell("stop")
        for _ in range(3):
            await self.hurry()
            await asyncio.sleep(0.3)
        await self.shell("start")
        await self.hurry()

    async def rage(self) -> None:
        """Until everything stands in the store: each time a line is on its way, and each time at another moment."""
        turns: list[Callable[[], Awaitable[None]]] = [
            self.kill_php, self.both, self.kill_php, self.only_worker, self.kill_php, self.stop,
        ]  # fmt: skip
        number = 0
        while await self.writing(number * STEP):
            await asyncio.sleep(0.037 * (number * 7 % 20))
            await turns[number % len(turns)]()
            number += 1


# The store comes up and goes down for minutes.
@pytest.mark.timeout(600)
async def test_each_stands_there_once(mortal: Store, database: Database, settings: Settings, tmp_path: Path) -> None:
    connected = Settings(
        _env_file=None,
        **{
            **settings.model_dump(),
            "demo": False,
            "telegram_api_url": "http://127.0.0.1:9",
            "woocommerce_url": mortal.url,
            "woocommerce_consumer_key": SecretStr(mortal.key),
            "woocommerce_consumer_secret": SecretStr(mortal.secret),
        },
    )
    products = {row["key"]: row["product_id"] for row in mortal.catalogue()["packages"]}
    before = json.loads(mortal.php(NEWEST))
    people = [await Ledger.open(database, telegram_id=700100300 + number) for number in range(PEOPLE)]
    storm = Storm(mortal, connected, tmp_path, database, Counter())
    sums: dict[UUID, tuple[int, str, bool]] = {}
    refunds: dict[UUID, list[UUID]] = {}
    for number in range(PEOPLE * EACH):
        ledger = people[number % PEOPLE]
        is_stars, coupon = number % 4 == 3, number % 5 == 0
        package = "luna-ten" if number % 3 == 0 else "luna-three"
        price = 250 if is_stars else 20000
        discount = price // 5 if coupon else 0
        order = await ledger.order(
            product_id=products[package], package=package, price=price, discount=discount,
            coupon="moon20" if coupon else None, currency="XTR" if is_stars else "RUB",
            provider="stars" if is_stars else "stripe",
        )  # fmt: skip
        sums[order] = (price - discount, "XTR" if is_stars else "RUB", coupon)
        total = price - discount
        if number % 3 == 0:
            parts = [total] if number % 2 else [total // 4, total - total // 4]
            refunds[order] = [await ledger.refund(order, part) for part in parts]
    try:
        await storm.start_worker()
        await storm.rage()
        await until(lambda: all_done(database), seconds=120, every=0.5, what="the rest of the outbox")
    finally:
        if storm.worker is not None and not storm.worker.ended:
            await storm.worker.kill()
    assert storm.strikes["kill"] >= 3, storm.strikes
    assert storm.strikes["stop"] >= 1, storm.strikes
    assert storm.strikes["worker killed"] >= 2, storm.strikes
    found = json.loads(mortal.php(SINCE % before))
    await check(mortal, people, sums, refunds, found)
    after = json.loads(mortal.php(NEWEST))
    uses = sum(coupon for _, _, coupon in sums.values())
    assert (after["uses"] - before["uses"], after["ours"] - before["ours"]) == (uses, uses)


async def all_done(database: Database) -> bool:
    async with database.connection() as connection:
        left = await connection.fetch("SELECT state, problem FROM book_entries WHERE state <> 'done'")
    assert not [row for row in left if row["problem"] in ("total_differs", "rejected", "order_gone")], left
    return not left


async def check(
    store: Store,
    people: list[Ledger],
    sums: dict[UUID, tuple[int, str, bool]],
    refunds: dict[UUID, list[UUID]],
    found: dict[str, Any],
) -> None:
    assert found["orphans"] == []
    assert sorted((row["email"], row["telegram"]) for row in found["users"]) == sorted(
        (f"{ledger.user_id}@telegram.invalid", str(700100300 + number)) for number, ledger in enumerate(people)
    )
    orders = {row["name"]: row for row in found["orders"] if row["type"] == "shop_order"}
    standing = [row for row in found["orders"] if row["type"] == "shop_order"]
    assert Counter(row["name"] for row in standing) == Counter({str(order): 1 for order in sums})
    assert Counter(row["transaction_id"] for row in standing) == Counter({f"charge-{order}": 1 for order in sums})
    given_back = [row for row in found["orders"] if row["type"] == "shop_order_refund"]
    wanted = Counter({str(refund): 1 for parts in refunds.values() for refund in parts})
    assert Counter(row["name"] for row in given_back) == wanted
    for order, (total, currency, coupon) in sums.items():
        row = orders[str(order)]
        assert (minor(row["total"], currency), row["currency"]) == (total, currency), row
        assert (row["line_items"], row["coupons"]) == ("1", str(int(coupon))), row
        assert row["status"] == ("wc-refunded" if order in refunds else "wc-completed"), row
        back = [-minor(part["total"], currency) for part in given_back if part["parent"] == row["id"]]
        assert sum(back) == (total if order in refunds else 0), (row, back)
    # The way back: our lines know the numbers there.
    numbers = {line["order_id"]: line["remote_id"] for line in await people[0].lines() if line["refund_id"] is None}
    assert numbers == {order: int(orders[str(order)]["id"]) for order in sums}
    back_numbers = {str(line["refund_id"]): line["remote_id"] for line in await people[0].lines() if line["refund_id"]}
    assert back_numbers == {row["name"]: int(row["id"]) for row in given_back}
    some = next(iter(sums))
    assert json.loads(store.php(LISTED % f"charge-{some}")) == [numbers[some]]


def minor(amount: str, currency: str) -> int:
    whole, _, rest = amount.partition(".")
    return int(whole) if currency == "XTR" else round(float(f"{whole}.{rest or 0}") * 100)
