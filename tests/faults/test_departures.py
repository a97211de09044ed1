"""Users leave, or delete, while their text is being written: nothing hangs on, and the books stay right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx

from tests.conftest import Api, Person, open_worker
from tests.factories import set_balances
from tests.faults.conftest import Weather, draw, wait_for_state
from tests.faults.reader import Reader
from tests.weather import until

ERASE = {"confirm": True}


@asynccontextmanager
async def blocked(weather: Weather, statement: str) -> AsyncIterator[None]:
    """Holds what `statement` locks for as long as the block lasts, so that two others meet behind it."""
    connection = await asyncpg.connect(weather.url)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(statement)
    try:
        yield
    finally:
        await transaction.rollback()
        await connection.close()


async def waiting(weather: Weather, number: int) -> None:
    """Until so many statements wait for a lock."""

    async def look() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return int(await weather.value(query)) >= number

    await until(look, what=f"{number} statements that wait")


async def nothing_left(weather: Weather) -> None:
    async def look() -> bool:
        return await weather.value("SELECT count(*) FROM readings") == 0 and weather.model.desk.active == 0

    await until(look, what="the end of all traces")


async def ask(person: Person, path: str) -> httpx.Response:
    return await person.post(
        f"{path}/questions", json={"text": "А что мне сделать?"}, headers={"Idempotency-Key": uuid4().hex}
    )


class TestErasure:
    async def test_in_the_middle_of_a_text_it_ends_the_text(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(40)
        person = await stormy.sign_in()
        async with open_worker(weather.settings):
            path = await draw(person)
            reader = Reader()
            visit = asyncio.create_task(reader.visit(stormy, person, f"{path}/interpretation"))
            await reader.until(lambda seen: len(seen.text) > 60)
            erased = await person.delete("/api/v1/me", json=ERASE)
            assert erased.status_code == 200, erased.text
            # The stream ends without a word, and the model is hung up on.
            await asyncio.wait_for(visit, 10)
            assert not reader.ended
            await nothing_left(weather)
        assert (await person.get("/api/v1/me")).status_code == 401
        assert erased.json() == {"forfeited": {"readings": 5, "follow_ups": 0}}
        assert await weather.fetch("SELECT 1 FROM wallets WHERE balance <> 0 OR held <> 0") == []

    async def test_it_meets_the_end_of_the_text(self, weather: Weather, stormy: Api) -> None:
        """The worker settles while the erasure deletes: one comes first, neither fails."""
        person = await stormy.sign_in()
        await draw(person)
        async with AsyncExitStack() as working:
            async with blocked(weather, "SELECT FROM wallets FOR UPDATE"):
                await working.enter_async_context(open_worker(weather.settings))
                await waiting(weather, 1)
                erasing = asyncio.create_task(person.delete("/api/v1/me", json=ERASE))
                await waiting(weather, 2)
            answer = await erasing
            assert answer.status_code == 200, answer.text
            await nothing_left(weather)

    async def test_it_meets_the_start_of_another_reading(self, weather: Weather, stormy: Api) -> None:
        """Whichever is first, no reading and no hold of somebody who left stays behind."""
        person = await stormy.sign_in()
        async with blocked(weather, "LOCK TABLE readings IN SHARE ROW EXCLUSIVE MODE"):
            starting = asyncio.create_task(person.start())
            await waiting(weather, 1)
            erasing = asyncio.create_task(person.delete("/api/v1/me", json=ERASE))
            await waiting(weather, 2)
        started, erased = await asyncio.gather(starting, erasing)
        assert (started.status_code, erased.status_code) == (201, 200), (started.text, erased.text)
        await nothing_left(weather)
        assert (await person.start()).status_code == 401

    async def test_it_meets_the_refresh_of_the_session(self, weather: Weather, stormy: Api) -> None:
        person = await stormy.sign_in()
        body = {"refresh_token": person.session["refresh_token"]}
        async with blocked(weather, "SELECT FROM users FOR UPDATE"):
            refreshing = asyncio.create_task(stormy.client.post("/api/v1/auth/refresh", json=body))
            await waiting(weather, 1)
            erasing = asyncio.create_task(person.delete("/api/v1/me", json=ERASE))
            await waiting(weather, 2)
        refreshed, erased = await asyncio.gather(refreshing, erasing)
        assert (refreshed.status_code, erased.status_code) == (200, 200), (refreshed.text, erased.text)
        body = {"refresh_token": refreshed.json()["refresh_token"]}
        assert (await stormy.client.post("/api/v1/auth/refresh", json=body)).status_code == 401


class TestDeletion:
    async def test_in_the_middle_of_a_text_it_is_charged_once_and_gone(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(100)
        person = await stormy.sign_in()
        before = await person.wallet()
        async with open_worker(weather.settings):
            path = await draw(person)
            reader = Reader()
            visit = asyncio.create_task(reader.visit(stormy, person, f"{path}/interpretation"))
            await reader.until(lambda seen: len(seen.text) > 60)
            assert (await person.delete(path)).status_code == 204
            assert (await person.get(path)).status_code == 404
            await asyncio.wait_for(visit, 15)
            await nothing_left(weather)
        assert (await person.wallet())["balance"] == before["balance"] - 1

    async def test_during_a_paid_answer_the_answer_is_charged_and_all_is_gone(
        self, weather: Weather, stormy: Api
    ) -> None:
        person = await stormy.sign_in()
        async with open_worker(weather.settings):
            path = await draw(person)
            await wait_for_state(person, path, "finished")
            await weather.fetch("UPDATE readings SET free_follow_ups = 0")
            async with stormy.database.transaction() as connection:
                await set_balances(connection, unit="follow_ups", balance=2)
            weather.model.pace(100)
            asked = await ask(person, path)
            assert asked.status_code == 201, asked.text
            assert asked.json()["wallet"]["follow_ups"] == {"balance": 2, "held": 1, "available": 1}
            await weather.model.called(2)
            assert (await person.delete(path)).status_code == 204
            assert (await person.get("/api/v1/readings")).json()["items"] == []
            await nothing_left(weather)
        wallet = (await person.get("/api/v1/me")).json()["wallet"]["follow_ups"]
        assert (wallet["balance"], wallet["held"], wallet["available"]) == (1, 0, 1)
