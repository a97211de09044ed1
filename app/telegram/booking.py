"""Places in a bot's sending schedule for many messages at once: a broadcast asks Redis once, not for each message."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redis.asyncio import Redis

from app.kit.redis import REDIS_LOST, key
from app.kit.telemetry import get_logger
from app.telegram.limiter import Rates

log = get_logger("app.telegram.booking")

# How far ahead places are given out, and how many seconds' worth of them in one answer.
HORIZON_SECONDS = 1.0
WINDOW_SECONDS = 0.2
# What a process was too late for, it may make good within this time.
CATCH_UP_SECONDS = 0.2
# So long before the last of its places has its turn, a process asks for more.
ASK_EARLY_SECONDS = 0.06
# When to ask again while Redis is away.
REDIS_REST_SECONDS = 2.0

# The broadcasts of a bot have a schedule of their own at their own, lower rate. Ordinary messages never wait for it:
# the places that they took since the last look are added to it instead, so that both together keep the bot's rate.
# Each chat keeps its own schedule as well, the same that ordinary messages use.
# KEYS: pause, the broadcasts' schedule, what ordinary messages took, then the chats in the order of sending.
# ARGV, in µs: interval, catch-up, horizon, window, the bot's interval, the chat's interval and tolerance.
# Answers the waits of the first chats, as many as have a place now, and behind them when the last place has its turn;
# or {-wait} when there is none yet.
BOOK: Final = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local pause = redis.call('PTTL', KEYS[1])
if pause > 0 then return {-pause * 1000} end
local interval, late, horizon, window = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local chat_interval, chat_tolerance = tonumber(ARGV[6]), tonumber(ARGV[7])
local planned = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now)
local taken = tonumber(redis.call('GETDEL', KEYS[3]) or '0')
planned = planned + taken * tonumber(ARGV[5])
local first = math.max(now, planned - late)
local waits, last = {}, 0
if first - now > horizon then
  waits[1] = now + horizon / 2 - first
else
  for i = 4, #KEYS do
    local turn = math.max(now, planned - late)
    if turn - first > window then break end
    planned = planned + interval
    local chat = tonumber(redis.call('GET', KEYS[i]) or '0')
    local at = math.max(turn, chat - chat_tolerance)
    local next = math.max(chat, at) + chat_interval
    redis.call('SET', KEYS[i], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
    waits[#waits + 1] = at - now
    last = turn - now
  end
  waits[#waits + 1] = last
end
redis.call('SET', KEYS[2], string.format('%.0f', planned), 'PX', math.ceil((planned - now) / 1000) + 1000)
return waits
"""


@dataclass(frozen=True, slots=True)
class Booking:
    """`waits`: seconds from now for the first of the chats asked for; ask for more after `ask_again` seconds.

    Without any, `paused` says that the bot may not send at all meanwhile.
    """

    waits: tuple[float, ...] = ()
    ask_again: float = 0.0
    paused: bool = False


class BookingOffice:
    """Places for broadcasts at `rate` messages a second, over all processes."""

    def __init__(self, redis: Redis, *, rate: float, rates: Rates | None = None) -> None:
        self._redis = redis
        self._rates = rates or Rates()
        self._rate = min(rate, self._rates.bot.count / self._rates.bot.seconds)
        self._script = redis.register_script(BOOK)

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self._rate

    async def book(self, bot_id: int, chats: Sequence[int]) -> Booking:
        """Books for private chats, in their order, as many as the schedule has room for soon.

        Without Redis there is no place: two processes would send twice the rate, and a broadcast can wait.
        """
        schedule = key("telegram", "schedule", bot_id, "bot")
        keys = [key("telegram", "pause", bot_id), f"{schedule}:broadcasts", f"{schedule}:taken"]
        keys += [key("telegram", "schedule", bot_id, f"chat:{chat}") for chat in chats]
        chat = self._rates.chat
        seconds = (
            1 / self._rate,
            CATCH_UP_SECONDS,
            HORIZON_SECONDS,
            WINDOW_SECONDS,
            self._rates.bot.interval,
            chat.interval,
            chat.interval * (chat.burst - 1),
        )
        try:
            waits = await self._script(keys=keys, args=[round(value * 1e6) for value in seconds])
        except REDIS_LOST as error:
            log.warning("a broadcast waits for Redis", reason=type(error).__name__)
            return Booking(ask_again=REDIS_REST_SECONDS)
        if waits[0] < 0:
            wait = -waits[0] / 1e6
            return Booking(ask_again=wait, paused=wait > HORIZON_SECONDS)
        *found, last = (wait / 1e6 for wait in waits)
        return Booking(tuple(found), max(0.0, last - ASK_EARLY_SECONDS))
