"""Telegram's sending limits, kept for all processes together: one schedule a bot and one a chat, in Redis."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from app.errors import Unavailable
from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger
from app.settings import Settings

log = get_logger("app.telegram.limiter")

# How long this process goes by its own count before it asks a dead Redis again.
REDIS_REST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` messages in `seconds`, evenly; up to `burst` at once."""

    count: float
    seconds: float
    burst: int

    @property
    def interval(self) -> float:
        """Seconds from one message to the next."""
        return self.seconds / self.count


@dataclass(frozen=True, slots=True)
class Rates:
    """https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this"""

    bot: Rate = Rate(30, 1.0, 3)
    chat: Rate = Rate(1, 1.0, 2)
    group: Rate = Rate(20, 60.0, 3)


def rates_of(settings: Settings) -> Rates:
    """What this installation allows a bot."""
    return Rates(bot=Rate(settings.telegram_messages_per_second, 1.0, 3))


class Congested(Unavailable):
    """The queue of this bot or chat is longer than the caller wants to wait; `retry_after` in seconds."""

    code, detail = "telegram_congested", "Too many messages wait to be sent; try again soon."


# GCRA with reservation: a key holds the time (µs) at which the schedule would be empty. The chat's place is
# booked first; the bot's only when the chat need not wait, so that one busy chat never blocks the whole bot.
# ARGV: longest wait, then interval and tolerance of every schedule, all in µs. KEYS: pause, [chat], bot.
# Answers {wait, done}: done = 1 when the bot's place is booked too; wait = -needed when it would be too long.
# What was taken is counted for the broadcasts, which give way to it (see booking.py).
RESERVE: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local longest = tonumber(ARGV[1])
for i = 2, #KEYS do
  local interval, tolerance = tonumber(ARGV[i * 2 - 2]), tonumber(ARGV[i * 2 - 1])
  local from = now
  if i == #KEYS then
    local pause = redis.call('PTTL', KEYS[1])
    if pause > 0 then from = now + pause * 1000 end
  end
  local planned = tonumber(redis.call('GET', KEYS[i]) or '0')
  local send_at = math.max(from, planned - tolerance)
  local wait = send_at - now
  if wait > longest then return {-wait, 0} end
  local next = math.max(planned, send_at) + interval
  redis.call('SET', KEYS[i], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
  if i == #KEYS then
    redis.call('INCR', KEYS[i] .. ':taken')
    redis.call('PEXPIRE', KEYS[i] .. ':taken', 2000)
  end
  if wait > 0 or i == #KEYS then return {wait, i == #KEYS and 1 or 0} end
end
"""


class SendLimiter:
    """`acquire` returns when a message may leave; `pause` stops a bot everywhere, as a 429 demands."""

    def __init__(self, redis: Redis, rates: Rates | None = None) -> None:
        self._rates = rates or Rates()
        self._redis = redis
        self._script = redis.register_script(RESERVE)
        self._local = _LocalSchedules()
        self._redis_back_at = 0.0

    async def acquire(self, bot_id: int, chat_id: int | str | None, *, longest_wait: float = 20.0) -> None:
        """Waits for the turn of one message. Raises `Congested` instead of waiting longer, and books nothing
        then."""
        schedules = [("bot", self._rates.bot)]
        if chat_id is not None:
            # Groups and channels have negative ids or names.
            group = isinstance(chat_id, str) or chat_id < 0
            schedules.insert(0, (f"chat:{chat_id}", self._rates.group if group else self._rates.chat))
        while schedules:
            wait, done = await self._reserve(bot_id, schedules, longest_wait)
            if wait < 0:
                raise Congested(retry_after=max(1, round(-wait)))
            if wait > 0:
                await asyncio.sleep(wait)
            if done:
                return
            schedules = schedules[1:]

    async def pause(self, bot_id: int, seconds: float) -> None:
        """Nothing leaves for this bot from any process for so long."""
        self._local.pause(bot_id, seconds)
        if self._redis_is_back():
            try:
                await self._redis.set(key("telegram", "pause", bot_id), 1, px=max(1, round(seconds * 1000)))
            except REDIS_LOST as error:
                self._rest(error)

    async def _reserve(self, bot_id: int, schedules: list[tuple[str, Rate]], longest_wait: float) -> tuple[float, bool]:
        if self._redis_is_back():
            keys = [key("telegram", "pause", bot_id)]
            arguments = [round(longest_wait * 1e6)]
            for name, rate in schedules:
                keys.append(key("telegram", "schedule", bot_id, name))
                arguments += [round(rate.interval * 1e6), round(rate.interval * (rate.burst - 1) * 1e6)]
            try:
                wait, done = await self._script(keys=keys, args=arguments)
            except REDIS_LOST as error:
                self._rest(error)
            else:
                return int(wait) / 1e6, bool(done)
        return self._local.reserve(bot_id, schedules, longest_wait)

    def _redis_is_back(self) -> bool:
        return time.monotonic() >= self._redis_back_at

    def _rest(self, error: BaseException) -> None:
        self._redis_back_at = time.monotonic() + REDIS_REST_SECONDS
        log.warning("sending limits count in this process only", reason=type(error).__name__)


class _LocalSchedules:
    """The same schedules in this process alone."""

    def __init__(self) -> None:
        self._planned: dict[tuple[int, str], float] = {}
        self._paused_until: dict[int, float] = {}

    def pause(self, bot_id: int, seconds: float) -> None:
        self._paused_until[bot_id] = time.monotonic() + seconds

    def reserve(self, bot_id: int, schedules: list[tuple[str, Rate]], longest_wait: float) -> tuple[float, bool]:
        now = time.monotonic()
        if len(self._planned) > 10_000:
            self._planned = {name: planned for name, planned in self._planned.items() if planned > now}
        wait = 0.0
        for position, (name, rate) in enumerate(schedules):
            last = position == len(schedules) - 1
            planned = self._planned.get((bot_id, name), 0.0)
            start = max(now, self._paused_until.get(bot_id, 0.0)) if last else now
            send_at = max(start, planned - rate.interval * (rate.burst - 1))
            wait = send_at - now
            if wait > longest_wait:
                return -wait, False
            self._planned[bot_id, name] = max(planned, send_at) + rate.interval
            if wait > 0 and not last:
                return wait, False
        return wait, True
