"""One dispatcher for all bots. It is fed with the update's own Bot, its `project`, `settings` and
`database`."""

from collections.abc import Sequence

from aiogram import Dispatcher, Router
from aiogram.fsm.storage.base import DefaultKeyBuilder, StorageKey
from aiogram.fsm.storage.redis import RedisStorage
from redis.asyncio import Redis

from app.kit.redis import REDIS_LOST
from app.kit.telemetry import get_logger
from app.telegram.handlers import routers as all_routers
from app.telegram.middlewares import LanguageMiddleware, TransactionMiddleware

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


def build_dispatcher(redis: Redis, routers: Sequence[Router] | None = None) -> Dispatcher:
    """With the product's handlers, or with those given."""
    storage = PatientStorage(
        redis,
        # The default key lacks the bot, and one person's dialogues with two bots would mix.
        key_builder=DefaultKeyBuilder(prefix="arcana:fsm", with_bot_id=True),
        state_ttl=STATE_SECONDS,
        data_ttl=STATE_SECONDS,
    )
    dispatcher = Dispatcher(storage=storage)
    dispatcher.update.outer_middleware(LanguageMiddleware())
    for observer in dispatcher.observers.values():
        if observer is not dispatcher.update:
            observer.middleware(TransactionMiddleware())
    dispatcher.include_routers(*(all_routers() if routers is None else routers))
    return dispatcher
