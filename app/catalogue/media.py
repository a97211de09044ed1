"""Mirrored pictures as they are served: by content hash, so that an address never changes its bytes."""

import asyncio
import re
from collections import OrderedDict

from app.catalogue.images import as_jpeg
from app.catalogue.pictures import PicturesRepository
from app.kit.database import Database

NAME = re.compile(r"([0-9a-f]{32})-([1-9][0-9]{0,3})\.(webp|jpg)")
MEMORY_LIMIT = 24 * 1024 * 1024


class MediaFiles:
    """Postgres with a bounded memory of the files used last in front of it."""

    def __init__(self, database: Database, *, memory_limit: int = MEMORY_LIMIT) -> None:
        self._database = database
        self._limit = memory_limit
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    async def get(self, name: str) -> bytes | None:
        """The bytes of `<hash>-<width>.webp`, or of its twin in JPEG, `.jpg`. Raises `Unavailable` without Postgres
        if it has to ask."""
        found = self._files.get(name)
        if found is not None:
            self._files.move_to_end(name)
            return found
        match = NAME.fullmatch(name)
        if match is None:
            return None
        async with self._database.connection() as connection:
            body = await PicturesRepository(connection).file(match[1], int(match[2]))
        if body is not None and match[3] == "jpg":
            body = await asyncio.to_thread(as_jpeg, body)
        if body is not None and len(body) <= self._limit // 8 and name not in self._files:
            self._files[name] = body
            self._size += len(body)
            while self._size > self._limit:
                self._size -= len(self._files.popitem(last=False)[1])
        return body
