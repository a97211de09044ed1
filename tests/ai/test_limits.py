"""Simultaneous calls: counted over processes by Redis, per process without it, and never held for ever."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from app.ai.limits import Busy, CallLimits
from app.kit import redis as redis_kit
from app.kit.redis import key
from tests.ai.conftest import Build, Model, make_brief, tell
from tests.conftest import Servers


async def free(one: CallLimits, project: str = "luna") -> bool:
    try:
        async with one.slot(project, wait=0):
            return True
    except Busy:
        return False


@pytest.fixture
async def second_redis(servers: Servers) -> AsyncIterator[Redis]:
    client = redis_kit.connect(servers.redis_url)
    yield client
    await client.aclose()


class TestWithRedis:
    async def test_two_processes_share_the_caps(self, redis: Redis, second_redis: Redis) -> None:
        one = CallLimits(redis, per_project=2, total=3)
        two = CallLimits(second_redis, per_project=2, total=3)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(one.slot("luna", wait=0))
            await stack.enter_async_context(two.slot("luna", wait=0))
            assert not await free(one) and not await free(two)
            await stack.enter_async_context(two.slot("verbena", wait=0))
            assert not await free(one, "verbena") and not await free(two, "verbena")
        assert await free(one) and await free(two, "verbena")
        assert await redis.zcard(key("model-calls", "all")) == 0
        await one.close()
        await two.close()

    async def test_slot_is_given_back_when_the_holder_is_cancelled(self, redis: Redis) -> None:
        one = CallLimits(redis, per_project=1, total=1)
        entered = asyncio.Event()

        async def hold() -> None:
            async with one.slot("luna", wait=0):
                entered.set()
                await asyncio.sleep(60)

        holder = asyncio.create_task(hold())
        await entered.wait()
        assert not await free(one)
        holder.cancel()
        await asyncio.gather(holder, return_exceptions=True)
        assert await free(one)
        await one.close()

    async def test_whoever_waits_gets_the_slot_that_becomes_free(self, redis: Redis) -> None:
        one = CallLimits(redis, per_project=1, total=9)
        async with one.slot("luna", wait=0):
            waiting = asyncio.create_task(one.slot("luna", wait=5).__aenter__())
            await asyncio.sleep(0.05)
            assert not waiting.done()
        await asyncio.wait_for(waiting, timeout=2)
        await one.close()

    async def test_waiting_is_bounded(self, redis: Redis) -> None:
        one = CallLimits(redis, per_project=1, total=9)
        async with one.slot("luna", wait=0):
            started = time.monotonic()
            with pytest.raises(Busy):
                async with one.slot("luna", wait=0.3):
                    pass
            assert 0.3 <= time.monotonic() - started < 1.2
        await one.close()

    async def test_lease_of_a_dead_process_ends(self, redis: Redis) -> None:
        one = CallLimits(redis, per_project=1, total=1)
        seconds, _ = await redis.time()
        for name in (key("model-calls", "project", "luna"), key("model-calls", "all")):
            await redis.zadd(name, {"dead": seconds + 600})
        assert not await free(one)
        for name in (key("model-calls", "project", "luna"), key("model-calls", "all")):
            await redis.zadd(name, {"dead": seconds - 1})
        assert await free(one)
        await one.close()

    async def test_lease_is_renewed_while_it_is_held(self, redis: Redis) -> None:
        one = CallLimits(redis, per_project=1, total=1, lease_seconds=2)
        async with one.slot("luna", wait=0):
            await asyncio.sleep(2.6)
            assert not await free(one)
            assert await redis.zcard(key("model-calls", "all")) == 1
            other = CallLimits(redis, per_project=1, total=1)
            assert not await free(other)
        await one.close()


class TestWithoutRedis:
    async def test_each_process_keeps_the_caps_for_itself(self) -> None:
        one = CallLimits(None, per_project=1, total=2)
        async with one.slot("luna", wait=0):
            assert not await free(one) and await free(one, "verbena")
        assert await free(one)
        await one.close()

    async def test_lost_redis_costs_one_question_and_not_the_cap(self) -> None:
        dead = redis_kit.connect("redis://127.0.0.1:9/0", timeout=0.3)
        one = CallLimits(dead, per_project=2, total=2)
        async with one.slot("luna", wait=0), one.slot("luna", wait=0):
            started = time.monotonic()
            assert not await free(one)
            assert time.monotonic() - started < 0.1
        await one.close()
        await dead.aclose()

    async def test_frozen_redis_does_not_stop_a_reading(self, build: Build, model: Model) -> None:
        async def frozen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(frozen, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        client = redis_kit.connect(f"redis://127.0.0.1:{port}/0", timeout=0.2)
        started = time.monotonic()
        told = await tell(build(redis=client), make_brief())
        assert not told.end.offline
        assert time.monotonic() - started < 2
        await client.aclose()
        server.close()


class TestInterpreter:
    async def test_never_more_calls_at_once_than_allowed(self, build: Build, model: Model, redis: Redis) -> None:
        model.desk.tokens_per_second = 2000
        interpreters = [build(redis=redis, model_calls_per_project=3, model_calls_total=4) for _ in range(2)]
        briefs = [make_brief(project_key=project) for project in ("luna", "verbena") for _ in range(6)]
        told = await asyncio.gather(
            *(tell(interpreters[place % 2], brief) for place, brief in enumerate(briefs)),
        )
        assert 2 <= model.desk.peak <= 4
        assert sum(not one.end.offline for one in told) == len(model.desk.requests)
        assert {one.end.finish for one in told} <= {"stop", "fallback:busy"}

    async def test_whoever_finds_no_slot_is_served_offline_and_free(self, build: Build, model: Model) -> None:
        model.order("hang_first", times=1)
        interpreter = build(model_calls_total=1, model_first_token_seconds=0.4)
        first = asyncio.create_task(tell(interpreter, make_brief()))
        await asyncio.sleep(0.05)
        second = await tell(interpreter, make_brief())
        assert (second.end.finish, second.end.offline, second.end.free) in {
            ("fallback:busy", True, True),
            # The first may have given up just in time.
            ("stop", False, False),
        }
        assert (await first).end.offline
