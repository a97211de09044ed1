"""Every storage may be away: what is warm goes on, what is cold finds another way, and news arrive all the same."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from app.catalogue import cache, service
from app.catalogue.service import Catalogue
from app.errors import Unavailable
from app.kit import json
from app.kit.database import Database
from app.settings import Settings
from tests.catalogue.conftest import open_catalogue
from tests.catalogue.proxy import Proxy, in_front_of
from tests.catalogue.wordpress import WordPress, make_project, make_spread


@asynccontextmanager
async def behind_proxies(settings: Settings) -> AsyncIterator[tuple[Settings, Proxy, Proxy]]:
    """Settings that lead through a proxy of Postgres and one of Redis."""
    async with (
        in_front_of(settings.database_url) as (postgres, database_url),
        in_front_of(settings.redis_url) as (redis, redis_url),
    ):
        changed = settings.model_copy(update={"database_url": database_url, "redis_url": redis_url})
        yield changed, postgres, redis


async def cost(catalogue: Catalogue, slug: str = "alpha") -> int:
    body = await catalogue.public(slug, "ru")
    assert body is not None
    value: int = json.loads(body.identity)["spreads"][0]["cost"]
    return value


async def eventually(check: Callable[[], Awaitable[bool]], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not await check():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


class TestColdStart:
    async def test_without_a_store_the_demo_is_served(self, settings: Settings) -> None:
        async with open_catalogue(settings) as catalogue:
            await catalogue.start()
            assert catalogue.library().source == "demo"
            assert await catalogue.public("luna", "ru") is not None

    async def test_redis_dead_loads_from_postgres(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress, unused_tcp_port: int
    ) -> None:
        await catalogue.refresh()
        wordpress.fault = 500
        lonely = store_settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{unused_tcp_port}"})
        async with open_catalogue(lonely) as cold:
            await cold.start(refreshing=False)
            assert await cost(cold) == 1

    async def test_postgres_dead_loads_from_redis(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        async with behind_proxies(store_settings) as (settings, postgres, _):
            postgres.cut()
            async with open_catalogue(settings) as cold:
                await cold.start(refreshing=False)
                assert await cost(cold) == 1
                assert cold.library() == catalogue.library()

    async def test_both_dead_comes_up_later(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        async with behind_proxies(store_settings) as (settings, postgres, redis):
            postgres.cut()
            redis.cut()
            async with open_catalogue(settings) as cold:
                await cold.start(refreshing=False)
                assert not cold.ready
                assert await cold.public("alpha", "ru") is None
                postgres.restore()

                async def ready() -> bool:
                    return cold.ready

                await eventually(ready)
                assert await cost(cold) == 1

    async def test_a_damaged_snapshot_in_redis_is_no_catalogue(
        self, store_settings: Settings, redis: Redis, unused_tcp_port: int
    ) -> None:
        damaged = {"epoch": "store-x", "revision": "1", "body": b"\x00\x01"}
        await redis.hset(cache.SNAPSHOT, mapping=damaged)
        away = store_settings.model_copy(update={"database_url": f"postgresql://x:y@127.0.0.1:{unused_tcp_port}/z"})
        async with open_catalogue(away) as cold:
            await cold.start(refreshing=False)
            assert not cold.ready


class TestWarmProcess:
    async def test_both_dead_goes_on(self, store_settings: Settings, wordpress: WordPress) -> None:
        async with (
            behind_proxies(store_settings) as (settings, postgres, redis),
            open_catalogue(settings) as warm,
        ):
            await warm.start()
            assert await cost(warm) == 1
            postgres.cut()
            redis.cut()
            await warm.reload()
            assert await cost(warm) == 1
            # Never asked for before: it is built from the library in this process.
            assert await warm.deck("beta", "small", "en") is not None
            with pytest.raises(Unavailable):
                await warm.refresh()

    async def test_a_frozen_redis_costs_little(self, store_settings: Settings, wordpress: WordPress) -> None:
        async with (
            behind_proxies(store_settings) as (settings, _, redis),
            open_catalogue(settings, memory=False) as catalogue,
        ):
            await catalogue.refresh()
            redis.freeze()
            started = time.monotonic()
            for _ in range(20):
                assert await cost(catalogue) == 1
            assert time.monotonic() - started < 3
            redis.restore()

    async def test_without_memory_the_bytes_come_from_redis(
        self, store_settings: Settings, wordpress: WordPress, redis: Redis
    ) -> None:
        async with open_catalogue(store_settings, memory=False) as catalogue:
            await catalogue.refresh()
            made = await catalogue.public("alpha", "ru")
            assert made is not None
            key = f"arcana:catalogue:body:{catalogue.library().stamp}:alpha:ru"
            assert await redis.get(key) == made.pack()
            assert not catalogue.warm

    async def test_finished_bytes_are_put_into_redis_ahead_of_time(
        self, catalogue: Catalogue, wordpress: WordPress, redis: Redis
    ) -> None:
        await catalogue.refresh()
        stamp = catalogue.library().stamp
        expected = {
            f"arcana:catalogue:body:{stamp}:{project}:{lang}{deck}"
            for project in ("alpha", "beta")
            for lang in ("ru", "en")
            for deck in ("", ":deck:small")
        }
        assert {name.decode() for name in await redis.keys("arcana:catalogue:body:*")} == expected


class TestNews:
    async def test_a_change_reaches_the_other_process_at_once(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        async with open_catalogue(store_settings) as other:
            await catalogue.refresh()
            await other.start(refreshing=False)
            assert await cost(other) == 1
            wordpress.change("v2", spreads=[make_spread("one", cost=6), make_spread("two")])
            await catalogue.refresh()

            async def changed() -> bool:
                return await cost(other) == 6

            await eventually(changed, seconds=1)

    async def test_a_change_arrives_without_redis(
        self, settings: Settings, wordpress: WordPress, unused_tcp_port: int
    ) -> None:
        lonely = wordpress.settings(settings, redis_url=f"redis://127.0.0.1:{unused_tcp_port}")
        async with open_catalogue(lonely) as writer, open_catalogue(lonely) as other:
            await writer.refresh()
            await other.start(refreshing=False)
            assert await cost(other) == 1
            wordpress.change("v2", spreads=[make_spread("one", cost=6), make_spread("two")])
            await writer.refresh()

            async def changed() -> bool:
                return await cost(other) == 6

            await eventually(changed)

    async def test_news_missed_during_an_outage_are_caught_up_on(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        async with behind_proxies(store_settings) as (settings, _, redis), open_catalogue(settings) as other:
            await other.start(refreshing=False)
            assert await cost(other) == 1
            redis.cut()
            wordpress.change("v2", spreads=[make_spread("one", cost=6), make_spread("two")])
            await catalogue.refresh()
            redis.restore()

            async def changed() -> bool:
                return await cost(other) == 6

            await eventually(changed)

    async def test_polling_finds_a_change_that_nobody_announced(self, settings: Settings, wordpress: WordPress) -> None:
        async with open_catalogue(wordpress.settings(settings, catalogue_poll_seconds=0.1)) as catalogue:
            await catalogue.start()
            assert await cost(catalogue) == 1
            wordpress.change("v2", spreads=[make_spread("one", cost=6), make_spread("two")])

            async def changed() -> bool:
                return await cost(catalogue) == 6

            await eventually(changed, seconds=2)

    async def test_listeners_hear_of_a_new_library(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        heard: list[str] = []
        catalogue.on_change(lambda library: heard.append(library.version))
        await catalogue.refresh()
        await catalogue.refresh()
        assert heard == ["v1"]

    async def test_an_older_snapshot_never_replaces_a_newer_one_in_redis(
        self, catalogue: Catalogue, wordpress: WordPress, redis: Redis
    ) -> None:
        await catalogue.refresh()
        store = cache.CatalogueCache(redis)
        old = await store.snapshot()
        wordpress.change("v2")
        await catalogue.refresh()
        assert old is not None
        await store.put_snapshot(old)
        assert await store.stamp() == catalogue.library().stamp


class TestIsolation:
    async def test_a_change_in_one_project_leaves_the_other_ones_bytes_alone(
        self, catalogue: Catalogue, wordpress: WordPress
    ) -> None:
        await catalogue.refresh()
        before = {slug: await catalogue.public(slug, "ru") for slug in ("alpha", "beta")}
        wordpress.change("v2", projects=[make_project("alpha", free_readings=9), make_project("beta")])
        await catalogue.refresh()
        after = {slug: await catalogue.public(slug, "ru") for slug in ("alpha", "beta")}
        assert after["alpha"] != before["alpha"]
        assert after["beta"] == before["beta"]

    async def test_nothing_of_another_project_is_in_the_bytes(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        wordpress.change("v2", projects=[make_project("alpha"), make_project("beta", spreads=["two"])])
        await catalogue.refresh()
        body = await catalogue.public("alpha", "ru")
        assert body is not None
        assert b"beta" not in body.identity
        assert b'"two"' not in body.identity

    async def test_a_deck_of_another_project_is_not_to_be_had(self, catalogue: Catalogue, wordpress: WordPress) -> None:
        wordpress.change("v2", projects=[make_project("alpha"), make_project("beta", decks=[])])
        await catalogue.refresh()
        assert await catalogue.deck("alpha", "small", "ru") is not None
        assert await catalogue.deck("beta", "small", "ru") is None

    async def test_the_demo_gives_way_to_a_store_and_never_comes_back(
        self, settings: Settings, wordpress: WordPress
    ) -> None:
        async with open_catalogue(settings) as demo:
            await demo.start()
            assert demo.library().source == "demo"
        async with open_catalogue(wordpress.settings(settings)) as connected:
            await connected.refresh()
            assert connected.library().source == "store"
            assert await connected.public("luna", "ru") is None
        async with open_catalogue(settings) as disconnected:
            await disconnected.start()
            assert await disconnected.refresh() == "nothing"
            assert disconnected.library().source == "store"


class TestStart:
    async def test_a_slow_store_does_not_keep_the_process_from_starting(
        self, store_settings: Settings, wordpress: WordPress, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(service, "FIRST_REFRESH_SECONDS", 0.1)
        wordpress.delay = 0.6
        async with open_catalogue(store_settings) as catalogue:
            started = time.monotonic()
            await catalogue.start()
            assert time.monotonic() - started < 0.5
            assert not catalogue.ready

            async def ready() -> bool:
                return catalogue.ready

            await eventually(ready)
            assert await cost(catalogue) == 1

    async def test_a_process_that_stops_gives_its_lease_back(
        self, store_settings: Settings, wordpress: WordPress
    ) -> None:
        wordpress.delay = 5
        async with open_catalogue(store_settings) as first, open_catalogue(store_settings) as second:
            asking = asyncio.create_task(first.refresh())
            await wordpress.asked.wait()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            wordpress.delay = 0
            assert await second.refresh(wait=False) == "accepted"

    async def test_a_stored_document_of_another_release_is_replaced(
        self, store_settings: Settings, catalogue: Catalogue, wordpress: WordPress, database: Database
    ) -> None:
        await catalogue.refresh()
        async with database.connection() as connection:
            await connection.execute('UPDATE catalogue_documents SET document = \'{"version":"v1","projects":[{}]}\'')
            await connection.execute("UPDATE catalogue_states SET rules = 'of that release', revision = revision + 1")
        async with open_catalogue(store_settings) as started:
            await started.start()
            assert await cost(started) == 1
