"""Postgres drops its connections or cannot be reached: 503 in our shape, no 500, and all goes on by itself."""

import asyncio

import pytest

from tests.conftest import Api, Person, open_api, open_worker
from tests.faults.conftest import Weather, draw, wait_for_state
from tests.faults.reader import reading_aloud
from tests.weather import until


async def answers_again(person: Person) -> None:
    async def look() -> bool:
        answer = await person.get("/api/v1/me")
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await until(look, seconds=8, what="an answer")


class TestKilledBackends:
    async def test_a_text_is_read_and_saved_all_the_same(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(300)
        person = await stormy.sign_in()
        before = await person.wallet()
        async with open_worker(weather.settings):
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                for length in (40, 300, 600):
                    await reader.until(lambda seen, length=length: len(seen.text) > length)
                    assert await weather.kill_backends() > 2
                await reader.until(lambda seen: seen.ended)
            assert reader.done is not None
            assert (reader.done["offline"], reader.resets, weather.model.calls) == (False, 0, 1)
            await answers_again(person)
            assert (await person.wallet())["balance"] == before["balance"] - 1
            # The queue works on after its connections were killed.
            path = await draw(person)
            await wait_for_state(person, path, "finished")

    async def test_requests_meet_it_with_200_or_503(self, weather: Weather, stormy: Api) -> None:
        people = [await stormy.sign_in(telegram_id=number) for number in range(1, 5)]
        seen: set[int] = set()

        async def live(person: Person) -> None:
            for _ in range(12):
                seen.add((await person.get("/api/v1/me")).status_code)
                seen.add((await person.start("card-of-the-day")).status_code)

        async def kill() -> None:
            for _ in range(6):
                await weather.kill_backends()
                await asyncio.sleep(0.03)

        await asyncio.gather(kill(), *(live(person) for person in people))
        assert seen <= {200, 201, 402, 503}
        await answers_again(people[0])

    async def test_a_start_that_was_cut_off_is_repeated_with_its_key(self, weather: Weather, stormy: Api) -> None:
        """Whether the first one was committed nobody knows; the key makes it one reading."""
        person = await stormy.sign_in()
        for number in range(4):
            key = f"the-same-key-{number}"
            starting = asyncio.create_task(person.start("card-of-the-day", key=key))
            await asyncio.sleep(0.002 * number)
            await weather.kill_backends()
            first = await starting
            assert first.status_code in (201, 503), first.text

            async def look(key: str = key) -> str | None:
                again = await person.start("card-of-the-day", key=key)
                assert again.status_code in (201, 503), again.text
                return str(again.json()["id"]) if again.status_code == 201 else None

            identity = await until(look)
            assert first.status_code == 503 or first.json()["id"] == identity
        assert (await person.wallet())["held"] == 4


class TestUnreachable:
    async def test_what_needs_it_answers_503_and_the_catalogue_is_served(self, weather: Weather, stormy: Api) -> None:
        person = await stormy.sign_in()
        path = await draw(person)
        weather.postgres.refuse()
        for method, address, body in (
            ("GET", "/api/v1/me", None),
            ("PATCH", "/api/v1/me", {"reversals": False}),
            ("DELETE", "/api/v1/me", {"confirm": True}),
            ("GET", "/api/v1/readings", None),
            ("POST", "/api/v1/readings", {"spread": "three-cards"}),
            ("GET", path, None),
            ("DELETE", path, None),
            ("GET", f"{path}/interpretation", None),
            ("GET", f"{path}/proof", None),
            ("POST", f"{path}/feedback", {"rating": "good"}),
            ("POST", f"{path}/questions", {"text": "Почему?"}),
            ("POST", "/api/v1/auth/refresh", {"refresh_token": person.session["refresh_token"]}),
        ):
            answer = await person.request(method, address, json=body, headers={"Idempotency-Key": "0123456789"})
            assert answer.status_code == 503, (method, address, answer.text)
            assert answer.json()["error"] == "unavailable"
            assert set(answer.json()) >= {"error", "detail"}
        for address in ("/api/v1/projects/luna/catalogue", "/api/v1/projects/verbena/catalogue?lang=en", "/healthz"):
            assert (await stormy.client.get(address)).status_code == 200
        ready = await stormy.client.get("/readyz")
        assert (ready.status_code, ready.json()["database"], ready.json()["catalogue"]) == (503, False, True)
        await weather.postgres.open()
        await answers_again(person)
        assert (await person.get(path)).json()["state"] == "interpreting"

    @pytest.mark.parametrize("when", ["midway", "at its end"])
    async def test_a_text_waits_for_it_and_is_charged_once(self, weather: Weather, stormy: Api, when: str) -> None:
        weather.model.pace(100 if when == "midway" else 1000)
        person = await stormy.sign_in()
        before = await person.wallet()
        # Long enough for the outage: what is tested is that the writer waits, not that another one takes over.
        settings = weather.settings.model_copy(update={"generation_lease_seconds": 30.0})
        async with open_worker(settings):
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 60)
                weather.postgres.refuse()
                if when == "midway":
                    length = len(reader.text)
                    # Redis alone carries the text.
                    await reader.until(lambda seen: len(seen.text) > length + 100)
                else:
                    await until(lambda: idle(weather), what="the end of the model's text")
                await weather.postgres.open()
                await reader.until(lambda seen: seen.ended)
        assert reader.done is not None
        assert (reader.done["offline"], reader.resets, weather.model.calls) == (False, 0, 1)
        await answers_again(person)
        assert (await person.wallet())["balance"] == before["balance"] - 1

    async def test_api_and_worker_that_start_without_it_come_up_by_themselves(self, weather: Weather) -> None:
        weather.postgres.refuse()
        async with open_api(weather.settings) as api, open_worker(weather.settings):
            refused = await api.client.post(
                "/api/v1/projects/luna/auth/telegram", json={"init_data": "query_id=1&hash=2"}
            )
            assert refused.status_code in (404, 503)
            await weather.postgres.open()

            async def ready() -> bool:
                return (await api.client.get("/readyz")).status_code == 200

            await until(ready, seconds=8, what="readiness")
            person = await api.sign_in()
            path = await draw(person)
            await wait_for_state(person, path, "finished")


async def idle(weather: Weather) -> bool:
    return weather.model.calls == 1 and weather.model.desk.active == 0
