"""The whole way over HTTP: Telegram delivers, the API keeps, a worker answers; by webhook and by polling."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.bots import routers
from app.catalogue.library import Project
from app.settings import Settings
from app.telegram.polling import run_polling
from app.worker.container import WorkerContainer, open_worker_container
from tests.conftest import open_api, open_worker
from tests.telegram.conftest import Desk, Office, message
from tests.weather import until

ROOT = Path(__file__).parents[2]


@dataclass
class Installation:
    """The API (or a poller), one worker, and the demo's two bots."""

    container: WorkerContainer
    projects: list[Project]

    @property
    def bot_ids(self) -> list[int]:
        return [project.bot.id for project in self.projects if project.bot]

    async def states(self) -> list[str]:
        async with self.container.database.connection() as connection:
            rows = await connection.fetch("SELECT state FROM telegram_updates ORDER BY update_id")
        return [row["state"] for row in rows]


@asynccontextmanager
async def installed(settings: Settings, desk: Desk) -> AsyncIterator[Installation]:
    async with open_worker_container(settings) as container:
        await container.catalogue.reload()
        await container.catalogue.refresh()
        projects = [project for project in container.catalogue.library().projects if project.bot]
        for project in projects:
            assert project.bot is not None
            body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
            assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
        await container.onboarding.run()
        async with open_worker(settings):
            yield Installation(container, projects)


@asynccontextmanager
async def by_webhook(settings: Settings, desk: Desk) -> AsyncIterator[Installation]:
    async with open_api(settings) as api:
        here = settings.model_copy(update={"telegram_api_url": desk.url, "public_url": api.url})
        async with installed(here, desk) as installation:
            yield installation


@asynccontextmanager
async def by_polling(settings: Settings, desk: Desk) -> AsyncIterator[Installation]:
    here = settings.model_copy(update={"telegram_api_url": desk.url, "telegram_updates": "polling"})
    async with installed(here, desk) as installation:
        poller = asyncio.create_task(run_polling(here, routers()))
        yield installation
        poller.cancel()
        await asyncio.gather(poller, return_exceptions=True)


@pytest.fixture(params=[by_webhook, by_polling], ids=["webhook", "polling"])
async def installation(request: pytest.FixtureRequest, settings: Settings, desk: Desk) -> AsyncIterator[Installation]:
    async with request.param(settings, desk) as installation:
        yield installation


async def test_start_is_answered_by_each_bot_in_each_language(installation: Installation, desk: Desk) -> None:
    people = {11: "ru", 12: "en"}
    for bot_id in installation.bot_ids:
        for user, language in people.items():
            await desk.say(bot_id, "/start", user=user, language=language)
    for project in installation.projects:
        assert project.bot is not None
        for user, language in people.items():
            (reply,) = await desk.replies(project.bot.id, user)
            assert reply["text"] == project.welcome[language]
            assert reply["from"]["id"] == project.bot.id
            button = reply["reply_markup"]["inline_keyboard"][0][0]
            assert button["web_app"]["url"].endswith(f"/{project.slug}/")
    assert (await desk.bot(installation.bot_ids[0]))["menu_button"]["type"] == "web_app"


async def test_many_messages_of_many_people_are_answered_once_and_in_order(
    installation: Installation, desk: Desk
) -> None:
    bot_id = installation.bot_ids[0]
    for number in range(2):
        for user in range(101, 109):
            await desk.say(bot_id, "/start" if number == 0 else "и что дальше?", user=user)
    for user in range(101, 109):
        first, second = await desk.replies(bot_id, user, count=2, wait=15)
        assert first["text"] == installation.projects[0].welcome["ru"]
        assert second["text"].startswith("Я отвечаю картами")

    async def settled() -> bool:
        # An answer arrives a moment before its update is noted as done.
        return await installation.states() == ["done"] * 16 and (await desk.bot(bot_id))["pending_updates"] == []

    await until(settled, what="the end of all updates")


async def test_a_worker_that_is_killed_in_the_middle_is_replaced(office: Office, desk: Desk, luna: Project) -> None:
    assert luna.bot is not None
    await desk.say(luna.bot.id, "/start")
    await office.keep(luna, message(1))
    # The first worker, a process of its own, hangs in its call of Telegram and is killed there.
    await desk.fault(method="sendMessage", delay=60, cut="before")
    places = [office.database.url, office.settings.redis_url, desk.url, str(luna.id)]
    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", VICTIM, *places, cwd=ROOT)
    async with asyncio.timeout(120):
        while not (await office.row(1))["leased_until"]:  # another process sets it
            assert victim.returncode is None, "it ended before it began"
            await asyncio.sleep(0.05)
        while await desk.look("faults"):  # its call has met the fault, which is not left for its successor
            assert victim.returncode is None, "it ended before its call"
            await asyncio.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    await victim.wait()
    worker = office.worker()
    since = time.monotonic()
    while not await worker.run(project_id=luna.id, bot_id=luna.bot.id, chat_id=5, update_id=1):
        assert time.monotonic() - since < 30
        await asyncio.sleep(0.1)
    row = await office.row(1)
    assert (row["state"], row["attempts"], row["failures"]) == ("done", 2, 1)
    assert len(await desk.replies(luna.bot.id)) == 1


VICTIM = """
import asyncio, sys
from datetime import timedelta
from app.bots import routers
from app.kit import redis as redis_kit
from app.kit.database import Database
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.registry import BotRegistry
from app.telegram.working import UpdateWorker
from app.users.sessions import SessionService
from app.users.tokens import Tokens
from tests.telegram.conftest import LUNA, Shelf, project_of

async def work():
    database_url, redis_url, telegram, project_id = sys.argv[1:]
    database = Database(database_url)
    shelf = Shelf()
    shelf.put(project_of(int(project_id), "luna", LUNA))
    settings = Settings(_env_file=None, telegram_api_url=telegram, demo=True)
    redis = redis_kit.connect(redis_url)
    bots = BotRegistry(
        settings=settings, secret="s", catalogue=shelf, database=database, redis=redis,
        dispatcher=build_dispatcher(redis, routers()),
    )
    sessions = SessionService(Tokens("s", access_seconds=60), "s", refresh_lifetime=timedelta(days=1))
    worker = UpdateWorker(bots, database, parts={"redis": redis, "sessions": sessions}, lease=timedelta(seconds=1))
    await worker.run(project_id=int(project_id), bot_id=LUNA, chat_id=5, update_id=1)

asyncio.run(work())
"""
