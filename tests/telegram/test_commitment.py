"""What a handler has committed is done once, whatever happens afterwards; and statements that many share."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from aiogram import Router
from aiogram.methods import SendDocument, SendMessage
from aiogram.types import BufferedInputFile, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.catalogue.library import Project
from app.kit.database import Connection
from app.telegram.grouping import GroupCommit
from app.telegram.kept_replies import NOTHING, pack, unpack
from app.telegram.pump import UpdatePump
from app.telegram.updates import UpdateRepository
from tests.telegram.conftest import LUNA, Desk, Office, message


def counting(text: str | None = "counted") -> Router:
    """A handler whose effect is a row of its own; it answers if there is a text."""
    router = Router()

    @router.message()
    async def count(message: Message, connection: Connection) -> SendMessage | None:
        await connection.execute("INSERT INTO effects VALUES ($1)", message.message_id)
        if text is None:
            return None
        button = InlineKeyboardButton(text="More", callback_data="more")
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
        return SendMessage(chat_id=message.chat.id, text=f"<b>{text}</b>", reply_markup=keyboard)

    return router


@pytest.fixture(autouse=True)
async def effects(office: Office) -> None:
    async with office.database.connection() as connection:
        await connection.execute("CREATE TABLE effects (message_id bigint)")


async def count_of(office: Office) -> int:
    async with office.database.connection() as connection:
        found: int = await connection.fetchval("SELECT count(*) FROM effects")
    return found


async def work(office: Office, project: Project, router: Router) -> None:
    worker = office.worker(office.bots(routers=[router]))
    await worker.run(project_id=project.id, bot_id=LUNA, chat_id=5, update_id=1)


class TestCommitment:
    async def test_a_handler_is_not_repeated_when_its_reply_could_not_be_sent(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await desk.say(LUNA, "hello")
        await office.keep(luna, message(1))
        await desk.fault(method="sendMessage", status=502, times=1)
        await work(office, luna, counting())
        row = await office.row(1)
        assert (row["state"], row["reply"]["method"]) == ("pending", "sendMessage")
        async with office.database.connection() as connection:
            await connection.execute("UPDATE telegram_updates SET next_attempt_at = now()")
        # Another process takes it up, and need not even have the handler any more.
        await work(office, luna, Router())
        (reply,) = await desk.replies(LUNA)
        assert (reply["text"], reply["entities"][0]["type"]) == ("counted", "bold")
        assert reply["reply_markup"]["inline_keyboard"][0][0]["callback_data"] == "more"
        row = await office.row(1)
        assert (row["state"], row["reply"], row["attempts"]) == ("done", None, 2)
        assert await count_of(office) == 1

    async def test_without_a_reply_it_is_done_with_the_commit(self, office: Office, luna: Project) -> None:
        await office.keep(luna, message(1))
        await work(office, luna, counting(None))
        assert (await office.row(1))["state"] == "done"
        assert await count_of(office) == 1

    async def test_whoever_lost_his_lease_changes_nothing(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hello")
        await office.keep(luna, message(1))
        router = Router()

        @router.message()
        async def slow(message: Message, connection: Connection) -> SendMessage:
            await connection.execute("INSERT INTO effects VALUES ($1)", message.message_id)
            async with office.database.connection() as other:
                await other.execute("UPDATE telegram_updates SET leased_until = now() - interval '1 s'")
                lease = timedelta(seconds=9)
                assert await UpdateRepository(other, luna.id).claim(LUNA, chat_id=5, update_id=1, lease=lease)
            return SendMessage(chat_id=message.chat.id, text="never said")

        await work(office, luna, router)
        assert await count_of(office) == 0
        assert await desk.replies(LUNA, wait=0) == []
        assert ((await office.row(1))["state"], (await office.row(1))["attempts"]) == ("pending", 2)

    async def test_a_reply_that_uploads_is_not_kept(self, office: Office, luna: Project) -> None:
        bot = office.bots().bot(LUNA)
        assert bot is not None
        upload = SendDocument(chat_id=5, document=BufferedInputFile(b"words", "words.txt"))
        assert pack(bot, upload) == NOTHING
        assert unpack(NOTHING) is None


class TestPump:
    async def test_everything_is_worked_on_by_two_of_them_as_it_comes(self, office: Office, luna: Project) -> None:
        pumps = [
            UpdatePump(office.worker(office.bots(routers=[counting(None)])), office.database, most_at_once=3)
            for _ in range(2)
        ]
        running = [asyncio.create_task(pump.run()) for pump in pumps]
        for number in range(1, 41):
            await office.keep(luna, message(number, chat=number % 7 + 1))
        async with asyncio.timeout(20):
            while await office.count("done") < 40:  # the pumps do it
                await asyncio.sleep(0.02)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        assert await count_of(office) == 40

    async def test_a_busy_bot_leaves_room_for_the_others(self, office: Office, luna: Project, verbena: Project) -> None:
        release, seen = asyncio.Event(), []
        router = Router()

        @router.message()
        async def wait(message: Message, project: Project) -> None:
            seen.append(project.key)
            if project.id == luna.id:
                await release.wait()

        worker = office.worker(office.bots(routers=[router]))
        pump = UpdatePump(worker, office.database, most_at_once=4, most_of_a_bot=2)
        for chat in range(1, 3):
            await office.keep(luna, message(chat, chat=chat))
        running = asyncio.create_task(pump.run())
        async with asyncio.timeout(10):
            while len(seen) < 2:  # the pump does it
                await asyncio.sleep(0.02)
        for chat in range(3, 9):
            await office.keep(luna, message(chat, chat=chat))
        await office.keep(verbena, message(1, chat=1))
        async with asyncio.timeout(10):
            while "verbena" not in seen:  # the pump does it
                await asyncio.sleep(0.02)
        assert seen.count("luna") == 2
        release.set()
        async with asyncio.timeout(10):
            while await office.count("done") < 9:  # the pump does it
                await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class TestGroupCommit:
    async def test_what_comes_meanwhile_goes_together(self) -> None:
        batches: list[list[int]] = []

        async def write(items: Sequence[int]) -> list[int]:
            batches.append(list(items))
            await asyncio.sleep(0.02)
            return [item * 10 for item in items]

        group: GroupCommit[int, int] = GroupCommit(write, most=3)
        first = asyncio.create_task(group.add(1))
        await asyncio.sleep(0.01)
        assert await asyncio.gather(*(group.add(item) for item in range(2, 7))) == [20, 30, 40, 50, 60]
        assert await first == 10
        assert batches == [[1], [2, 3, 4], [5, 6]]

    async def test_a_bad_one_harms_nobody_else(self) -> None:
        async def write(items: Sequence[Any]) -> list[Any]:
            if "bad" in items:
                raise ValueError("bad")
            return list(items)

        group: GroupCommit[Any, Any] = GroupCommit(write, one_by_one=(ValueError,))
        outcomes = await asyncio.gather(*(group.add(item) for item in (1, "bad", 3)), return_exceptions=True)
        assert (outcomes[0], outcomes[2]) == (1, 3)
        assert isinstance(outcomes[1], ValueError)
