"""A task that is told to stop stops, also when what it waited for comes at the same moment."""

import asyncio

import pytest


async def test_a_cancellation_beside_the_result_is_not_lost() -> None:
    result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(asyncio.wait_for(result, 5))
    await asyncio.sleep(0)
    result.set_result("here")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_the_rest_is_as_it_was() -> None:
    async def answer() -> str:
        await asyncio.sleep(0)
        return "here"

    assert await asyncio.wait_for(answer(), 5) == "here"
    assert await asyncio.wait_for(answer(), None) == "here"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 0.01)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(answer(), 0)
    done: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    done.set_result("at once")
    assert await asyncio.wait_for(done, 0) == "at once"
