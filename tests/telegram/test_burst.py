"""200 bots, 10,000 updates at once, two workers of which one is killed: none lost, none worked on twice, in order."""

import asyncio
import itertools
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.bench.crowd import stock_crowd
from app.bench.load import request
from app.kit import json
from app.kit.database import Database
from app.settings import Settings
from app.telegram.webhook import SECRET_HEADER
from tests.conftest import Api, open_api
from tests.telegram.conftest import Desk, message

ROOT = Path(__file__).parents[2]
BOTS, CHATS, EACH = 200, 5, 10
SENDERS = 32


@asynccontextmanager
async def worker(settings: Settings) -> AsyncIterator[asyncio.subprocess.Process]:
    values = {
        "ENV_FILE": "",
        "DEMO": "true",
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "TELEGRAM_API_URL": settings.telegram_api_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.telegram.burst_worker", cwd=ROOT, env={**os.environ, **values}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def deliver(api: Api) -> int:
    """Everything by webhook, in order per chat as Telegram does it; how many they were."""
    deliveries = []
    for project in api.services.catalogue.library().projects:
        assert project.bot is not None
        webhook = api.services.webhooks.webhook(project.bot.id)
        numbers = itertools.count(1)
        for chat in range(1, CHATS + 1):
            bodies = []
            for number in range(EACH):
                # One person of each bot asks, with his last message.
                text = f"{number}?" if chat == 1 and number == EACH - 1 else str(number)
                bodies.append(json.dumps(message(next(numbers), text, chat=chat)))
            deliveries.append((f"/telegram/webhook/{webhook.id}", {SECRET_HEADER: webhook.secret}, bodies))
    waiting = iter(deliveries)

    async def send() -> None:
        # By hand, so that the sender costs less than what it sends to.
        address = urlsplit(api.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for path, headers, bodies in waiting:
            for body in bodies:
                writer.write(request("POST", path, headers, body))
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(send() for _ in range(SENDERS)))
    return len(deliveries) * EACH


async def done(database: Database) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM telegram_updates WHERE state = 'done'")
    return count


@pytest.mark.timeout(600)
async def test_a_burst_survives_a_killed_worker(settings: Settings, desk: Desk) -> None:
    here = settings.model_copy(update={"telegram_api_url": desk.url, "database_pool_size": 8})
    async with open_api(here) as api:
        await stock_crowd(api.services, BOTS)
        async with api.database.connection() as connection:
            # `id` is the order in which handlers committed.
            await connection.execute(
                "CREATE TABLE burst (id bigserial PRIMARY KEY, project_id int, chat_id bigint, number int)"
            )
        bots = {project.bot.id: project for project in api.services.catalogue.library().projects if project.bot}
        assert len(bots) == BOTS
        for project in bots.values():
            assert project.bot is not None
            body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
            assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            # A bot may write to whoever has written to it.
            await desk.say(project.bot.id, "hello", user=1)
        async with worker(here) as victim, worker(here):
            sending = asyncio.create_task(deliver(api))
            while await done(api.database) < BOTS * CHATS * EACH // 10:  # other processes do it
                await asyncio.sleep(0.1)
                assert not sending.done() or sending.exception() is None
            victim.send_signal(signal.SIGKILL)
            await victim.wait()
            assert await sending == BOTS * CHATS * EACH
            async with asyncio.timeout(400):
                while await done(api.database) < BOTS * CHATS * EACH:  # another process does it
                    await asyncio.sleep(0.2)
        async with api.database.connection() as connection:
            effects = await connection.fetch("SELECT project_id, chat_id, number FROM burst ORDER BY id")
            died = await connection.fetchval("SELECT count(*) FROM telegram_updates WHERE failures > 0")
        # The kill met work in progress, else this shows nothing.
        assert died > 0
        seen: dict[tuple[int, int], list[int]] = defaultdict(list)
        for project_id, chat_id, number in effects:
            seen[project_id, chat_id].append(number)
        assert len(seen) == BOTS * CHATS
        assert all(numbers == list(range(EACH)) for numbers in seen.values())
        # A reply can be sent twice only if its worker died between the sending and the note of it.
        answers = [len(await desk.replies(bot_id, 1, wait=0)) for bot_id in bots]
        assert min(answers) == 1
        assert sum(answers) <= BOTS + died
