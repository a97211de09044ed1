"""Redis is gone or frozen: all works, by checkpoints and in each process alone, and nothing waits for it long."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.conftest import Api, Person, open_api, open_worker
from tests.faults.conftest import Weather, draw
from tests.faults.reader import Reader, reading_aloud
from tests.weather import Proxy, until

# Nobody waits longer than this for an answer, and no text stands still for longer than the other.
ANSWER_SECONDS = 4.0
SILENCE_SECONDS = 6.0


def worsen(redis: Proxy, kind: str) -> None:
    redis.refuse() if kind == "gone" else redis.freeze()


async def mend(redis: Proxy) -> None:
    await redis.open()
    redis.thaw()


@asynccontextmanager
async def in_time(what: str) -> AsyncIterator[None]:
    started = time.monotonic()
    yield
    elapsed = time.monotonic() - started
    assert elapsed < ANSWER_SECONDS, f"{what} took {elapsed:.1f} s"


async def whole_way(api: Api, *, telegram_id: int) -> tuple[Person, str]:
    """Everything before the stream, each answer in time."""
    async with in_time("sign-in"):
        person = await api.sign_in(telegram_id=telegram_id)
    for path in ("/api/v1/me", "/api/v1/readings", "/api/v1/projects/luna/catalogue?lang=en"):
        async with in_time(path):
            answer = await person.get(path)
        assert answer.status_code == 200, answer.text
    async with in_time("the cards"):
        path = await draw(person)
    return person, path


async def read_to_the_end(person: Person, path: str) -> Reader:
    async with reading_aloud(person, f"{path}/interpretation") as reader:
        await reader.until(lambda seen: seen.ended)
    assert reader.done is not None
    assert reader.longest_silence < SILENCE_SECONDS
    assert reader.refusals == []
    return reader


async def redis_is_up(api: Api) -> bool:
    return (await api.client.get("/readyz")).json()["redis"] and api.services.listener.connected


@pytest.mark.parametrize("kind", ["gone", "frozen"])
class TestFromTheStart:
    async def test_the_whole_way_works_and_takes_up_redis_when_it_comes(self, weather: Weather, kind: str) -> None:
        worsen(weather.redis, kind)
        weather.model.pace(200)
        async with open_api(weather.settings) as api, open_worker(weather.settings):
            person, path = await whole_way(api, telegram_id=1)
            first = await read_to_the_end(person, path)
            assert first.resets == 0
            assert (first.visits, first.done is not None and first.done["offline"]) == (1, False)
            await mend(weather.redis)
            await until(lambda: redis_is_up(api), seconds=8, what="Redis")
            person, path = await whole_way(api, telegram_id=2)
            second = await read_to_the_end(person, path)
            assert second.resets == 0


@pytest.mark.parametrize("kind", ["gone", "frozen"])
class TestInTheMiddle:
    async def test_a_stream_goes_on_by_checkpoints(self, weather: Weather, stormy: Api, kind: str) -> None:
        weather.model.pace(300)
        person = await stormy.sign_in()
        async with open_worker(weather.settings):
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 100)
                worsen(weather.redis, kind)
                other, other_path = await whole_way(stormy, telegram_id=2)
                await read_to_the_end(other, other_path)
                await reader.until(lambda seen: seen.ended)
            assert (reader.visits, reader.resets, reader.refusals) == (1, 0, [])
            assert reader.longest_silence < SILENCE_SECONDS

    async def test_a_stream_lives_through_an_outage(self, weather: Weather, stormy: Api, kind: str) -> None:
        weather.model.pace(100)
        person = await stormy.sign_in()
        async with open_worker(weather.settings):
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 60)
                worsen(weather.redis, kind)
                seen = len(reader.text)
                await reader.until(lambda reader: len(reader.text) > seen + 150)
                await mend(weather.redis)
                await reader.until(lambda seen: seen.ended)
            assert (reader.visits, reader.resets, reader.refusals) == (1, 0, [])


class TestLimits:
    @pytest.mark.parametrize("kind", ["gone", "frozen"])
    async def test_each_process_counts_for_itself(self, weather: Weather, kind: str) -> None:
        worsen(weather.redis, kind)
        settings = weather.settings.model_copy(update={"rate_limit_readings_per_minute": 3})
        async with open_api(settings) as api:
            person = await api.sign_in()
            answers = [await person.start("card-of-the-day") for _ in range(4)]
            # A window may turn in the middle, but never are four let through in a row and a fifth as well.
            answers += [await person.start("card-of-the-day") for _ in range(3)]
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) <= {201, 402, 429}
        assert 429 in statuses
        refused = answers[statuses.index(429)]
        assert refused.json()["error"] == "rate_limited"
        assert int(refused.headers["retry-after"]) == refused.json()["retry_after"] > 0


class TestManyStreams:
    async def test_many_that_open_on_a_frozen_redis_do_not_queue_up(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(200)
        async with open_worker(weather.settings):
            people = [await stormy.sign_in(telegram_id=number) for number in range(1, 6)]
            weather.redis.freeze()
            paths = [await draw(person) for person in people]
            readers = await asyncio.gather(
                *(read_to_the_end(person, path) for person, path in zip(people, paths, strict=True))
            )
        assert all(reader.visits == 1 for reader in readers)
