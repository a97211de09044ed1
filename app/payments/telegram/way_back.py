"""The way back to what somebody was doing in the chat when his balance was empty: the button that goes on with it."""

from uuid import UUID

from redis.asyncio import Redis

from app.kit.redis import REDIS_LOST, key

# Whoever comes back later than that begins anew.
SECONDS = 24 * 3600


def _name(project_id: int, user_id: UUID) -> str:
    return key("payments", "way_back", project_id, user_id)


async def remember(redis: Redis, project_id: int, user_id: UUID, callback_data: str) -> None:
    """`callback_data` is the button's own, as its handler unpacks it."""
    try:
        await redis.set(_name(project_id, user_id), callback_data, ex=SECONDS)
    except REDIS_LOST:
        return


async def recall(redis: Redis, project_id: int, user_id: UUID) -> str | None:
    """It stays until its time is over: a message that is made again needs it again."""
    try:
        found = await redis.get(_name(project_id, user_id))
    except REDIS_LOST:
        return None
    return found.decode() if isinstance(found, bytes) else found
