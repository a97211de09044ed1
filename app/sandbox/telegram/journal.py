"""What changed on the desk, in order, for pages that look on."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.telegram.chats import Chat, Post

REMEMBERED = 5_000


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: message, edited, deleted, reaction, topic, draft, answer, chat, member, menu, commands, keyboard,
    invoice, pinned, action. `chat` is None for what concerns a bot as a whole."""

    seq: int
    kind: str
    bot_id: int | None
    chat: Chat | None
    post: Post | None
    more: dict[str, Any] = field(default_factory=dict)


class Journal:
    def __init__(self) -> None:
        self.seq = 0
        self._changes: deque[Change] = deque(maxlen=REMEMBERED)
        self._changed: asyncio.Event | None = None

    def add(
        self,
        kind: str,
        *,
        chat: Chat | None = None,
        post: Post | None = None,
        bot_id: int | None = None,
        **more: Any,
    ) -> None:
        self.seq += 1
        bot_id = chat.bot_id if bot_id is None and chat is not None else bot_id
        self._changes.append(Change(self.seq, kind, bot_id, chat, post, more))
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    def after(self, seq: int) -> list[Change]:
        """What came later than `seq`, oldest first, as far as it is remembered."""
        if not self._changes or self._changes[-1].seq <= seq:
            return []
        skipped = max(0, seq + 1 - self._changes[0].seq)
        return list(self._changes)[skipped:]

    def complete(self, seq: int) -> bool:
        """Whether nothing between `seq` and now was forgotten."""
        oldest = self._changes[0].seq if self._changes else self.seq + 1
        return oldest - 1 <= seq <= self.seq

    async def wait(self, seq: int, *, seconds: float) -> None:
        """Until there is something after `seq`, or the time is over."""
        try:
            async with asyncio.timeout(seconds):
                while self.seq <= seq:
                    if self._changed is None:
                        self._changed = asyncio.Event()
                    await self._changed.wait()
        except TimeoutError:
            pass
