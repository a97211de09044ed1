"""A photo or video is fetched by Telegram once for a bot; everybody else gets it by its file id."""

import asyncio
from uuid import UUID

from redis.asyncio import Redis

from app.broadcasts import content
from app.broadcasts.content import Version
from app.broadcasts.repository import BroadcastRepository
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.redis import REDIS_LOST, key

# The one who is fetching has so long, then another one tries.
FETCHING_SECONDS = 30
LOOK_SECONDS = 0.3


class FileKeeper:
    """The file ids of one run, shared by the processes that send it."""

    def __init__(self, database: Database, redis: Redis, project_id: int, broadcast_id: UUID, run: int) -> None:
        self._database = database
        self._redis = redis
        self._project_id = project_id
        self._broadcast_id = broadcast_id
        self._run = run

    async def wait_for(self, language: str, version: Version) -> Version:
        """The version with its file id once another process has it; unchanged if this process is to fetch it."""
        for _ in range(round(FETCHING_SECONDS / LOOK_SECONDS)):
            known = await self._stored(language)
            if known is not None and known.media is not None and known.media.file_id is not None:
                return known
            try:
                name = key("broadcast", "fetching", self._project_id, self._broadcast_id, language)
                if await self._redis.set(name, 1, nx=True, ex=FETCHING_SECONDS):
                    return version
            except REDIS_LOST:
                return version
            await asyncio.sleep(LOOK_SECONDS)
        return version

    async def keep(self, language: str, version: Version, *, file_id: str, bot_id: int) -> Version:
        if version.media is None:
            return version
        try:
            async with self._database.transaction() as connection:
                await BroadcastRepository(connection, self._project_id).keep_file(
                    self._broadcast_id, language, file_id=file_id, bot_id=bot_id
                )
        except Unavailable:
            # This process knows it anyway; another one fetches it again.
            pass
        media = version.media.model_copy(update={"file_id": file_id, "bot_id": bot_id})
        return version.model_copy(update={"media": media})

    async def _stored(self, language: str) -> Version | None:
        async with self._database.connection() as connection:
            runs = await BroadcastRepository(connection, self._project_id).runs([self._broadcast_id])
        found = next((run for run in runs[self._broadcast_id] if run.run == self._run), None)
        return content.read(found.content).versions.get(language) if found else None
