"""Sending: everybody once, in his language; refusals, pauses, faults; afterwards edited and deleted."""

import asyncio
import time
from datetime import timedelta

from app.broadcasts import schedule
from app.broadcasts.content import Content
from app.broadcasts.recipients import RecipientRepository, declare_uncertain
from app.telegram.sender import BOOKED
from tests.broadcasts.conftest import TEXT, Studio
from tests.telegram.conftest import LUNA, Desk


async def messages_by_chat(desk: Desk, method: str = "sendMessage") -> dict[int, int]:
    """How often each chat was really written to."""
    counts: dict[int, int] = {}
    for call in await desk.calls(method):
        if call["outcome"] == 200:
            chat = int(call["parameters"]["chat_id"])
            counts[chat] = counts.get(chat, 0) + 1
    return counts


class TestSending:
    async def test_everybody_gets_his_language_once(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 120))
        await studio.people(range(120, 130), language="en")
        await studio.people(range(130, 133), language="de")
        async with studio.sending(processes=2):
            broadcast_id = await studio.sent()
            run = await studio.until(broadcast_id)
        assert (run.total, run.sent, run.outcome) == (33, 33, "done")
        await studio.check_counters(broadcast_id)
        assert await messages_by_chat(desk) == dict.fromkeys(range(100, 133), 1)
        assert (await studio.heard(105))[0]["text"] == "Новый расклад"
        assert (await studio.heard(125))[0]["text"] == "A new spread"
        assert (await studio.heard(131))[0]["text"] == "Новый расклад"
        assert not BOOKED.get()

    async def test_429_pauses_the_bot_and_nobody_is_lost_or_told_twice(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 140))
        await desk.fault(method="sendMessage", status=429, retry_after=1, times=3)
        since = time.monotonic()
        async with studio.sending(processes=2):
            broadcast_id = await studio.sent()
            run = await studio.until(broadcast_id)
        assert time.monotonic() - since > 1
        assert run.sent == 40
        assert await messages_by_chat(desk) == dict.fromkeys(range(100, 140), 1)
        outcomes = [call["outcome"] for call in await desk.calls("sendMessage")]
        assert outcomes.count(429) == 3

    async def test_403_is_gone_and_400_is_failed(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 110))
        await desk.membership(LUNA, "kicked", user=104)
        async with studio.office.database.connection() as connection:
            # Telegram knows nobody of this id, and the bot has heard of it from elsewhere.
            await connection.execute("UPDATE users SET telegram_id = 4040 WHERE telegram_id = 105")
            await connection.execute("DELETE FROM telegram_departures")
        async with studio.sending():
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id)
        run = await studio.check_counters(broadcast_id)
        assert (run.sent, run.gone, run.failed) == (8, 1, 1)
        rows = await studio.rows(broadcast_id)
        assert rows[104]["state"] == "gone"
        assert rows[4040]["error"] == "Bad Request: chat not found"
        async with studio.office.database.connection() as connection:
            gone = await connection.fetch("SELECT bot_id, chat_id FROM telegram_departures")
        assert [tuple(row) for row in gone] == [(LUNA, 104)]

    async def test_what_may_have_arrived_is_uncertain_and_never_sent_again(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 103))
        await desk.fault(method="sendMessage", cut="after", times=1)
        await desk.fault(method="sendMessage", status=502, times=1)
        async with studio.sending():
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id)
        run = await studio.check_counters(broadcast_id)
        assert (run.sent, run.uncertain) == (1, 2)
        assert len(await desk.calls("sendMessage")) == 3

    async def test_a_telegram_that_is_not_there_costs_nobody_his_message(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 110))
        broadcast_id = await studio.sent()
        async with studio.sending(telegram_api_url="http://127.0.0.1:1"):
            await asyncio.sleep(2.5)
        assert await studio.states(broadcast_id) == {"pending": 10}
        async with studio.sending():
            run = await studio.until(broadcast_id)
        assert run.sent == 10

    async def test_the_same_refusal_of_everybody_pauses_it(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 160))
        await desk.fault(method="sendMessage", status=400, description="can't parse entities", times=None)
        async with studio.sending(broadcast_messages_per_second=40):
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id, "paused")
            await desk.end_faults()
            broadcast, run = await studio.read(broadcast_id)
            assert broadcast.problem is not None
            assert "can't parse entities" in broadcast.problem
            assert 20 <= run.failed < 60
            await studio.do("resume", broadcast_id)
            run = await studio.until(broadcast_id)
        assert run.sent == 60 - run.failed

    async def test_pause_resume_and_cancel(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 160))
        async with studio.sending(broadcast_messages_per_second=20):
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id, lambda _, run: run.sent > 5)
            await studio.do("pause", broadcast_id)
            await studio.until(broadcast_id, lambda _, run: True)
            await asyncio.sleep(1.5)
            paused = await studio.check_counters(broadcast_id)
            assert paused.sent < 50
            await asyncio.sleep(0.5)
            assert (await studio.read(broadcast_id))[1].sent == paused.sent
            await studio.do("resume", broadcast_id)
            await studio.until(broadcast_id, lambda _, run: run.sent > paused.sent + 3)
            await studio.do("cancel", broadcast_id)
            await asyncio.sleep(1.5)
            await schedule.tick(studio.database)
        run = await studio.check_counters(broadcast_id)
        assert run.pending == 0
        assert run.outcome == "cancelled"
        assert run.sent + run.skipped == 60
        assert await messages_by_chat(desk) == {
            chat: 1 for chat, row in (await studio.rows(broadcast_id)).items() if row["state"] == "sent"
        }

    async def test_a_process_that_is_stopped_gives_back_what_it_has_not_begun(self, studio: Studio) -> None:
        await studio.people(range(100, 140))
        broadcast_id = await studio.sent()
        async with studio.sending(broadcast_messages_per_second=20):
            await studio.until(broadcast_id, lambda _, run: run.sent > 3)
        states = await studio.states(broadcast_id)
        assert set(states) == {"pending", "sent"}
        async with studio.sending():
            assert (await studio.until(broadcast_id)).sent == 40

    async def test_replies_go_first(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 180))
        bots = studio.office.bots(telegram_messages_per_second=30)
        bot = bots.bot(LUNA)
        assert bot is not None
        async with studio.sending(telegram_messages_per_second=30, broadcast_messages_per_second=25):
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id, lambda _, run: run.sent > 5)
            since = time.monotonic()
            for number in range(3):
                await bot.send_message(100 + number, "А вот и ответ")
            assert time.monotonic() - since < 0.5


class TestLeases:
    async def test_what_a_dead_process_was_sending_becomes_uncertain_and_its_late_word_still_counts(
        self, studio: Studio
    ) -> None:
        await studio.people(range(100, 103))
        broadcast_id = await studio.sent()
        async with studio.database.transaction() as connection:
            recipients = RecipientRepository(connection, studio.project.id, broadcast_id, 0)
            leased = await recipients.lease(bot_id=LUNA, limit=2, lease=timedelta(seconds=-1), sending=True)
        assert len(leased) == 2
        async with studio.database.transaction() as connection:
            assert await declare_uncertain(connection) == 2
        assert (await studio.check_counters(broadcast_id)).uncertain == 2
        async with studio.sending():
            run = await studio.until(broadcast_id)
        assert (run.sent, run.uncertain) == (1, 2)


class TestAfterwards:
    async def test_edit_and_delete_reach_those_who_got_it(self, studio: Studio, desk: Desk) -> None:
        await studio.people(range(100, 110))
        async with studio.sending(processes=2):
            broadcast_id = await studio.sent()
            await studio.until(broadcast_id)
            await desk.membership(LUNA, "kicked", user=104)
            corrected = Content.model_validate({"ru": {"text": "Исправлено"}, "en": {"text": "Corrected"}})
            await studio.do("edit", broadcast_id, corrected)
            assert await studio.begin(broadcast_id) == 10
            await studio.until(broadcast_id)
            run = await studio.check_counters(broadcast_id)
            assert (run.kind, run.run) == ("edit", 1)
            assert run.sent + run.gone == 10
            assert (await studio.heard(105))[0]["text"] == "Исправлено"
            await studio.do("delete", broadcast_id)
            await studio.begin(broadcast_id)
            await studio.until(broadcast_id)
        run = await studio.check_counters(broadcast_id)
        assert (run.kind, run.run) == ("delete", 2)
        assert run.sent >= 9
        assert TEXT.versions["ru"].text == "Новый <b>расклад</b>"
