"""Sending: one limiter for all processes, Telegram's 429, chats that are gone, network faults, secrets."""

import asyncio
import logging
import time

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.kit import redis as redis_kit
from app.telegram.limiter import Congested, Rate, Rates, SendLimiter
from app.telegram.session import TelegramSession, api_server
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office, message, token

FAST = Rates(bot=Rate(50, 1.0, 1), chat=Rate(10, 1.0, 1), group=Rate(5, 1.0, 1))


async def seconds_for(limiters: list[SendLimiter], *turns: tuple[int, int]) -> float:
    """How long it takes until all turns (bot, chat) came, taken by the limiters in rotation."""
    since = time.monotonic()
    await asyncio.gather(
        *(limiters[place % len(limiters)].acquire(bot, chat) for place, (bot, chat) in enumerate(turns))
    )
    return time.monotonic() - since


class TestLimiter:
    async def test_one_schedule_for_all_processes(self, redis: Redis) -> None:
        limiters = [SendLimiter(redis, FAST) for _ in range(3)]
        spent = await seconds_for(limiters, *((1, chat) for chat in range(1, 32)))
        assert 0.58 <= spent < 1.2

    async def test_one_chat_waits_and_the_others_do_not(self, redis: Redis) -> None:
        limiters = [SendLimiter(redis, FAST), SendLimiter(redis, FAST)]
        async with asyncio.TaskGroup() as group:
            crowded = group.create_task(seconds_for(limiters, *((1, 7) for _ in range(9))))
            await asyncio.sleep(0.05)
            assert await seconds_for(limiters, (1, 8)) < 0.2
        assert 0.78 <= crowded.result() < 1.4

    async def test_bots_do_not_wait_for_each_other(self, redis: Redis) -> None:
        limiter = SendLimiter(redis, Rates(bot=Rate(1, 10.0, 1)))
        await limiter.acquire(1, 5)
        assert await seconds_for([limiter], (2, 5)) < 0.2

    async def test_a_group_is_slower(self, redis: Redis) -> None:
        limiter = SendLimiter(redis, FAST)
        assert await seconds_for([limiter], *((1, -100) for _ in range(4))) >= 0.58

    async def test_who_does_not_want_to_wait_books_nothing(self, redis: Redis) -> None:
        limiter = SendLimiter(redis, Rates(chat=Rate(1, 2.0, 1)))
        await limiter.acquire(1, 5)
        for _ in range(5):
            with pytest.raises(Congested) as refused:
                await limiter.acquire(1, 5, longest_wait=0.5)
            assert refused.value.facts == {"retry_after": 2}

    async def test_a_pause_holds_the_bot_everywhere_and_no_other(self, redis: Redis) -> None:
        here, there = SendLimiter(redis, FAST), SendLimiter(redis, FAST)
        await here.pause(1, 0.5)
        since = time.monotonic()
        await asyncio.gather(there.acquire(1, 5), there.acquire(1, 6))
        assert 0.45 <= time.monotonic() - since < 1.0
        assert await seconds_for([there], (2, 5)) < 0.2

    async def test_without_redis_each_process_counts_for_itself(self) -> None:
        dead = redis_kit.connect("redis://127.0.0.1:1/0", timeout=0.2)
        limiter = SendLimiter(dead, FAST)
        assert 0.18 <= await seconds_for([limiter], *((1, chat) for chat in range(11))) < 1.0
        await limiter.pause(1, 0.3)
        assert await seconds_for([limiter], (1, 99)) >= 0.28
        assert await seconds_for([limiter], (2, 5), (2, 5), (2, 5)) >= 0.18
        with pytest.raises(Congested):
            await limiter.acquire(2, 5, longest_wait=0.01)
        await dead.aclose()


def bot_of(office: Office, bot_id: int = LUNA, **options: object) -> Bot:
    bot = office.bots(**options).bot(bot_id)  # type: ignore[arg-type]  # they are handed on as they come
    assert bot is not None
    return bot


class TestSending:
    async def test_429_pauses_and_the_message_is_sent_once(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hi")
        await desk.fault(method="sendMessage", status=429, retry_after=1)
        since = time.monotonic()
        await bot_of(office).send_message(5, "hello")
        assert time.monotonic() - since >= 0.95
        assert [call["outcome"] for call in await desk.calls("sendMessage")] == [429, 200]
        assert len(await desk.replies(LUNA)) == 1

    async def test_a_long_pause_goes_back_to_the_caller(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hi")
        await desk.fault(method="sendMessage", status=429, retry_after=60)
        with pytest.raises(TelegramRetryAfter):
            await bot_of(office).send_message(5, "hello")
        with pytest.raises(Congested):
            await bot_of(office).send_message(5, "hello again")
        assert len(await desk.calls("sendMessage")) == 1

    async def test_endless_429_ends(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hi")
        await desk.fault(method="sendMessage", status=429, retry_after=1, times=None)
        with pytest.raises(TelegramRetryAfter):
            await bot_of(office).send_message(5, "hello")
        assert len(await desk.calls("sendMessage")) == 3

    async def test_403_is_noted_for_this_bot_and_raised(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        for bot_id in (LUNA, VERBENA):
            await desk.say(bot_id, "hi")
        await desk.membership(LUNA, "kicked")
        with pytest.raises(TelegramForbiddenError):
            await bot_of(office).send_message(5, "hello")
        await bot_of(office, VERBENA).send_message(5, "hello")
        async with office.database.connection() as connection:
            rows = await connection.fetch("SELECT bot_id, chat_id, reason FROM telegram_departures")
        assert [tuple(row) for row in rows] == [(LUNA, 5, "Forbidden: bot was blocked by the user")]

    async def test_what_may_have_arrived_is_not_sent_again(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hi")
        await desk.fault(method="sendMessage", cut="after")
        with pytest.raises(TelegramNetworkError):
            await bot_of(office).send_message(5, "hello")
        await desk.fault(method="sendMessage", status=502)
        with pytest.raises(TelegramServerError):
            await bot_of(office).send_message(5, "hello")
        assert len(await desk.replies(LUNA)) == 1

    async def test_nobody_there_is_tried_again_and_told(self, office: Office, luna: Project) -> None:
        bot = bot_of(office, telegram_api_url="http://127.0.0.1:1")
        since = time.monotonic()
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(5, "hello")
        assert 0.85 <= time.monotonic() - since < 5

    async def test_a_slow_telegram_does_not_hold_up_another_bot(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        for bot_id in (LUNA, VERBENA):
            await desk.say(bot_id, "hi")
        await desk.fault(bot=LUNA, method="sendMessage", delay=1.0)
        bots = office.bots()
        slow, quick = bots.bot(LUNA), bots.bot(VERBENA)
        assert slow is not None
        assert quick is not None
        waiting = asyncio.create_task(slow.send_message(5, "slow"))
        since = time.monotonic()
        await quick.send_message(5, "quick")
        assert time.monotonic() - since < 0.8
        await waiting

    async def test_calls_that_send_nothing_are_not_counted(self, office: Office, desk: Desk, luna: Project) -> None:
        await desk.say(LUNA, "hi")
        bot = bot_of(office, rates=Rates(bot=Rate(1, 60.0, 1)))
        since = time.monotonic()
        for _ in range(3):
            await bot.get_me()
            await bot.send_chat_action(5, "typing")
        assert time.monotonic() - since < 2


class TestSecrets:
    async def test_no_error_of_the_session_shows_the_token(self, caplog: pytest.LogCaptureFixture) -> None:
        secret = token(LUNA, "very-secret")
        # Each of these ends in an error of aiohttp; the second and third quote the address.
        for base in ("http://127.0.0.1:1", "http://[broken", "http://user@:99999"):
            session = TelegramSession(api_server(base, test_environment=False))
            bot = Bot(secret, session=session)
            with caplog.at_level(logging.DEBUG):
                try:
                    await bot.get_me()
                except (TelegramNetworkError, ValueError) as error:
                    logging.getLogger("test").exception("failed")
                    assert "very-secret" not in f"{error!r} {error}"
            await session.close()
        assert "failed" in caplog.text
        assert "very-secret" not in caplog.text

    async def test_faults_while_working_log_no_token(
        self, office: Office, desk: Desk, luna: Project, caplog: pytest.LogCaptureFixture
    ) -> None:
        await desk.say(LUNA, "hi")
        await desk.fault(method="sendMessage", cut="before")
        await office.keep(luna, message(1))
        await office.worker().run(project_id=luna.id, bot_id=LUNA, chat_id=5, update_id=1)
        logged = caplog.text
        assert "update waits" in logged
        assert "SANDBOX" not in logged
        assert "SANDBOX" not in str((await office.row(1))["error"])
