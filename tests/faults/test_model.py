"""The model fails in every way it can: the reader gets a whole text, and pays for none that was not the model's."""

from uuid import uuid4

import pytest

from tests.conftest import Api, Person, open_worker
from tests.faults.conftest import Weather, draw
from tests.faults.reader import Reader, reading_aloud


async def read_one(person: Person) -> tuple[str, Reader]:
    path = await draw(person, "card-of-the-day")
    async with reading_aloud(person, f"{path}/interpretation") as reader:
        await reader.until(lambda seen: seen.ended)
    assert reader.done is not None
    return path, reader


class TestForGood:
    # The interpreter's own tests know more faults; these are one of each kind, over the whole way.
    # What is shown of a broken text is wiped twice: for the second attempt, and for the deck's own words.
    @pytest.mark.parametrize(
        ("fault", "resets"),
        [
            ("hang_first", 0),
            ("hang_midway", 2),
            ("cut_midway", 2),
            ("server_error", 0),
            ("rate_limited", 0),
            ("nonsense", 0),
            ("wrong_language", 0),
            ("empty", 0),
        ],
    )
    async def test_the_reader_gets_a_whole_text_and_pays_nothing(
        self, weather: Weather, stormy: Api, fault: str, resets: int
    ) -> None:
        weather.model.order(fault)
        weather.model.pace(1000)
        person = await stormy.sign_in()
        before = await person.wallet()
        async with open_worker(weather.settings):
            path, reader = await read_one(person)
        assert reader.done is not None
        assert reader.done["offline"] is True
        assert reader.resets == resets
        saved = (await person.get(path)).json()
        assert saved["state"] == "finished"
        assert saved["interpretation"]["text"] == reader.done["text"]
        # Every card is named, although no model did it.
        assert all(card["card"]["name"].split()[0][:4] in reader.done["text"] for card in saved["cards"])
        assert await person.wallet() == before

    async def test_a_follow_up_without_its_model_gives_the_free_one_back(self, weather: Weather, stormy: Api) -> None:
        person = await stormy.sign_in()
        async with open_worker(weather.settings):
            path, _ = await read_one(person)
            weather.model.order("server_error")
            asked = await person.post(
                f"{path}/questions", json={"text": "А что мне сделать?"}, headers={"Idempotency-Key": uuid4().hex}
            )
            async with reading_aloud(person, f"{path}/questions/{asked.json()['id']}/answer") as reader:
                await reader.until(lambda seen: seen.ended)
        assert reader.done is not None
        assert reader.done["offline"] is True
        assert (await person.get(path)).json()["follow_ups"]["free_left"] == 2


class TestOnce:
    @pytest.mark.parametrize(
        ("fault", "resets"), [("hang_midway", 1), ("cut_midway", 1), ("server_error", 0), ("empty", 0)]
    )
    async def test_the_second_attempt_is_the_models_and_is_paid_once(
        self, weather: Weather, stormy: Api, fault: str, resets: int
    ) -> None:
        weather.model.order(fault, times=1)
        weather.model.pace(1000)
        person = await stormy.sign_in()
        before = await person.wallet()
        async with open_worker(weather.settings):
            _, reader = await read_one(person)
        assert reader.done is not None
        assert reader.done["offline"] is False
        assert reader.resets == resets
        assert (await person.wallet())["balance"] == before["balance"] - 1
        # Both attempts were asked for; what the broken one had written is on the operator's bill as well.
        assert weather.model.calls == 2
        assert await weather.value("SELECT cost_micros FROM generations") > 0
