"""For tests that take a day for granted, and would break in the second in which it ends."""

import asyncio
from datetime import timedelta

from app.kit.clock import utc_now


async def stay_clear_of_midnight(*, seconds: float = 60) -> None:
    """Waits until the new day of UTC has begun, if the old one ends within that time."""
    midnight = (utc_now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left = (midnight - utc_now()).total_seconds()
    if left <= seconds:
        await asyncio.sleep(left + 0.5)
