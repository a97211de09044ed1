"""The outbox against a store that behaves, and one that does not."""

from collections import Counter
from typing import Any
from uuid import UUID

import pytest

from app.container import load_keyring
from app.kit.database import Database
from app.payments import books
from app.payments import erasure as payments_erasure
from app.payments.books import outbox
from app.payments.books.cli import print_books
from app.payments.books.places import places
from app.payments.books.problems import book_faults
from app.payments.books.sending import BookSender
from app.settings import Settings
from tests.catalogue.test_public import library_of
from tests.catalogue.wordpress import make_document, make_package, make_project
from tests.payments.books.ledger import Ledger, empty_library
from tests.payments.books.woocommerce import PRODUCT, WooCommerce, open_woocommerce


async def states(ledger: Ledger) -> Counter[tuple[str, str | None]]:
    return Counter((line["state"], line["problem"]) for line in await ledger.lines())


class TestOrders:
    async def test_it_is_written_once_with_all_that_it_is(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT, discount=3980, coupon="moon20", provider="stripe")
        assert await sender.run() == 1
        assert await sender.run() == 0
        [written] = store.named(order)
        assert written["meta"] == {
            "_arcana_order": str(order),
            "_arcana_number": "1",
            "_arcana_project": "luna",
            "_arcana_package": "luna-three",
            "_arcana_kind": "purchase",
            "_arcana_place": "telegram",
            "_arcana_provider": "stripe",
            "_arcana_paid_at": "2026-10-03T09:30:00Z",
            "_arcana_coupon": "moon20",
            "_arcana_discount": "39.80",
            "_arcana_telegram_id": "700100200",
            "_arcana_username": "anna_k",
        }
        assert (written["total"], written["currency"], written["payment_method_title"]) == ("159.20", "RUB", "Stripe")
        assert written["transaction_id"] == f"charge-{order}"
        [line] = await ledger.lines()
        assert (line["state"], line["remote_id"]) == ("done", written["id"])

    async def test_it_leads_to_its_card_and_to_its_client(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        """As far as they stand in the group that the staff have now."""
        early = await ledger.order(product_id=PRODUCT)
        await ledger.group(-1001234567890)
        bare = await ledger.order(product_id=PRODUCT)
        await ledger.card(bare, chat_id=-1009999999999, message_id=5)
        posted, topical = await ledger.order(product_id=PRODUCT), await ledger.order(product_id=PRODUCT)
        await ledger.card(posted, chat_id=-1001234567890, message_id=71)
        await ledger.card(topical, chat_id=-1001234567890, thread_id=3, message_id=72)
        await sender.run()

        def links(order: UUID) -> tuple[str | None, str | None]:
            [written] = store.named(order)
            return written["meta"].get("_arcana_card"), written["meta"].get("_arcana_topic")

        assert links(early) == links(bare) == (None, None)
        assert links(posted) == ("https://t.me/c/1234567890/71", None)
        assert links(topical) == ("https://t.me/c/1234567890/3/72", None)
        await ledger.topic(-1001234567890, 9)
        later = await ledger.order(product_id=PRODUCT)
        await sender.run()
        assert links(later) == (None, "https://t.me/c/1234567890/9")
        await ledger.erase()
        await sender.run()
        assert links(topical) == links(later) == ("", "")

    async def test_stars_are_written_as_stars(self, store: WooCommerce, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=PRODUCT, currency="XTR", price=105, provider="stars")
        await sender.run()
        [written] = store.named(order)
        assert (written["total"], written["currency"], written["meta"]["_arcana_stars"]) == ("105", "XTR", "105")

    async def test_one_person_is_one_customer_in_each_project(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        other = await Ledger.open(ledger.database, key="verbena")
        for one in (ledger, ledger, other):
            await one.order(product_id=PRODUCT)
        assert await sender.run() == 3
        assert {row["email"] for row in store.customers.values()} == {
            f"{ledger.user_id}@telegram.invalid",
            f"{other.user_id}@telegram.invalid",
        }

    async def test_without_its_product_nothing_is_written(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        await ledger.order(product_id=None)
        await ledger.order(product_id=PRODUCT + 1)
        await ledger.order(product_id=PRODUCT, package="luna-ten")
        await sender.run()
        assert (await states(ledger)) == {("waiting", "product_missing"): 2, ("waiting", "product_foreign"): 1}
        assert store.orders == {}

    async def test_the_catalogue_of_now_knows_the_product(
        self, store: WooCommerce, ledger: Ledger, settings: Settings
    ) -> None:
        package = make_package("luna-three", "luna", product_id=PRODUCT)
        library = library_of(
            make_document(projects=[make_project("luna", packages=["luna-three"])], packages=[package])
        )
        connected = store.settings(settings)
        sender = BookSender(connected, load_keyring(connected), ledger.database, lambda: library, timeout=5)
        order = await ledger.order(product_id=77)
        await sender.run()
        assert len(store.named(order)) == 1

    async def test_the_sum_is_compared(self, store: WooCommerce, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=PRODUCT)
        await sender.run()
        store.named(order)[0]["total"] = "1.00"
        async with ledger.database.transaction() as connection:
            await books.enter(connection, project_id=ledger.project_id, order_id=order)
        await sender.run()
        assert (await states(ledger)) == {("waiting", "total_differs"): 1}

    async def test_what_a_dead_request_left_half_made_is_finished(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT)
        await sender.run()
        store.named(order)[0]["status"] = "checkout-draft"
        async with ledger.database.transaction() as connection:
            await books.enter(connection, project_id=ledger.project_id, order_id=order)
        await sender.run()
        assert [row["status"] for row in store.named(order)] == ["completed"]


class TestBadWeather:
    @pytest.mark.parametrize("lost", [1, 2, 3, 5])
    async def test_lost_answers_make_no_second_order(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender, lost: int
    ) -> None:
        orders = [await ledger.order(product_id=PRODUCT) for _ in range(3)]
        store.lost = lost
        for _ in range(8):
            await sender.run()
            await ledger.due()
        assert (await states(ledger)) == {("done", None): 3}
        assert [len(store.named(order)) for order in orders] == [1, 1, 1]
        assert len(store.customers) == 1

    async def test_a_store_that_is_down_is_asked_by_few_and_gets_all(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        orders = [await ledger.order(product_id=PRODUCT) for _ in range(20)]
        store.fault = 503
        await sender.run()
        assert len(store.requests) <= 8
        assert (await states(ledger))["waiting", None] >= 12
        store.fault = None
        for _ in range(3):
            await sender.run()
            await ledger.due()
        assert (await states(ledger)) == {("done", None): 20}
        assert all(len(store.named(order)) == 1 for order in orders)

    async def test_the_first_that_gets_through_wakes_the_others(
        self, database: Database, ledger: Ledger, settings: Settings
    ) -> None:
        async with open_woocommerce() as gone:
            connected = gone.settings(settings)
        away = BookSender(connected, load_keyring(connected), database, empty_library, timeout=5)
        for _ in range(3):
            await ledger.order(product_id=PRODUCT)
        await away.run()
        assert (await states(ledger)) == {("waiting", "unreachable"): 3}
        async with open_woocommerce() as back:
            connected = back.settings(settings)
            sender = BookSender(connected, load_keyring(connected), database, empty_library, timeout=5)
            assert await sender.run() == 0
            await ledger.order(product_id=PRODUCT)
            assert await sender.run() == 1
            assert await sender.run() == 3

    async def test_one_order_that_the_store_breaks_at_holds_nobody_up(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        broken = await ledger.order(product_id=PRODUCT, currency="XXX")
        orders = [await ledger.order(product_id=PRODUCT) for _ in range(5)]
        work = store._order

        def order(body: dict[str, Any]) -> tuple[int, Any]:
            return (500, {"code": "internal"}) if body["currency"] == "XXX" else work(body)

        store._order = order  # type: ignore[method-assign]  # the store of this test breaks at one order
        await sender.run()
        assert (await states(ledger)) == {("waiting", "status"): 1, ("done", None): 5}
        assert store.named(broken) == []
        assert all(store.named(one) for one in orders)

    async def test_without_a_store_lines_wait(self, ledger: Ledger, settings: Settings) -> None:
        await ledger.order(product_id=PRODUCT)
        sender = BookSender(settings, load_keyring(settings), ledger.database, empty_library)
        assert await sender.run() == 0
        assert (await states(ledger)) == {("waiting", None): 1}

    async def test_an_older_plugin_gets_nothing(self, store: WooCommerce, ledger: Ledger, sender: BookSender) -> None:
        store.plugin = False
        await ledger.order(product_id=PRODUCT)
        await sender.run()
        assert (await states(ledger)) == {("waiting", "plugin_old"): 1}
        assert store.orders == {}

    async def test_a_worker_that_died_leaves_its_line_to_another(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT)
        async with ledger.database.transaction() as connection:
            [leased] = await outbox.lease(connection, limit=5)
        assert await sender.run() == 0
        async with ledger.database.connection() as connection:
            await connection.execute("UPDATE book_entries SET leased_until = now() - interval '1 second'")
        assert await sender.run() == 1
        # The first one wakes up late: what it wants to say is not heard any more.
        async with ledger.database.transaction() as connection:
            await outbox.postpone(connection, leased, problem="timeout", delay=outbox.LEASE, remote_id=None)
        assert (await states(ledger)) == {("done", None): 1}
        assert len(store.named(order)) == 1

    async def test_what_is_entered_while_it_is_sent_is_sent_again(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT)
        async with ledger.database.transaction() as connection:
            [leased] = await outbox.lease(connection, limit=5)
        async with ledger.database.transaction() as connection:
            await books.enter(connection, project_id=ledger.project_id, order_id=order)
        async with ledger.database.transaction() as connection:
            await outbox.finish(connection, leased, remote_id=5, store_id=None)
        assert (await states(ledger)) == {("waiting", None): 1}


class TestRefunds:
    async def test_they_come_after_their_order_and_once(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT)
        first, second = await ledger.refund(order, 5000), await ledger.refund(order, 14900)
        store.lost = 3
        for _ in range(8):
            await sender.run()
            await ledger.due()
        [written] = store.named(order)
        assert {row["meta"]["_arcana_refund"]: row["amount"] for row in written["given_back"].values()} == {
            str(first): "50.00",
            str(second): "149.00",
        }
        assert written["status"] == "refunded"
        assert (await states(ledger)) == {("done", None): 3}

    async def test_one_that_has_not_ended_waits(self, store: WooCommerce, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=PRODUCT)
        await ledger.refund(order, 5000, state="sent")
        await sender.run()
        await sender.run()
        assert (await states(ledger)) == {("done", None): 1, ("waiting", None): 1}
        async with ledger.database.connection() as connection:
            await connection.execute("UPDATE refunds SET state = 'done', done_at = now()")
        await ledger.due()
        await sender.run()
        assert len(store.named(order)[0]["given_back"]) == 1

    async def test_one_that_failed_is_taken_out(self, store: WooCommerce, ledger: Ledger, sender: BookSender) -> None:
        order = await ledger.order(product_id=PRODUCT)
        refund = await ledger.refund(order, 19900)
        for _ in range(2):
            await sender.run()
        async with ledger.database.transaction() as connection:
            await connection.execute("UPDATE refunds SET state = 'failed', done_at = NULL")
            await books.enter(connection, project_id=ledger.project_id, order_id=order, refund_id=refund)
        await sender.run()
        [written] = store.named(order)
        assert (written["given_back"], written["status"]) == ({}, "completed")

    async def test_money_that_came_twice_never_stood_there(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        order = await ledger.order(product_id=PRODUCT)
        refund = await ledger.refund(order, 19900, entered=False)
        async with ledger.database.transaction() as connection:
            await connection.execute(
                """
                WITH surplus AS (
                    INSERT INTO payments (id, project_id, order_id, provider, account, state, amount, currency, charge)
                    SELECT gen_random_uuid(), project_id, order_id, provider, account, 'surplus', amount, currency, '2'
                    FROM payments RETURNING id
                )
                UPDATE refunds SET payment_id = (SELECT id FROM surplus) WHERE id = $1
                """,
                refund,
            )
            await books.enter(connection, project_id=ledger.project_id, order_id=order, refund_id=refund)
        for _ in range(2):
            await sender.run()
        assert store.named(order)[0]["given_back"] == {}
        assert (await states(ledger)) == {("done", None): 2}


class TestErasure:
    @pytest.mark.parametrize("may_delete", [True, False])
    async def test_whoever_leaves_leaves_the_store_too(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender, may_delete: bool
    ) -> None:
        store.may_delete_customers = may_delete
        order, second = [await ledger.order(product_id=PRODUCT) for _ in range(2)]
        await sender.run()
        await ledger.erase()
        later = await ledger.order(product_id=PRODUCT)
        # The first two are gone through at once, and both find the customer before either takes him out.
        store.delay = 0.1
        assert await sender.run() == 3
        for one in (order, second, later):
            [written] = store.named(one)
            assert (written["billing"], written["customer_id"]) == ({"first_name": "", "last_name": ""}, 0)
            assert not written["meta"].get("_arcana_telegram_id") and not written["meta"].get("_arcana_username")
            assert written["total"] == "199.00"
        assert [(row["first_name"], row["meta"]["_arcana_telegram_id"]) for row in store.customers.values()] == (
            [] if may_delete else [("", "")]
        )

    async def test_leaving_opens_the_lines_again(self, ledger: Ledger, sender: BookSender) -> None:
        await ledger.order(product_id=PRODUCT)
        await sender.run()
        async with ledger.database.transaction() as connection:
            await payments_erasure.erase(connection, ledger.project_id, ledger.user_id)
        assert (await states(ledger)) == {("waiting", None): 1}


class TestFaults:
    async def test_managers_hear_what_waits_for_them_and_nothing_else(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender
    ) -> None:
        for _ in range(2):
            await ledger.order(product_id=1)
        store.fault = None
        await sender.run()
        await ledger.order(product_id=PRODUCT)
        store.fault = 500
        await sender.run()
        async with ledger.database.connection() as connection:
            found = await book_faults(connection)
        assert [(one.project_key, one.package_key, one.problem, one.count) for one in found] == [
            ("luna", "luna-three", "product_missing", 2)
        ]


class TestPlaces:
    async def test_say_where_an_order_stands(
        self, store: WooCommerce, ledger: Ledger, sender: BookSender, settings: Settings
    ) -> None:
        standing, waiting = await ledger.order(product_id=PRODUCT), await ledger.order(product_id=1)
        other = await Ledger.open(ledger.database, key="verbena")
        foreign = await other.order(product_id=PRODUCT)
        await sender.run()
        async with ledger.database.connection() as connection:
            found = await places(
                connection,
                store.settings(settings),
                project_id=ledger.project_id,
                order_ids=[standing, waiting, foreign],
            )
        number = store.named(standing)[0]["id"]
        assert found.keys() == {standing, waiting}
        assert (found[standing].state, found[standing].url) == (
            "done", f"{store.url}/wp-admin/post.php?post={number}&action=edit",
        )  # fmt: skip
        assert (found[waiting].problem, found[waiting].url) == ("product_missing", None)


class TestCommand:
    async def test_says_what_waits_and_sends_it_again(
        self, ledger: Ledger, sender: BookSender, settings: Settings, capsys: pytest.CaptureFixture[str]
    ) -> None:
        await print_books(settings, again=False)
        await ledger.order(product_id=1)
        await sender.run()
        assert await sender.run() == 0
        await print_books(settings, again=True)
        empty, line = capsys.readouterr().out.strip().splitlines()
        assert empty == "Nothing was sold yet."
        assert line.startswith("waiting (product_missing): 1, since 20")
        async with ledger.database.transaction() as connection:
            assert len(await outbox.lease(connection, limit=5)) == 1
