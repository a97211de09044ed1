"""Workers die, stop and leave in the middle of a text; another one takes over, and the reading is charged once."""

import signal
from typing import Any

from app.worker.port import enqueue
from tests.conftest import Api, open_worker
from tests.faults.conftest import Weather, draw
from tests.faults.reader import reading_aloud
from tests.readings.test_draw import anyone_recomputes
from tests.weather import Process, running

PAID_ONCE = "SELECT count(*) FROM wallet_entries WHERE kind = 'reading'"


class TestKilled:
    async def test_another_one_takes_over_and_it_is_charged_once(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(40)
        person = await stormy.sign_in()
        before = await person.wallet()
        async with running(Process("worker", weather.calm, weather.folder / "worker.log")) as first:
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 100)
                async with open_worker(weather.settings):
                    await first.kill()
                    weather.model.pace(1000)
                    await reader.until(lambda seen: seen.ended)
        assert reader.done is not None
        assert (reader.done["offline"], reader.resets, weather.model.calls) == (False, 1, 2)
        assert (await person.wallet())["balance"] == before["balance"] - 1
        assert await weather.value(PAID_ONCE) == 1

    async def test_a_text_that_had_begun_anew_is_not_mixed_with_the_next_workers(
        self, weather: Weather, stormy: Api
    ) -> None:
        """The dead worker's second attempt was on screens before any checkpoint knew of it."""
        weather.model.pace(400)
        weather.model.order("cut_midway", times=1)
        person = await stormy.sign_in()
        async with running(weather.forked()) as first:
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: seen.resets == 1 and len(seen.text) > 60)
                await first.kill()
                # What the next one writes differs, as a model's texts do.
                weather.model.order("wrong_language")
                async with open_worker(weather.settings):
                    await reader.until(lambda seen: seen.ended)
        assert reader.done is not None
        assert reader.done["offline"] is True
        assert reader.resets == 2

    async def test_five_deaths_in_a_row_fail_the_reading_and_give_back_its_hold(
        self, weather: Weather, stormy: Api
    ) -> None:
        weather.model.order("hang_first")
        patient = weather.calm.model_copy(update={"model_first_token_seconds": 60.0})
        person = await stormy.sign_in()
        before = await person.wallet()
        path = await draw(person)

        async def look_for_the_abandoned() -> None:
            # The next tick of the beat would do it; the lease is what time ends.
            async with stormy.database.transaction() as connection:
                await connection.execute("UPDATE generations SET lease_until = now() WHERE state = 'running'")
                await enqueue(connection, "readings.recover")

        async with reading_aloud(person, f"{path}/interpretation") as reader:
            for death in range(1, 6):
                async with running(weather.forked(patient)) as worker:
                    await weather.model.called(death)
                    await worker.kill()
                await look_for_the_abandoned()
            async with open_worker(patient):
                await reader.until(lambda seen: seen.ended)
        assert reader.error == {
            "error": "interpretation_failed",
            "detail": "The interpretation failed; nothing was charged.",
        }
        assert weather.model.calls == 5
        assert (await person.get(path)).json()["state"] == "failed"
        assert await person.wallet() == before
        proof = (await person.get(f"{path}/proof")).json()
        commitment, order, _ = anyone_recomputes(proof)
        assert commitment == proof["commitment"]
        assert [order[place] for place in proof["picks"]] == [card["card"] for card in proof["drawn"]]


class TestStopped:
    async def test_one_that_wakes_up_after_its_lease_changes_nothing(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(40)
        person = await stormy.sign_in()
        async with running(weather.forked()) as sleeper:
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 100)
                sleeper.signal(signal.SIGSTOP)
                weather.model.pace(1000)
                async with open_worker(weather.settings):
                    await reader.until(lambda seen: seen.ended)
                    assert reader.resets == 1
                    before = await self.state(weather)
                    sleeper.signal(signal.SIGCONT)
                    await sleeper.said("lost the lease of a text")
            assert await self.state(weather) == before
            assert (await person.get(path)).json()["interpretation"]["text"] == (reader.done or {})["text"]
        assert await weather.value(PAID_ONCE) == 1

    async def state(self, weather: Weather) -> list[Any]:
        return [
            await weather.fetch("SELECT * FROM generations"),
            await weather.fetch("SELECT * FROM wallet_entries ORDER BY id"),
            await weather.fetch("SELECT * FROM wallets ORDER BY user_id, unit"),
        ]


class TestTerminated:
    async def test_it_hands_over_at_once(self, weather: Weather, stormy: Api) -> None:
        weather.model.pace(40)
        # With such a lease only a hand-over lets another one begin in time.
        settings = weather.calm.model_copy(update={"generation_lease_seconds": 600.0})
        person = await stormy.sign_in()
        async with running(weather.forked(settings)) as first:
            path = await draw(person)
            async with reading_aloud(person, f"{path}/interpretation") as reader:
                await reader.until(lambda seen: len(seen.text) > 100)
                weather.model.pace(1000)
                async with open_worker(settings):
                    first.signal(signal.SIGTERM)
                    await weather.model.called(2, seconds=5)
                    assert await first.wait() == 0
                    await reader.until(lambda seen: seen.ended)
        assert reader.done is not None
        assert (reader.done["offline"], reader.resets) == (False, 1)
        # Being stopped is no fault of the text.
        assert await weather.value("SELECT claims FROM generations") == 1
        assert await weather.value(PAID_ONCE) == 1
