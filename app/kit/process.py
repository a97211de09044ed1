"""How a long-running process of ours settles and ends."""

import asyncio
import gc
import signal
from collections.abc import Coroutine
from functools import cache
from typing import Any


def run_until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end. SIGTERM, SIGINT and SIGHUP cancel it, so that it can clean up after itself."""

    async def run() -> None:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()

    asyncio.run(run())


@cache
def settle_memory() -> None:
    """What is imported by now stays for good: a full collection over it would stop the process for 0.1 s.

    Once a process, or what every further application of the same process left behind would stay as well.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
