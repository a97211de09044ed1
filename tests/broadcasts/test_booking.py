"""Places for many messages at once: one rate for all processes, replies first, every chat by its own rule."""

from redis.asyncio import Redis

from app.kit import redis as redis_kit
from app.telegram.booking import HORIZON_SECONDS, BookingOffice
from app.telegram.limiter import Rate, Rates, SendLimiter

RATES = Rates(bot=Rate(100, 1.0, 1), chat=Rate(1, 1.0, 1))


def offices(redis: Redis, *, rate: float = 50) -> list[BookingOffice]:
    return [BookingOffice(redis, rate=rate, rates=RATES) for _ in range(2)]


async def drain(made: list[BookingOffice], *, first: int = 1) -> list[float]:
    """All places that there are until the horizon is reached, taken by the offices in turns."""
    waits: list[float] = []
    turn = 0
    while True:
        chats = range(first + len(waits), first + len(waits) + 100)
        booking = await made[turn % len(made)].book(1, list(chats))
        if not booking.waits:
            assert booking.ask_again > 0
            return waits
        waits += booking.waits
        turn += 1


class TestBooking:
    async def test_one_rate_for_all_processes(self, redis: Redis) -> None:
        waits = await drain(offices(redis))
        # As much as the horizon holds at 50 a second, and what may be made good at once.
        assert 50 <= len(waits) <= 50 * (HORIZON_SECONDS + 0.5)
        assert max(waits) <= HORIZON_SECONDS + 0.3

    async def test_replies_take_their_places_from_broadcasts(self, redis: Redis) -> None:
        limiter = SendLimiter(redis, RATES)
        for chat in range(1000, 1030):
            await limiter.acquire(1, chat)
        booking = await offices(redis)[0].book(1, [1])
        # 30 replies at the bot's 100 a second have moved the broadcast by 0.3 s, of which 0.2 s may be made good.
        assert 0.05 < booking.waits[0] < 0.35

    async def test_a_chat_that_was_just_written_to_waits_for_its_second(self, redis: Redis) -> None:
        await SendLimiter(redis, RATES).acquire(1, 7)
        waits = (await offices(redis)[0].book(1, [6, 7, 8])).waits
        assert waits[0] < 0.1
        assert 0.8 < waits[1] <= 1.0
        assert waits[2] < 0.1

    async def test_a_pause_gives_no_places(self, redis: Redis) -> None:
        await SendLimiter(redis, RATES).pause(1, 5)
        booking = await offices(redis)[0].book(1, [1])
        assert (booking.waits, booking.paused) == ((), True)
        assert 4 < booking.ask_again <= 5
        assert (await offices(redis)[0].book(2, [1])).waits

    async def test_without_redis_there_are_none(self) -> None:
        dead = redis_kit.connect("redis://127.0.0.1:1/0", timeout=0.2)
        booking = await offices(dead)[0].book(1, [1])
        assert (booking.waits, booking.paused) == ((), False)
        await dead.aclose()

    async def test_never_above_the_bots_own_rate(self, redis: Redis) -> None:
        assert BookingOffice(redis, rate=1000, rates=RATES).rate == 100
