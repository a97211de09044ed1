"""A broadcast in bad weather: 429s, people who left, two workers of which one is killed in the middle."""

from contextlib import AsyncExitStack
from pathlib import Path

from app.broadcasts.schedule import Now
from app.broadcasts.service import broadcasts
from app.kit.database import Database
from app.settings import Settings
from app.telegram.registry import usable
from app.worker.container import open_worker_container
from tests.broadcasts.conftest import MANAGER, TEXT, add_people
from tests.broadcasts.test_sending import messages_by_chat
from tests.telegram.conftest import Desk
from tests.weather import ForkedWorker, running, until

PEOPLE = range(1000, 1240)
GONE = range(1000, 1010)
COUNTERS = ("total", "sent", "gone", "failed", "uncertain", "skipped")


async def counters(database: Database) -> tuple[str, dict[str, int]]:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            f"SELECT b.state, {', '.join(COUNTERS)} FROM broadcasts b JOIN broadcast_runs n ON n.broadcast_id = b.id"
        )
    assert row is not None
    return row["state"], {name: row[name] for name in COUNTERS}


async def rows(database: Database) -> dict[int, str]:
    async with database.connection() as connection:
        found = await connection.fetch("SELECT telegram_id, state FROM broadcast_recipients")
    return {row["telegram_id"]: row["state"] for row in found}


def tally(states: dict[int, str]) -> dict[str, int]:
    return {name: sum(state == name for state in states.values()) for name in COUNTERS[1:]}


async def test_each_recipient_at_most_once_whoever_dies(stocked_settings: Settings, desk: Desk, tmp_path: Path) -> None:
    settings = stocked_settings.model_copy(
        update={
            "telegram_api_url": desk.url,
            "public_url": "https://tarot.example",
            "telegram_messages_per_second": 80,
            "broadcast_messages_per_second": 60,
            "broadcast_lease_seconds": 3.0,
        }
    )
    async with AsyncExitStack() as stack:
        container = await stack.enter_async_context(open_worker_container(settings))
        await container.catalogue.reload()
        project = container.catalogue.library().project_by_slug("luna")
        assert project is not None
        assert project.bot is not None
        bot_id, token = project.bot.id, project.bot.token.get_secret_value()
        assert usable(token, bot_id)
        await desk.client.post("/sandbox/bots", json={"token": token, "username": project.bot.username})
        for number in PEOPLE:
            await desk.say(bot_id, "/start", user=number)
        await add_people(container.database, project.id, PEOPLE)
        for number in GONE:
            await desk.membership(bot_id, "kicked", user=number)
        # Slow enough that calls are under way when the process dies.
        await desk.fault(method="sendMessage", delay=0.3, times=None)
        workers = [ForkedWorker(settings, tmp_path / f"worker-{number}.log") for number in range(2)]
        for worker in workers:
            await stack.enter_async_context(running(worker))
        async with container.database.transaction() as connection:
            values = {"title": "Новости", "content": TEXT.stored(), "segment": {}}
            draft = await broadcasts.create(connection, project, MANAGER, values)
            await broadcasts.start(connection, project, draft.id, Now(), actor=MANAGER)

        async def half_way() -> bool:
            _, now = await counters(container.database)
            assert now["sent"] <= len(await messages_by_chat(desk))
            return now["sent"] > 60

        await until(half_way, seconds=40, what="a good part of it")
        await workers[0].kill()
        await desk.end_faults()
        await desk.fault(method="sendMessage", status=429, retry_after=1, times=3)

        async def done() -> bool:
            return (await counters(container.database))[0] == "done"

        await until(done, seconds=60, what="the end of the broadcast")
        _, told = await counters(container.database)
        states = await rows(container.database)
        assert told == {"total": len(PEOPLE), **tally(states)}
        assert set(states.values()) <= {"sent", "gone", "uncertain"}
        assert all(states[number] in ("gone", "uncertain") for number in GONE)
        at_the_desk = await messages_by_chat(desk)
        assert set(at_the_desk.values()) == {1}
        # Whoever is counted as sent has it; what the dead process was doing may have arrived or not.
        sent = {number for number, state in states.items() if state == "sent"}
        uncertain = {number for number, state in states.items() if state == "uncertain"}
        assert sent <= set(at_the_desk) <= sent | uncertain
        # One and a half leases of 30, and what was under way, which on a busy machine is more than 0.3 s of sending.
        assert 0 < len(uncertain) <= 90
        assert 429 in {call["outcome"] for call in await desk.calls("sendMessage")}
