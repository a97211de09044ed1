"""The client is what fails: it leaves, comes back elsewhere, or never looks at all."""

import asyncio
from contextlib import suppress

from app.kit.telemetry import OPEN_STREAMS
from tests.conftest import Api, Person, open_api, open_worker
from tests.faults.conftest import Weather, draw, wait_for_state
from tests.faults.reader import Reader
from tests.weather import until


async def leave_midway(reader: Reader, person: Person, path: str, *, characters: int) -> None:
    """Closes the socket once so much has been read."""
    visit = asyncio.create_task(reader.visit(person.api, person, path))
    await reader.until(lambda seen: len(seen.text) >= characters)
    visit.cancel()
    with suppress(asyncio.CancelledError):
        await visit


async def test_whoever_left_gets_exactly_the_rest_at_another_process(weather: Weather, stormy: Api) -> None:
    weather.model.pace(150)
    person = await stormy.sign_in()
    async with open_api(weather.settings) as other, open_worker(weather.settings):
        path = await draw(person)
        reader = Reader()
        await leave_midway(reader, person, f"{path}/interpretation", characters=150)
        assert reader.done is None
        before = reader.text
        # `take` holds every delta to the number of characters on screen, so a double or a gap fails there.
        await reader.visit(other, person, f"{path}/interpretation")
        assert reader.done is not None
        assert reader.text.startswith(before)
        assert len(reader.text) > len(before)
        assert reader.resets == 0


async def test_a_stream_that_nobody_reads_any_more_is_closed(weather: Weather, stormy: Api) -> None:
    weather.model.order("hang_midway")
    person = await stormy.sign_in()
    open_before = OPEN_STREAMS._value.get()
    settings = weather.settings.model_copy(update={"model_idle_seconds": 5.0})
    async with open_worker(settings):
        path = await draw(person)
        await leave_midway(Reader(), person, f"{path}/interpretation", characters=20)

        async def closed() -> bool:
            return OPEN_STREAMS._value.get() == open_before

        await until(closed, seconds=4, what="the end of the stream")
        assert stormy.services.listener._queues == {}


async def test_a_reading_that_nobody_watches_is_finished_and_saved(weather: Weather, stormy: Api) -> None:
    person = await stormy.sign_in()
    before = await person.wallet()
    async with open_worker(weather.settings):
        path = await draw(person)
        saved = await wait_for_state(person, path, "finished")
    assert saved["interpretation"]["offline"] is False
    assert len(saved["interpretation"]["text"]) > 200
    assert (await person.wallet())["balance"] == before["balance"] - 1


async def test_many_readers_of_one_text_see_the_same(weather: Weather, stormy: Api) -> None:
    """Two devices of one person, at two processes, one of them late."""
    weather.model.pace(300)
    person = await stormy.sign_in()
    async with open_api(weather.settings) as other, open_worker(weather.settings):
        path = await draw(person)
        readers = [Reader() for _ in range(6)]
        visits = []
        for reader, api in zip(readers, (stormy, other) * 3, strict=True):
            visits.append(asyncio.create_task(reader.visit(api, person, f"{path}/interpretation")))
            await asyncio.sleep(0.05)
        await asyncio.wait_for(asyncio.gather(*visits), 15)
    assert all(reader.done == readers[0].done is not None for reader in readers)
    assert [reader.resets for reader in readers] == [0] * 6
