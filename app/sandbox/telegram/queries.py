"""Questions that people's clients put to a bot and wait for: pressed buttons and checkouts."""

import asyncio
import itertools
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = 10_000


@dataclass(slots=True)
class Query:
    id: str
    bot_id: int
    deadline: float
    answer: "asyncio.Future[dict[str, Any]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Queries:
    def __init__(self) -> None:
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._ids = itertools.count(4_000_000_000_000_001)

    def ask(self, bot_id: int, *, seconds: float) -> Query:
        query = Query(str(next(self._ids)), bot_id, time.monotonic() + seconds)
        self._queries[query.id] = query
        if len(self._queries) > REMEMBERED:
            self._queries.popitem(last=False)
        return query

    def take(self, bot_id: int, query_id: str) -> Query | None:
        """A query that waits for its first answer; None when it is too old, answered, or another bot's."""
        query = self._queries.get(query_id)
        if query is None or query.bot_id != bot_id or query.answer.done():
            return None
        return query if time.monotonic() <= query.deadline else None


async def answer_of(query: Query, *, seconds: float) -> dict[str, Any] | None:
    """What the bot answered within so many seconds."""
    done, _ = await asyncio.wait([query.answer], timeout=seconds)
    return query.answer.result() if done else None
