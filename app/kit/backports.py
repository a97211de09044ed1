"""What a later Python's standard library does right."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any


async def _wait_for(fut: Awaitable[Any], timeout: float | None) -> Any:  # noqa: ASYNC109  # asyncio's own signature
    if timeout is not None and timeout <= 0:
        future = asyncio.ensure_future(fut)
        if future.done():
            return future.result()
        future.cancel()
        await asyncio.wait({future})
        try:
            return future.result()
        except asyncio.CancelledError as error:
            raise TimeoutError from error
    async with asyncio.timeout(timeout):
        return await fut


def backport() -> None:
    """Gives Python 3.11 the `asyncio.wait_for` of 3.12; on a later one it does nothing.

    The former swallows a cancellation that arrives together with the result (github.com/python/cpython/issues/86296).
    redis-py calls it for every command, so a task that is told to stop at such a moment would go on for ever.
    """
    if sys.version_info < (3, 12):
        asyncio.wait_for = _wait_for  # type: ignore[assignment]  # narrower in its types alone
