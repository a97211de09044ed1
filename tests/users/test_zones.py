"""A newcomer's time zone: a guess from the language of his Telegram, until his Mini App says it."""

from zoneinfo import available_timezones

import pytest

from app.users.zones import ZONES, probable_zone
from tests.conftest import Api


@pytest.mark.parametrize(
    ("language_code", "zone"),
    [("ru", "Europe/Moscow"), ("RU", "Europe/Moscow"), ("uk", "Europe/Kyiv"), ("pt-br", "America/Sao_Paulo"),
     ("pt", "UTC"), ("de-AT", "Europe/Berlin"), ("en", "UTC"), ("en-US", "UTC"), ("xx", "UTC"), ("", "UTC"),
     (None, "UTC")],
)  # fmt: skip
def test_the_language_hints_at_it(language_code: str | None, zone: str) -> None:
    assert probable_zone(language_code) == zone


def test_every_guess_is_a_zone_that_may_be_set() -> None:
    assert set(ZONES.values()) <= available_timezones()


async def test_a_guess_gives_way_to_what_the_mini_app_says_and_does_not_come_back(api: Api) -> None:
    person = await api.sign_in()
    assert (await person.get("/api/v1/me")).json()["user"]["timezone"] == "Europe/Moscow"
    await person.patch("/api/v1/me", json={"timezone": "Asia/Almaty"})
    again = await api.sign_in()
    assert (await again.get("/api/v1/me")).json()["user"]["timezone"] == "Asia/Almaty"
