"""Faults on demand: the next calls that match are refused, delayed or cut off."""

import asyncio
import itertools
from dataclasses import dataclass

from app.sandbox.telegram import errors
from app.sandbox.telegram.errors import ApiError


@dataclass(slots=True)
class Fault:
    """What happens to calls that match (None matches all); `times` None: until it is removed.

    `status` 0 lets the call pass after `delay` seconds. `cut` closes the connection: "before" the call took
    effect, or "after" it did, when the bot cannot know.
    """

    id: int
    bot_id: int | None = None
    method: str | None = None
    chat_id: int | None = None
    status: int = 0
    description: str | None = None
    retry_after: int = 1
    delay: float = 0.0
    cut: str | None = None
    times: int | None = 1

    def matches(self, bot_id: int, method: str, chat_id: int | None) -> bool:
        return (
            self.bot_id in (None, bot_id)
            and (self.method is None or self.method.lower() == method)
            and self.chat_id in (None, chat_id)
        )

    def error(self) -> ApiError | None:
        if self.status == 0:
            return None
        if self.status == 429:
            return errors.too_many_requests(self.retry_after)
        default = {
            401: "Unauthorized",
            403: "Forbidden: bot was blocked by the user",
            404: "Not Found",
            500: "Internal Server Error",
            502: "Bad Gateway",
        }.get(self.status, "Bad Request")
        return ApiError(self.status, self.description or default)


class ConnectionCut(Exception):
    """The server is to close the connection without an answer."""


class Faults:
    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ids = itertools.count(1)

    def add(self, fault: Fault) -> Fault:
        fault.id = next(self._ids)
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: int) -> bool:
        return self._faults.pop(fault_id, None) is not None

    def waiting(self) -> list[int]:
        return list(self._faults)

    def clear(self) -> None:
        self._faults.clear()

    async def apply(self, bot_id: int, method: str, chat_id: int | None) -> "Fault | None":
        """Uses the first fault that matches; raises its refusal. Returns one that acts after the call."""
        faults = self._faults.values()
        fault = next((fault for fault in faults if fault.matches(bot_id, method, chat_id)), None)
        if fault is None:
            return None
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._faults[fault.id]
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.cut == "before":
            raise ConnectionCut
        if error := fault.error():
            raise error
        return fault if fault.cut == "after" else None
