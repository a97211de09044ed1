"""Polling: the same storing, one poller a bot, nothing confirmed before it is kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx

from app.catalogue.library import Project
from app.telegram.checkout import Checkout
from app.telegram.polling import Poller
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office, Shelf, bot_of


@asynccontextmanager
async def polling(office: Office, *, count: int = 1) -> AsyncIterator[list["asyncio.Task[None]"]]:
    http = httpx.AsyncClient()
    checkout = Checkout(settings=office.settings, database=office.database, http=http)
    pollers = [
        Poller(office.bots(telegram_updates="polling"), office.database, checkout, poll_seconds=2, first_pause=0.1)
        for _ in range(count)
    ]
    tasks = [asyncio.create_task(poller.run()) for poller in pollers]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await http.aclose()


async def until(check: Callable[[], Any], *, seconds: float = 10) -> None:
    """Waits until the asynchronous `check` is true."""
    async with asyncio.timeout(seconds):
        while not await check():  # the state is in another process or server
            await asyncio.sleep(0.05)


async def kept(office: Office, count: int) -> None:
    async def enough() -> bool:
        return await office.count() >= count

    await until(enough)


async def bot_row(office: Office, bot_id: int) -> dict[str, Any]:
    async with office.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM bots WHERE bot_id = $1", bot_id)
    return dict(row) if row else {}


class TestFetching:
    async def test_updates_of_all_bots_are_kept(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        for number in range(3):
            await desk.say(LUNA, f"to luna {number}")
            await desk.say(VERBENA, f"to verbena {number}")
        async with polling(office):
            await kept(office, 6)
            await desk.say(LUNA, "one more")
            await kept(office, 7)
        async with office.database.connection() as connection:
            rows = await connection.fetch(
                """
                SELECT bot_id, project_id, payload #>> '{message,text}' AS text FROM telegram_updates
                ORDER BY bot_id, update_id
                """
            )
        expected = [(LUNA, luna.id, f"to luna {number}") for number in range(3)] + [(LUNA, luna.id, "one more")]
        expected += [(VERBENA, verbena.id, f"to verbena {number}") for number in range(3)]
        assert [tuple(row) for row in rows] == expected

    async def test_what_could_not_be_kept_is_not_confirmed(self, office: Office, desk: Desk, luna: Project) -> None:
        async with office.database.connection() as connection:
            await connection.execute("ALTER TABLE telegram_updates RENAME TO hidden")
        said = await desk.say(LUNA, "hello")
        async with polling(office):
            await asyncio.sleep(1.5)
            assert (await desk.bot(LUNA))["pending_updates"] == [said["update_id"]]
            async with office.database.connection() as connection:
                await connection.execute("ALTER TABLE hidden RENAME TO telegram_updates")
            await kept(office, 1)

    async def test_a_repeated_delivery_is_kept_once(self, office: Office, desk: Desk, luna: Project) -> None:
        said = await desk.say(LUNA, "hello")
        update = {"update_id": said["update_id"], "message": said["message"]}
        async with polling(office):
            await kept(office, 1)
        await desk.client.post(f"/sandbox/bots/{LUNA}/repeat", json={"update": update})
        await desk.say(LUNA, "next")
        async with polling(office):
            await kept(office, 2)
        assert (await office.row(said["update_id"]))["attempts"] == 0

    async def test_an_update_that_postgres_cannot_hold_does_not_block_the_rest(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await desk.say(LUNA, "bad \x00 one")
        await desk.say(LUNA, "good one")
        async with polling(office):
            await kept(office, 1)
            await asyncio.sleep(0.2)
        assert await office.count() == 1


class TestOnePoller:
    async def test_each_bot_is_polled_once_by_many_processes(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        async with polling(office, count=3):
            await desk.say(LUNA, "hello")
            await desk.say(VERBENA, "hello")
            await kept(office, 2)
            await asyncio.sleep(2.5)
        assert {call["outcome"] for call in await desk.calls("getUpdates")} == {200}

    async def test_another_takes_over_when_the_poller_is_gone(self, office: Office, desk: Desk, luna: Project) -> None:
        async with polling(office, count=2) as tasks:
            await desk.say(LUNA, "one")
            await kept(office, 1)
            tasks[0].cancel()
            await asyncio.gather(tasks[0], return_exceptions=True)
            await desk.say(LUNA, "two")
            await kept(office, 2)

    async def test_it_goes_on_after_its_lease_session_was_lost(self, office: Office, desk: Desk, luna: Project) -> None:
        async with polling(office):
            await desk.say(LUNA, "one")
            await kept(office, 1)
            async with office.database.connection() as connection:
                ended = await connection.fetchval(
                    """
                    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'arcana-jobs'
                    """
                )
            assert ended == 1
            await desk.say(LUNA, "two")
            await kept(office, 2)


class TestFaults:
    async def test_a_webhook_that_is_still_set_is_removed_and_nothing_is_dropped(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        bot = office.bots().bot(LUNA)
        assert bot is not None
        await bot.set_webhook("http://127.0.0.1:9/nowhere")
        await desk.say(LUNA, "hello")
        async with polling(office):
            await kept(office, 1)
        assert (await desk.bot(LUNA))["webhook"] is None

    async def test_a_refused_token_is_recorded_once_and_a_new_one_is_taken_up(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        async with office.database.connection() as connection:
            await connection.execute(
                "INSERT INTO bots (bot_id, project_id, webhook_id) VALUES ($1, $2, 'x')", LUNA, luna.id
            )
        await desk.add_bot(LUNA, name="two")
        await desk.say(LUNA, "hello")

        async def refused() -> bool:
            return bool((await bot_row(office, LUNA))["error_code"] == "token_refused")

        async with polling(office):
            await until(refused)
            await asyncio.sleep(1.2)
            # A revoked token belongs to no bot of the sandbox any more.
            assert len([call for call in await desk.calls("getUpdates") if call["outcome"] == 401]) == 1
            shelf.change(luna, bot=bot_of(LUNA, "two"))
            await kept(office, 1)

            async def right_again() -> bool:
                return bool((await bot_row(office, LUNA))["error_code"] is None)

            await until(right_again)

    async def test_faults_pass(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.fault(method="getUpdates", status=502, times=1)
        await desk.fault(method="getUpdates", status=429, retry_after=1, times=1)
        await desk.fault(method="getUpdates", cut="before", times=1)
        await desk.say(LUNA, "hello")
        async with polling(office):
            await kept(office, 1)

    async def test_somebody_else_polling_is_told_in_words(self, office: Office, desk: Desk, luna: Project) -> None:
        async with office.database.connection() as connection:
            await connection.execute(
                "INSERT INTO bots (bot_id, project_id, webhook_id) VALUES ($1, $2, 'x')", LUNA, luna.id
            )
        words = "Conflict: terminated by other getUpdates request"
        await desk.fault(method="getUpdates", status=409, description=words, times=2)

        async def told() -> bool:
            return (await bot_row(office, LUNA))["error_code"] == "polled_elsewhere"

        async def over() -> bool:
            return (await bot_row(office, LUNA))["error_code"] is None

        async with polling(office):
            await until(told)
            await desk.say(LUNA, "hello")
            await kept(office, 1)
            await until(over)


class TestCatalogue:
    async def test_bots_come_and_go_without_a_restart(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, verbena: Project
    ) -> None:
        shelf.remove(verbena)
        async with polling(office):
            await desk.say(VERBENA, "nobody listens")
            await desk.say(LUNA, "hello")
            await kept(office, 1)
            shelf.put(verbena)
            await kept(office, 2)
            shelf.remove(luna)
            await asyncio.sleep(1.5)
            assert not (await desk.bot(LUNA))["polling"]

    async def test_a_draft_is_not_polled(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, verbena: Project
    ) -> None:
        shelf.change(luna, status="draft")
        async with polling(office):
            await desk.say(LUNA, "too early")
            await desk.say(VERBENA, "hello")
            await kept(office, 1)
        assert await desk.calls("getUpdates", LUNA) == []


async def test_the_lease_is_free_again_after_a_clean_stop(office: Office, desk: Desk, luna: Project) -> None:
    async with polling(office):
        await desk.say(LUNA, "one")
        await kept(office, 1)
    session = await asyncpg.connect(office.database.url)
    held = await session.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    await session.close()
    assert held == 0
