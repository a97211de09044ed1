"""Kept updates: order per chat, repetition, crashes, outages, and what is put aside."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Router
from aiogram.types import Message

from app.catalogue.library import Project
from app.kit.database import Database
from app.telegram import updates
from app.telegram.working import UpdateWorker
from tests.telegram.conftest import LUNA, Desk, Office, Shelf, message


async def run(worker: UpdateWorker, project: Project, update: dict[str, Any]) -> int:
    assert project.bot is not None
    incoming = updates.inspect(update)
    return await worker.run(
        project_id=project.id, bot_id=project.bot.id, chat_id=incoming.chat_id, update_id=incoming.update_id
    )


async def begun(seen: list[str]) -> None:
    """Until a handler has begun."""
    async with asyncio.timeout(15):
        while not seen:
            await asyncio.sleep(0.005)


def recording(seen: list[str], *, pause: float = 0.0, fail_on: set[str] | None = None) -> Router:
    router = Router()

    @router.message()
    async def record(message: Message) -> None:
        text = message.text or ""
        seen.append(f"begin {text}")
        await asyncio.sleep(pause)
        if fail_on and text in fail_on:
            raise RuntimeError("the handler is broken")
        seen.append(f"end {text}")

    return router


class TestOrder:
    async def test_one_chat_is_worked_one_by_one_whichever_job_comes_first(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        workers = [office.worker(office.bots(routers=[recording(seen, pause=0.01)])) for _ in range(3)]
        arrived = [message(number, str(number)) for number in range(1, 11)]
        for update in arrived:
            assert await office.keep(luna, update)
        jobs = [run(workers[position % 3], luna, update) for position, update in enumerate(reversed(arrived))]
        assert sum(await asyncio.gather(*jobs)) == 10
        assert seen == [f"{what} {number}" for number in range(1, 11) for what in ("begin", "end")]
        assert await office.count("done") == 10

    async def test_different_chats_are_worked_at_once(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        worker = office.worker(office.bots(routers=[recording(seen, pause=1.0)]))
        for chat in (1, 2, 3):
            await office.keep(luna, message(chat, f"chat {chat}", chat=chat))
        await asyncio.gather(*(run(worker, luna, message(chat, chat=chat)) for chat in (1, 2, 3)))
        assert [line.split()[0] for line in seen] == ["begin"] * 3 + ["end"] * 3

    async def test_what_comes_while_a_chat_is_worked_is_not_left_behind(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        worker = office.worker(office.bots(routers=[recording(seen, pause=1.0)]))
        await office.keep(luna, message(1, "one"))
        working = asyncio.create_task(run(worker, luna, message(1)))
        await begun(seen)
        await office.keep(luna, message(2, "two"))
        assert await run(worker, luna, message(2)) == 0
        assert await working == 2
        assert seen[-1] == "end two"


class TestRepetition:
    async def test_an_update_that_comes_twice_is_worked_once(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        worker = office.worker(office.bots(routers=[recording(seen)]))
        assert await office.keep(luna, message(1, "hello"))
        assert not await office.keep(luna, message(1, "hello"))
        await asyncio.gather(*(run(worker, luna, message(1)) for _ in range(5)))
        assert not await office.keep(luna, message(1, "hello"))
        assert await run(worker, luna, message(1)) == 0
        assert seen == ["begin hello", "end hello"]

    async def test_two_bots_may_use_the_same_update_id(self, office: Office, luna: Project, verbena: Project) -> None:
        seen: list[str] = []
        worker = office.worker(office.bots(routers=[recording(seen)]))
        await office.keep(luna, message(1, "to luna"))
        await office.keep(verbena, message(1, "to verbena"))
        await run(worker, luna, message(1))
        assert seen == ["begin to luna", "end to luna"]
        await run(worker, verbena, message(1))
        assert seen[2:] == ["begin to verbena", "end to verbena"]


class TestCrash:
    async def test_another_worker_finishes_what_a_dead_one_began(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        await office.keep(luna, message(1, "hello"))
        lease = timedelta(seconds=0.5)
        async with office.database.connection() as connection:
            claimed = await updates.UpdateRepository(connection, luna.id).claim(
                LUNA, chat_id=5, update_id=1, lease=lease
            )
        assert claimed is not None
        worker = office.worker(office.bots(routers=[recording(seen)]))
        assert await run(worker, luna, message(1)) == 0
        await asyncio.sleep(0.6)
        assert await run(worker, luna, message(1)) == 1
        row = await office.row(1)
        assert (row["state"], row["attempts"], row["failures"]) == ("done", 2, 1)
        # The dead one wakes up again, and changes nothing.
        async with office.database.connection() as connection:
            assert not await updates.UpdateRepository(connection, luna.id).put_aside(claimed, error="late")
        assert (await office.row(1))["state"] == "done"

    async def test_an_update_that_kills_every_worker_is_put_aside(self, office: Office, luna: Project) -> None:
        await office.keep(luna, message(1, "deadly"))
        await office.keep(luna, message(2, "harmless"))
        async with office.database.connection() as connection:
            await connection.execute(
                """
                UPDATE telegram_updates SET failures = 4, leased_until = now() - interval '1 s'
                WHERE update_id = 1
                """
            )
        seen: list[str] = []
        await run(office.worker(office.bots(routers=[recording(seen)])), luna, message(1))
        assert (await office.row(1))["state"] == "failed"
        assert seen == ["begin harmless", "end harmless"]

    async def test_a_stopping_process_gives_its_update_back_at_once(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        await office.keep(luna, message(1, "hello"))
        stopping = asyncio.create_task(
            run(office.worker(office.bots(routers=[recording(seen, pause=30)])), luna, message(1))
        )
        await begun(seen)
        assert seen == ["begin hello"]
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        assert await run(office.worker(office.bots(routers=[recording(seen)])), luna, message(1)) == 1
        row = await office.row(1)
        assert (row["state"], row["failures"]) == ("done", 0)

    async def test_a_long_handler_keeps_its_lease(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        lease = timedelta(seconds=1)
        workers = [office.worker(office.bots(routers=[recording(seen, pause=2.5)]), lease=lease) for _ in range(2)]
        await office.keep(luna, message(1, "long"))
        first = asyncio.create_task(run(workers[0], luna, message(1)))
        await begun(seen)
        await asyncio.sleep(1.5)
        assert await run(workers[1], luna, message(1)) == 0
        assert await first == 1
        assert seen == ["begin long", "end long"]


class TestFailure:
    async def test_it_is_tried_again_and_then_put_aside_and_the_chat_goes_on(
        self, office: Office, luna: Project
    ) -> None:
        seen: list[str] = []
        router = recording(seen, fail_on={"broken"})
        worker = office.worker(office.bots(routers=[router]), backoff=(0.0, 0.0))
        await office.keep(luna, message(1, "broken"))
        await office.keep(luna, message(2, "fine"))
        await run(worker, luna, message(1))
        assert seen == ["begin broken"] * 3 + ["begin fine", "end fine"]
        row = await office.row(1)
        assert row["state"] == "failed"
        assert row["error"] == "RuntimeError: the handler is broken"

    async def test_the_chat_waits_for_its_turn_during_the_backoff(self, office: Office, luna: Project) -> None:
        seen: list[str] = []
        broken = {"broken"}
        worker = office.worker(office.bots(routers=[recording(seen, fail_on=broken)]), backoff=(30,))
        await office.keep(luna, message(1, "broken"))
        await office.keep(luna, message(2, "fine"))
        assert await run(worker, luna, message(1)) == 1
        assert await run(worker, luna, message(2)) == 0
        broken.clear()
        async with office.database.connection() as connection:
            await connection.execute("UPDATE telegram_updates SET next_attempt_at = now()")
        assert await run(worker, luna, message(2)) == 2
        assert seen == ["begin broken", "begin broken", "end broken", "begin fine", "end fine"]

    async def test_a_retry_is_due_after_its_pause(self, office: Office, luna: Project, database: Database) -> None:
        worker = office.worker(office.bots(routers=[recording([], fail_on={"broken"})]), backoff=(30,))
        await office.keep(luna, message(1, "broken"))
        await run(worker, luna, message(1))
        async with database.connection() as connection:
            assert (
                await connection.fetchval("SELECT extract(epoch FROM next_attempt_at - now()) FROM telegram_updates")
                > 29
            )
            lease = timedelta(seconds=5)
            assert await updates.claim_due(connection, limit=10, lease=lease) == []
            await connection.execute("UPDATE telegram_updates SET next_attempt_at = now()")
            (claimed,) = await updates.claim_due(connection, limit=10, lease=lease)
        assert (claimed.update_id, claimed.attempt, claimed.failures) == (1, 2, 1)

    async def test_what_aiogram_cannot_read_is_put_aside_at_once(self, office: Office, luna: Project) -> None:
        await office.keep(luna, {"update_id": 1, "message": {"chat": {"id": 5}, "text": 7}})
        await run(office.worker(), luna, message(1))
        row = await office.row(1)
        assert (row["state"], row["attempts"]) == ("failed", 1)
        assert row["error"].startswith("unreadable update: message.message_id")

    async def test_a_kind_of_update_that_nobody_knows_is_done(self, office: Office, luna: Project) -> None:
        await office.keep(luna, {"update_id": 1, "brand_new_kind": {"from": {"id": 5}}})
        with pytest.warns(RuntimeWarning, match="unknown update type"):
            await run(office.worker(), luna, message(1))
        assert (await office.row(1))["state"] == "done"


class TestOutage:
    async def test_telegram_down_costs_no_attempt(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "/start")
        await desk.fault(method="sendMessage", status=502, times=1)
        await office.keep(luna, message(1))
        await run(office.worker(), luna, message(1))
        row = await office.row(1)
        assert (row["state"], row["failures"]) == ("pending", 0)
        assert row["error"].startswith("TelegramServerError")
        async with office.database.connection() as connection:
            await connection.execute("UPDATE telegram_updates SET next_attempt_at = now()")
        await run(office.worker(), luna, message(1))
        assert (await office.row(1))["state"] == "done"
        assert len(await desk.replies(LUNA)) == 1

    async def test_it_is_given_up_after_a_day(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "/start")
        await desk.fault(method="sendMessage", status=502, times=None)
        await office.keep(luna, message(1))
        async with office.database.connection() as connection:
            await connection.execute("UPDATE telegram_updates SET received_at = now() - interval '25 hours'")
        await run(office.worker(), luna, message(1))
        assert (await office.row(1))["state"] == "failed"

    async def test_a_bot_that_left_the_catalogue_is_dropped_after_a_while(
        self, office: Office, shelf: Shelf, luna: Project
    ) -> None:
        await office.keep(luna, message(1))
        shelf.remove(luna)
        await run(office.worker(), luna, message(1))
        assert (await office.row(1))["state"] == "pending"
        async with office.database.connection() as connection:
            await connection.execute(
                "UPDATE telegram_updates SET received_at = now() - interval '2 min', next_attempt_at = now()"
            )
        await run(office.worker(), luna, message(1))
        row = await office.row(1)
        assert (row["state"], row["error"].split(":")[0]) == ("done", "dropped")

    async def test_a_bot_that_moved_answers_nobody_in_the_name_of_another_project(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, verbena: Project
    ) -> None:
        await desk.say(LUNA, "/start")
        await office.keep(luna, message(1))
        async with office.database.connection() as connection:
            await connection.execute("UPDATE telegram_updates SET received_at = now() - interval '2 min'")
        shelf.change(luna, bot=verbena.bot)
        shelf.change(verbena, bot=luna.bot)
        await run(office.worker(), luna, message(1))
        assert (await office.row(1))["error"].startswith("dropped")
        assert await desk.calls("sendMessage") == []


class TestPrune:
    async def test_only_old_and_finished_ones_go(self, office: Office, luna: Project) -> None:
        for number in range(1, 5):
            await office.keep(luna, message(number, chat=number))
        async with office.database.transaction() as connection:
            await connection.execute(
                "UPDATE telegram_updates SET state = 'done', done_at = now() WHERE update_id IN (1, 2)"
            )
            await connection.execute(
                """
                UPDATE telegram_updates SET received_at = now() - interval '4 days'
                WHERE update_id IN (1, 3)
                """
            )
            assert await updates.prune(connection, older_than=timedelta(days=3)) == 1
        assert await office.row(1) == {}
        assert await office.count() == 3


def test_the_lane_is_the_chat_or_else_the_person() -> None:
    cases: list[tuple[dict[str, Any], int | None]] = [
        ({"message": {"chat": {"id": -7}, "from": {"id": 1}}}, -7),
        ({"callback_query": {"id": "1", "from": {"id": 1}, "message": {"chat": {"id": 9}}}}, 9),
        ({"inline_query": {"id": "1", "from": {"id": 4}}}, 4),
        ({"poll_answer": {"poll_id": "1", "user": {"id": 6}}}, 6),
        ({"poll": {"id": "1"}}, None),
        ({"message": "nonsense"}, None),
        ({"message": {"chat": {"id": "text"}}}, None),
        ({}, None),
    ]
    for content, lane in cases:
        assert updates.inspect({"update_id": 1, **content}).chat_id == lane
