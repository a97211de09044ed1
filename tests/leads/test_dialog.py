"""`/request` in the chat: asked step by step in both languages, kept over a restart, shown to the staff at once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.settings import Settings
from tests.crm.conftest import desk, logs
from tests.crm.crew import Crew, opened
from tests.telegram.conftest import Desk

__all__ = ["desk", "logs"]


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(stocked_settings, desk) as crew:
        yield crew


async def say(crew: Crew, text: str, *, slug: str = "luna") -> dict[str, Any]:
    return await crew.private(text, user=900, slug=slug)


@pytest.mark.parametrize(
    ("slug", "phone", "asks", "send", "accepted", "heading"),
    [
        ("luna", "8 926 123 45 67", ["обращаться", "номеру", "О чём", "+7 926 123-45-67"], "📨 Отправить заявку",
         "Заявка принята", "Заявка"),
        ("verbena", "(202) 555-0143", ["call you", "number", "about", "+1 202-555-0143"], "📨 Send the request",
         "request is in", "Request"),
    ],
)  # fmt: skip
async def test_a_request_is_left_and_reaches_the_staff(
    crew: Crew, slug: str, phone: str, asks: list[str], send: str, accepted: str, heading: str
) -> None:
    await crew.meet(900, "Анна", slug=slug)
    assert asks[0] in (await say(crew, "/request", slug=slug))["text"]
    assert asks[1] in (await say(crew, "Анна Петровна", slug=slug))["text"]
    unclear = await say(crew, "позвоните мне", slug=slug)
    assert "+" in unclear["text"]
    assert asks[2] in (await say(crew, phone, slug=slug))["text"]
    assert asks[3] in (await say(crew, "Личная встреча", slug=slug))["text"]
    assert await crew.value("SELECT count(*) FROM leads") == 0
    assert accepted in (await say(crew, send, slug=slug))["text"]
    assert await crew.value("SELECT source FROM leads") == "bot"
    card = await crew.says(heading, chat=crew.groups[slug])
    assert "Анна Петровна" in card["text"]
    # What comes next is no answer of the dialogue any more.
    await say(crew, "/request", slug=slug)
    await say(crew, "Анна", slug=slug)
    await say(crew, phone, slug=slug)
    await say(crew, "ещё раз", slug=slug)
    await say(crew, send, slug=slug)
    assert await crew.value("SELECT count(*) FROM leads") == 1


async def test_the_dialogue_outlives_a_restart_and_can_be_called_off(stocked_settings: Settings, desk: Desk) -> None:
    async with opened(stocked_settings, desk) as crew:
        await crew.meet(900, "Анна")
        await say(crew, "/request")
        await say(crew, "Анна")
        # A new dispatcher knows what the last one asked: it is in Redis.
        state = await crew.container.redis.keys("arcana:fsm:*:900:*")
        assert state
        assert "О чём" in (await say(crew, "+7 926 123-45-67"))["text"]
        assert "не отправляем" in (await say(crew, "Отмена"))["text"]
        assert await crew.value("SELECT count(*) FROM leads") == 0
