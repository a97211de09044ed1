"""One dispatcher for all bots. It is fed with the update's own Bot, its `project`, and by their names the parts of the
container of the process: `settings`, `database`, `redis`, `users`, `readings`, …"""

from collections.abc import Sequence

from aiogram import Dispatcher, Router
from aiogram.fsm.storage.base import DefaultKeyBuilder, StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis

from app.kit.redis import REDIS_LOST
from app.kit.telemetry import get_logger
from app.telegram.middlewares import PersonMiddleware, TransactionMiddleware

log = get_logger("app.telegram.dispatcher")

# A dialogue that nobody continued for so long is over.
STATE_SECONDS = 7 * 24 * 3600


class PatientStorage(RedisStorage):
    """Without Redis nobody is in a dialogue, so that everything else is still answered; a write fails, and
    the update is worked on again."""

    async def get_state(self, key: StorageKey) -> str | None:
        try:
            return await super().get_state(key)
        except REDIS_LOST as error:
            log.warning("dialogue state is not readable", bot_id=key.bot_id, reason=type(error).__name__)
            return None


def build_dispatcher(redis: Redis, routers: Sequence[Router]) -> Dispatcher:
    """With these handlers, in the order in which they are asked."""
    storage = PatientStorage(
        redis,
        # The default key lacks the bot, and one person's dialogues with two bots would mix.
        key_builder=DefaultKeyBuilder(prefix="arcana:fsm", with_bot_id=True),
        state_ttl=STATE_SECONDS,
        data_ttl=STATE_SECONDS,
    )
    dispatcher = Dispatcher(storage=storage)
    dispatcher.update.outer_middleware(PersonMiddleware())
    for observer in dispatcher.observers.values():
        if observer is not dispatcher.update:
            observer.middleware(TransactionMiddleware())
    dispatcher.include_routers(*routers)
    return dispatcher
