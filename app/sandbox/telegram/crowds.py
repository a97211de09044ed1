"""Crowds: very many people who have each begun a chat with a bot, of whom only numbers are kept.

A broadcast to 100,000 chats is to load the one who sends it, not the memory of the sandbox.
"""

import itertools
import time
from array import array
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.telegram.chats import Chat

MOST_NAMED = 100


@dataclass(slots=True)
class Crowd:
    """People `first` to `first + count - 1`. Every `blocked_every`th has blocked the bot (0: nobody)."""

    id: int
    bot_id: int
    first: int
    count: int
    blocked_every: int = 0
    received: "array[int]" = field(default_factory=lambda: array("H"))
    first_at: float | None = None
    last_at: float | None = None

    def __post_init__(self) -> None:
        self.received = array("H", bytes(2 * self.count))

    def __contains__(self, person: int) -> bool:
        return self.first <= person < self.first + self.count

    def chat(self, person: int) -> Chat:
        """For one call; it remembers nothing."""
        number = person - self.first
        blocked = bool(self.blocked_every) and number % self.blocked_every == 0
        return Chat(person, "private", {"first_name": f"Person {number}"}, self.bot_id, blocked=blocked, crowd=self)

    def take(self, person: int) -> None:
        """Counts one message."""
        number = person - self.first
        self.received[number] = min(self.received[number] + 1, 65_535)
        self.last_at = time.time()
        if self.first_at is None:
            self.first_at = self.last_at

    def body(self) -> dict[str, Any]:
        repeated = [self.first + number for number, times in enumerate(self.received) if times > 1]
        return {
            "id": self.id,
            "bot": self.bot_id,
            "first": self.first,
            "count": self.count,
            "blocked": -(-self.count // self.blocked_every) if self.blocked_every else 0,
            "messages": sum(self.received),
            "reached": sum(1 for times in self.received if times),
            "repeated": len(repeated),
            "repeated_people": repeated[:MOST_NAMED],
            "first_at": self.first_at,
            "last_at": self.last_at,
        }


class Crowds:
    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._by_bot: dict[int, list[Crowd]] = {}

    def add(self, bot_id: int, *, first: int, count: int, blocked_every: int) -> Crowd | None:
        """None when somebody of them is in another crowd of the bot already."""
        crowds = self._by_bot.setdefault(bot_id, [])
        if any(first < known.first + known.count and known.first < first + count for known in crowds):
            return None
        crowds.append(Crowd(next(self._ids), bot_id, first, count, blocked_every))
        return crowds[-1]

    def chat(self, bot_id: int, person: int) -> Chat | None:
        for crowd in self._by_bot.get(bot_id, ()):
            if person in crowd:
                return crowd.chat(person)
        return None

    def get(self, crowd_id: int) -> Crowd | None:
        return next((crowd for crowds in self._by_bot.values() for crowd in crowds if crowd.id == crowd_id), None)

    def remove(self, crowd: Crowd) -> None:
        self._by_bot[crowd.bot_id].remove(crowd)
