"""Telegram's flood limits, counted strictly, so that a test can prove that we never run into them."""

import math
import time
from collections import defaultdict, deque

from app.sandbox.telegram.errors import too_many_requests

# (most messages, in so many seconds); a short burst in one chat is let through, as Telegram does.
BOT = (35, 1.0)
CHAT = (4, 1.0)
GROUP = (22, 60.0)
# Counters kept at a time before the idle ones are dropped.
REMEMBERED = 200_000


class FloodLimits:
    def __init__(self) -> None:
        self._sent: dict[tuple[int, int | None], deque[float]] = defaultdict(deque)

    def check(self, bot_id: int, chat_id: int, *, private: bool) -> None:
        """Counts one message; raises 429 with `retry_after` when it is one too many."""
        now = time.monotonic()
        if len(self._sent) > REMEMBERED:
            self._forget(now)
        rules: list[tuple[int | None, tuple[int, float]]] = [
            (None, BOT),
            (chat_id, CHAT if private else GROUP),
        ]
        for scope, (most, seconds) in rules:
            times = self._sent[(bot_id, scope)]
            while times and times[0] <= now - seconds:
                times.popleft()
            if len(times) >= most:
                raise too_many_requests(max(1, math.ceil(times[0] + seconds - now)))
        for scope, _ in rules:
            self._sent[(bot_id, scope)].append(now)

    def _forget(self, now: float) -> None:
        """Drops the counters that have nothing left to count."""
        longest = max(seconds for _, seconds in (BOT, CHAT, GROUP))
        self._sent = defaultdict(
            deque, {key: times for key, times in self._sent.items() if times and times[-1] > now - longest}
        )
