"""The store is asked once at a time, and whatever it says, the last good catalogue goes on being served."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.catalogue import schema
from app.catalogue.refresh import LEASE
from app.catalogue.repository import CatalogueRepository
from app.catalogue.service import Catalogue
from app.container import load_keyring
from app.kit import json
from app.kit.database import Database
from app.kit.ids import new_id
from app.settings import Settings
from app.telegram.repository import NOTABLE_FAILURES, BotRepository
from tests.catalogue.conftest import Events, open_catalogue
from tests.catalogue.wordpress import WordPress, make_deck, make_project, make_spread, sealed_bot
from tests.payments.books.ledger import Ledger

SECOND = timedelta(seconds=1)


async def public(catalogue: Catalogue, slug: str = "alpha") -> dict[str, Any]:
    body = await catalogue.public(slug, "ru")
    assert body is not None
    value: dict[str, Any] = json.loads(body.identity)
    return value


async def failure(database: Database) -> str | None:
    async with database.connection() as connection:
        found: str | None = await connection.fetchval("SELECT failure FROM catalogue_states WHERE source = 'store'")
    return found


class TestRefresh:
    async def test_takes_the_stores_catalogue(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        assert await catalogue.refresh() == "accepted"
        assert catalogue.library().source == "store"
        assert [project.key for project in catalogue.library().projects] == ["alpha", "beta"]
        assert (await public(catalogue))["project"]["slug"] == "alpha"

    async def test_asks_conditionally(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        assert await catalogue.refresh() == "unchanged"
        assert (wordpress.fetches, wordpress.full_answers) == (2, 1)

    async def test_takes_a_change(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        wordpress.change("v2", spreads=[make_spread("one", cost=7), make_spread("two")])
        assert await catalogue.refresh() == "accepted"
        assert (await public(catalogue))["spreads"][0]["cost"] == 7

    async def test_keeps_the_key_out_of_the_address(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        assert wordpress.last_query == ""
        assert wordpress.last_headers["authorization"].startswith("OAuth ")

    async def test_project_ids_stay(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        before = {project.key: project.id for project in catalogue.library().projects}
        wordpress.change("v2", projects=[make_project("beta"), make_project("gamma"), make_project("alpha")])
        await catalogue.refresh()
        after = {project.key: project.id for project in catalogue.library().projects}
        assert {key: after[key] for key in before} == before
        assert after["gamma"] not in before.values()

    async def test_a_tombstone_removes_the_project_and_a_return_brings_its_id_back(
        self, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        beta = catalogue.library().project_by_key("beta")
        gone = [{"kind": "project", "key": "beta"}]
        wordpress.change("v2", projects=[make_project("alpha")], tombstones=gone)
        await catalogue.refresh()
        assert catalogue.library().project_by_key("beta") is None
        assert await catalogue.public("beta", "ru") is None
        wordpress.change("v3", projects=[make_project("alpha"), make_project("beta")], tombstones=[])
        await catalogue.refresh()
        again = catalogue.library().project_by_key("beta")
        assert beta is not None and again is not None and again.id == beta.id

    async def test_a_draft_is_known_but_not_public(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        wordpress.change("v2", projects=[make_project("alpha", status="draft"), make_project("beta", status="off")])
        await catalogue.refresh()
        assert catalogue.library().project_by_key("alpha") is not None
        for slug in ("alpha", "beta"):
            assert await catalogue.public(slug, "ru") is None
            assert catalogue.library().project_by_slug(slug) is None

    async def test_opens_sealed_tokens(self, store_settings: Settings, wordpress: WordPress) -> None:
        public_key = load_keyring(store_settings).current.public
        wordpress.change("v2", projects=[make_project("alpha", bot=sealed_bot(public_key, "alpha"))])
        async with open_catalogue(store_settings) as catalogue:
            await catalogue.refresh()
            project = catalogue.library().project_by_bot(7000000001)
            assert project is not None and project.bot is not None and project.key == "alpha"
            assert project.bot.token.get_secret_value().startswith("7000000001:SANDBOX_")
            assert "SANDBOX" not in repr(catalogue.library())

    async def test_a_token_in_the_database_is_sealed(
        self, store_settings: Settings, wordpress: WordPress, database: Database
    ) -> None:
        public_key = load_keyring(store_settings).current.public
        wordpress.change("v2", projects=[make_project("alpha", bot=sealed_bot(public_key, "alpha"))])
        async with open_catalogue(store_settings) as catalogue:
            await catalogue.refresh()
        async with database.connection() as connection:
            stored = await connection.fetchval("SELECT document FROM catalogue_documents")
        assert b"SANDBOX" not in stored
        assert b"sealed_token" in stored

    async def test_old_documents_are_dropped(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        for number in range(8):
            wordpress.change(f"n{number}")
            await catalogue.refresh()
        async with database.connection() as connection:
            versions = await connection.fetch("SELECT version FROM catalogue_documents ORDER BY id")
        assert [row["version"] for row in versions] == ["n3", "n4", "n5", "n6", "n7"]


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            500,
            502,
            503,
            404,
            301,
            204,
            b"",
            b"<html>maintenance</html>",
            b'{"schema": 1, "version"',
            b"{}",
            b"[]",
        ],
        ids=repr,
    )
    async def test_the_last_good_one_is_served(
        self, catalogue: Catalogue, wordpress: WordPress, fault: int | bytes
    ) -> None:
        await catalogue.refresh()
        before = await public(catalogue)
        wordpress.fault = fault
        assert await catalogue.refresh() in ("failed", "refused")
        assert await public(catalogue) == before
        wordpress.fault = None
        wordpress.change("v2", spreads=[make_spread("one", cost=4), make_spread("two")])
        assert await catalogue.refresh() == "accepted"
        assert (await public(catalogue))["spreads"][0]["cost"] == 4

    async def test_half_a_document_is_refused(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        before = await public(catalogue)
        whole = json.dumps({**wordpress.document, "version": "v2"})
        wordpress.fault = whole[: len(whole) // 2]
        assert await catalogue.refresh() == "refused"
        assert await public(catalogue) == before

    async def test_an_empty_catalogue_is_refused(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        before = await public(catalogue)
        wordpress.change("v2", projects=[], spreads=[], decks=[])
        assert await catalogue.refresh() == "refused"
        assert await public(catalogue) == before

    async def test_a_refused_document_is_not_fetched_again_and_again(
        self, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        wordpress.change("v2", projects=[])
        await catalogue.refresh()
        await catalogue.refresh()
        assert wordpress.full_answers == 2
        wordpress.change("v1", projects=[make_project("alpha"), make_project("beta")])
        assert await catalogue.refresh() == "unchanged"

    async def test_new_rules_look_at_a_document_again(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        await catalogue.refresh()
        async with database.connection() as connection:
            await connection.execute("UPDATE catalogue_states SET rules = 'of an older release'")
        assert await catalogue.refresh() == "accepted"
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT rules FROM catalogue_states WHERE source = 'store'") == (
                schema.rules_digest()
            )

    async def test_a_wrong_key_is_told_apart(
        self, settings: Settings, wordpress: WordPress, database: Database
    ) -> None:
        wrong = wordpress.settings(settings, woocommerce_consumer_secret="cs_" + "wrong" * 8)
        async with open_catalogue(wrong) as catalogue:
            assert await catalogue.refresh() == "failed"
        assert wordpress.fetches == 0
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT failure FROM catalogue_states WHERE source = 'store'") == (
                "unauthorized"
            )

    async def test_a_store_that_is_not_ready_is_told_apart(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        wordpress.fault, wordpress.fault_body = 503, b'{"code":"arcana_not_ready"}'
        await catalogue.refresh()
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT failure FROM catalogue_states WHERE source = 'store'") == (
                "not_ready"
            )

    async def test_a_store_that_is_away(self, settings: Settings, wordpress: WordPress, unused_tcp_port: int) -> None:
        away = wordpress.settings(settings, woocommerce_url=f"http://127.0.0.1:{unused_tcp_port}")
        async with open_catalogue(away) as catalogue:
            assert await catalogue.refresh() == "failed"
            assert not catalogue.ready

    async def test_an_hour_of_failures_is_told_once_and_so_is_its_end(
        self, catalogue: Catalogue, wordpress: WordPress, events: Events
    ) -> None:
        await catalogue.refresh()
        before = await public(catalogue)
        wordpress.fault = 500
        # Every five seconds for an hour would be 720; the count does not matter after the third.
        for _ in range(60):
            assert await catalogue.refresh() == "failed"
        assert await public(catalogue) == before
        assert events.alerts == ["catalogue refresh is failing; the last good catalogue is served"]
        wordpress.fault = None
        assert await catalogue.refresh() == "unchanged"
        await catalogue.refresh()
        assert events.alerts[1:] == ["catalogue refresh works again"]

    async def test_one_failure_is_no_news(self, catalogue: Catalogue, wordpress: WordPress, events: Events) -> None:
        await catalogue.refresh()
        wordpress.fault = 500
        await catalogue.refresh()
        wordpress.fault = None
        await catalogue.refresh()
        assert events.alerts == []

    async def test_a_refused_document_is_told_at_once_and_an_unchanged_answer_does_not_cure_it(
        self, catalogue: Catalogue, wordpress: WordPress, events: Events
    ) -> None:
        await catalogue.refresh()
        wordpress.change("v2", projects=[])
        for _ in range(4):
            await catalogue.refresh()
        assert len(events.alerts) == 1
        wordpress.fault = 500
        await catalogue.refresh()
        wordpress.fault = None
        await catalogue.refresh()
        assert len(events.alerts) == 1
        wordpress.change("v3", projects=[make_project("alpha"), make_project("beta")])
        await catalogue.refresh()
        assert events.alerts[1:] == ["catalogue refresh works again"]


class TestOneAtATime:
    async def test_processes_that_ask_together_fetch_once(self, store_settings: Settings, wordpress: WordPress) -> None:
        wordpress.delay = 0.2
        async with open_catalogue(store_settings) as first, open_catalogue(store_settings) as second:
            outcomes = await asyncio.gather(*(one.refresh(max_age=SECOND) for one in (first, second, first, second)))
            assert wordpress.fetches == 1
            assert sorted(outcomes) == ["accepted", "fresh", "fresh", "fresh"]
            assert first.library().stamp == second.library().stamp != ""

    async def test_it_holds_without_redis(self, settings: Settings, wordpress: WordPress, unused_tcp_port: int) -> None:
        lonely = wordpress.settings(settings, redis_url=f"redis://127.0.0.1:{unused_tcp_port}")
        wordpress.delay = 0.2
        async with open_catalogue(lonely) as first, open_catalogue(lonely) as second:
            await asyncio.gather(first.refresh(max_age=SECOND), second.refresh(max_age=SECOND))
            assert wordpress.fetches == 1
            assert (await public(second))["project"]["slug"] == "alpha"

    async def test_a_question_asked_later_is_not_answered_by_an_older_fetch(
        self, store_settings: Settings, wordpress: WordPress
    ) -> None:
        wordpress.delay = 0.2
        async with open_catalogue(store_settings) as first, open_catalogue(store_settings) as second:
            earlier = asyncio.create_task(first.refresh())
            await wordpress.asked.wait()
            wordpress.change("v2", spreads=[make_spread("one", cost=9), make_spread("two")])
            await second.refresh()
            await earlier
            assert wordpress.fetches == 2
            assert (await public(second))["spreads"][0]["cost"] == 9

    async def test_polling_waits_for_nobody(self, store_settings: Settings, wordpress: WordPress) -> None:
        wordpress.delay = 0.2
        async with open_catalogue(store_settings) as first, open_catalogue(store_settings) as second:
            asking = asyncio.create_task(first.refresh())
            await wordpress.asked.wait()
            assert await second.refresh(wait=False) == "busy"
            await asking
            assert await second.refresh(max_age=timedelta(seconds=5), wait=False) == "fresh"
            assert wordpress.fetches == 1

    async def test_a_dead_process_does_not_keep_the_lease(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        async with database.connection() as connection:
            repository = CatalogueRepository(connection)
            await repository.state("store")
            dead = await repository.lease("store", new_id(), asked_at=await repository.now(), lifetime=LEASE)
            assert dead not in ("fresh", "busy")
        assert await catalogue.refresh(wait=False) == "busy"
        async with database.connection() as connection:
            await connection.execute("UPDATE catalogue_states SET lease_until = now() - interval '1 s'")
        assert await catalogue.refresh(wait=False) == "accepted"

    async def test_who_lost_the_lease_writes_nothing(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        wordpress.delay = 0.2
        slow = asyncio.create_task(catalogue.refresh())
        await wordpress.asked.wait()
        async with database.connection() as connection:
            await connection.execute("UPDATE catalogue_states SET lease_owner = gen_random_uuid()")
        assert await slow == "busy"
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM catalogue_documents") == 0
            assert await connection.fetchval("SELECT count(*) FROM projects") == 0


class TestReport:
    async def test_wordpress_is_told_of_a_change_once(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        wordpress.change("v2", spreads=[make_spread("one"), make_spread("two", cost=0)])
        await catalogue.refresh()
        await catalogue.refresh()
        assert len(wordpress.reports) == 1
        report = wordpress.reports[0]
        assert report["version"] == "v2"
        assert report["received_at"].endswith("Z")
        assert [(row["kind"], row["key"], row["path"], row["code"]) for row in report["problems"]] == [
            ("spread", "two", "/spreads/1/cost", "schema")
        ]
        assert set(report["problems"][0]["detail"]) == {"ru", "en"}
        wordpress.change("v3", spreads=[make_spread("one"), make_spread("two")])
        await catalogue.refresh()
        assert [report["problems"] for report in wordpress.reports[1:]] == [[]]

    async def test_a_bot_that_does_not_work_is_told_in_words_until_it_does(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        await catalogue.refresh()
        project = catalogue.library().projects[0]
        async with database.connection() as connection:
            await BotRepository(connection, project.id).fail(
                77, webhook_id="w", state="failing", sent={}, settings_hash="h", sealed_token=None,
                error_code="settings_refused", error="", reason="Bad Request: no", check_after=timedelta(minutes=1),
            )  # fmt: skip
        await catalogue.refresh()
        await catalogue.refresh()
        assert len(wordpress.reports) == 2
        (problem,) = wordpress.reports[1]["problems"]
        assert (problem["kind"], problem["key"], problem["path"]) == ("project", project.key, "/bot")
        assert problem["code"] == "bot_settings_refused"
        assert problem["detail"] == {
            "ru": "Telegram отказался принять настройки бота: Bad Request: no",
            "en": "Telegram refused the bot's settings: Bad Request: no",
        }
        async with database.connection() as connection:
            await connection.execute("UPDATE bots SET error_code = NULL")
        await catalogue.refresh()
        assert [report["problems"] for report in wordpress.reports[2:]] == [[]]

    async def test_telegram_away_for_a_moment_is_nobodys_news(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        await catalogue.refresh()
        async with database.connection() as connection:
            for failures in range(NOTABLE_FAILURES):
                await catalogue.refresh()
                assert len(wordpress.reports) == 1, failures
                await BotRepository(connection, catalogue.library().projects[0].id).fail(
                    77, webhook_id="w", state="failing", sent={}, settings_hash="h", sealed_token=None,
                    error_code="telegram_unreachable", error="", reason="", check_after=timedelta(minutes=1),
                )  # fmt: skip
        await catalogue.refresh()
        assert wordpress.reports[1]["problems"][0]["code"] == "bot_telegram_unreachable"

    async def test_orders_that_are_not_in_the_books_are_told_until_they_are(
        self, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        await catalogue.refresh()
        ledger = await Ledger.open(database, key="alpha")
        for _ in range(2):
            await ledger.order(package="ten")
        async with database.connection() as connection:
            await connection.execute("UPDATE book_entries SET problem = 'product_missing'")
        await catalogue.refresh()
        (problem,) = wordpress.reports[1]["problems"]
        assert (problem["kind"], problem["key"], problem["code"]) == ("package", "ten", "book_product_missing")
        assert "не записанных в WooCommerce: 2" in problem["detail"]["ru"]
        async with database.connection() as connection:
            await connection.execute("UPDATE book_entries SET problem = 'unreachable'")
        await catalogue.refresh()
        assert [report["problems"] for report in wordpress.reports[2:]] == [[]]

    async def test_a_report_that_did_not_arrive_is_sent_again_after_a_while(
        self, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        wordpress.report_status = 500
        await catalogue.refresh()
        wordpress.report_status = 200
        await catalogue.refresh()
        assert wordpress.reports == []
        catalogue._refresher._report_at -= 61
        await catalogue.refresh()
        await catalogue.refresh()
        assert [report["version"] for report in wordpress.reports] == ["v1"]

    async def test_a_refused_document_is_explained(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        await catalogue.refresh()
        wordpress.fault = b"<html>"
        await catalogue.refresh()
        assert wordpress.reports[-1]["version"] == "unknown"
        assert [row["kind"] for row in wordpress.reports[-1]["problems"]] == ["document"]
        wordpress.fault = None
        wordpress.change("v2", decks=[make_deck("small", cards=[])])
        await catalogue.refresh()
        assert wordpress.reports[-1]["version"] == "v2"
        assert {row["kind"] for row in wordpress.reports[-1]["problems"]} == {"deck", "document"}
