"""A worker is killed in the middle of `/request`; another one goes on, and the request is made once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.kit import json
from app.kit.redis import connect
from app.locales import Words
from app.settings import Settings
from app.worker.container import open_worker_container
from tests.conftest import Api, open_api, open_worker
from tests.telegram.conftest import Desk, desk, logs
from tests.telegram.stage import Talk
from tests.weather import ForkedWorker, running, until

__all__ = ["desk", "logs"]

PERSON = 900


@pytest.fixture
async def api(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Api]:
    """Updates come in by webhook, and nobody works on them."""
    async with open_api(stocked_settings.model_copy(update={"telegram_api_url": desk.url})) as api:
        api.settings = api.settings.model_copy(update={"public_url": api.url})
        yield api


async def meet(api: Api, desk: Desk, language: str) -> Talk:
    async with open_worker_container(api.settings) as container:
        await container.catalogue.reload()
        project = container.catalogue.library().project_by_slug("luna")
        assert project is not None
        assert project.bot is not None
        await desk.order("bots", token=project.bot.token.get_secret_value(), username=project.bot.username)
        await container.onboarding.set_up(project)
    return Talk(desk, project, PERSON, language)


async def standing(api: Api) -> tuple[str | None, dict[str, Any]]:
    """Where the person stands, as Redis has it."""
    redis = connect(api.settings.redis_url)
    try:
        found = {
            key.decode().rpartition(":")[2]: await redis.get(key) for key in await redis.keys("arcana:fsm:*:900:*")
        }
    finally:
        await redis.aclose()
    state = found.get("state")
    return state.decode() if state else None, json.loads(found.get("data") or b"{}")


async def silence(desk: Desk) -> None:
    """The next message does not arrive, which its sender does not learn in time."""
    await desk.fault(method="sendMessage", delay=60, cut="before", times=1)


async def killed(api: Api, desk: Desk, worker: ForkedWorker) -> None:
    """While it holds an update; another one need not wait until its lease ends by time."""

    async def held() -> bool:
        async with api.database.connection() as connection:
            query = "SELECT true FROM telegram_updates WHERE state = 'pending' AND leased_until > now()"
            return bool(await connection.fetchval(query))

    assert await held()
    await worker.kill()
    # It may have died before its call was made.
    await desk.end_faults()
    async with api.database.connection() as connection:
        await connection.execute("UPDATE telegram_updates SET leased_until = now() WHERE state = 'pending'")


async def reached(api: Api, step: str) -> None:
    async def there() -> bool:
        return (await standing(api))[0] == f"Asking:{step}"

    await until(there, what=step)


async def leads(api: Api) -> list[tuple[str, str]]:
    async with api.database.connection() as connection:
        return [tuple(row) for row in await connection.fetch("SELECT name, about FROM leads")]


@pytest.mark.parametrize(
    ("language", "name", "phone", "about"),
    [("ru", "Анна Петровна", "8 926 123 45 67", "Личная встреча"),
     ("en", "Anna Brown", "+1 202 555 0143", "A session in person")],
)  # fmt: skip
async def test_another_worker_goes_on_and_the_request_is_made_once(
    api: Api, desk: Desk, tmp_path: Path, language: str, name: str, phone: str, about: str
) -> None:
    talk = await meet(api, desk, language)
    words = Words(language)
    async with running(ForkedWorker(api.settings, tmp_path / "first.log")) as worker:
        assert (await talk.say("/request"))["text"] == words.plain("lead.ask_name")
        assert name in (await talk.say(name))["text"]
        await silence(desk)
        await talk.tell(phone)
        await reached(api, "about")
        await killed(api, desk, worker)
    async with running(ForkedWorker(api.settings, tmp_path / "second.log")) as worker:
        # The number is not taken for what the request is about: that is asked now.
        (question,) = await talk.next(wait=30)
        assert question["text"] == words.plain("lead.ask_about")
        await silence(desk)
        await talk.tell(about)
        await reached(api, "confirm")
        await killed(api, desk, worker)
    async with running(ForkedWorker(api.settings, tmp_path / "third.log")) as worker:
        (question,) = await talk.next(wait=30)
        assert about in question["text"]
        await silence(desk)
        await talk.tell(words.plain("button.lead_send"))
        await until(lambda: leads(api), what="the request")
        await killed(api, desk, worker)
    async with open_worker(api.settings):
        (answer,) = await talk.next(wait=30)

        async def over() -> bool:
            return await standing(api) == (None, {})

        await until(over, what="the end of the dialogue")
    project = talk.project.text(talk.project.name, language)
    assert answer["text"] == words.plain("lead.known", project=project)
    assert await leads(api) == [(name, about)]
