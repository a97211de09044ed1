"""A reader as the Mini App is one: follows a text, comes back where it left off, and notices gaps and doubles."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.conftest import Api, Person

# An outage ends a stream or refuses it; a client comes back after these.
COME_BACK_AFTER = (httpx.HTTPError, OSError)


@dataclass
class Reader:
    """`text` is what the screen shows now; `resets` counts how often it was wiped."""

    text: str = ""
    last: str | None = None
    resets: int = 0
    visits: int = 0
    refusals: list[int] = field(default_factory=list)
    done: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    heard_at: float = 0.0
    longest_silence: float = 0.0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        return self.done is not None or self.error is not None

    def take(self, identity: str, name: str, data: Any) -> None:
        assert not self.ended, f"{name} after the end"
        now = time.monotonic()
        self.longest_silence = max(self.longest_silence, now - (self.heard_at or now))
        self.heard_at, self.last = now, identity
        if name == "delta":
            self.text += data["text"]
            assert identity.endswith(f"-{len(self.text)}"), f"{identity}: {len(self.text)} characters are on screen"
        elif name == "reset":
            self.text, self.resets = "", self.resets + 1
        elif name == "done":
            assert self.text.strip() == data["text"]
            self.done = data
        else:
            assert name == "error"
            self.error = data
        self._changed.set()

    async def until(self, condition: Callable[["Reader"], bool], *, seconds: float = 15.0) -> None:
        """Until the screen is so."""
        async with asyncio.timeout(seconds):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def visit(self, api: Api, person: Person, path: str) -> None:
        """One connection, to its end or to ours. Raises what httpx raises."""
        self.visits += 1
        headers = {**person.headers, **({"Last-Event-ID": self.last} if self.last else {})}
        fields: dict[str, str] = {}
        async with api.client.stream("GET", path, headers=headers) as response:
            if response.status_code != 200:
                await response.aread()
                self.refusals.append(response.status_code)
                assert response.status_code == 503, response.text
                return
            async for line in response.aiter_lines():
                if line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif "event" in fields:
                    self.take(fields["id"], fields["event"], json.loads(fields["data"]))
                    fields = {}

    async def follow(self, api: Api, person: Person, path: str) -> None:
        """As often as it takes."""
        while not self.ended:
            with suppress(*COME_BACK_AFTER):
                await self.visit(api, person, path)
            if not self.ended:
                await asyncio.sleep(0.1)


@asynccontextmanager
async def reading_aloud(person: Person, path: str) -> AsyncIterator[Reader]:
    """A reader who follows in the background until the text has ended."""
    reader = Reader()
    following = asyncio.create_task(reader.follow(person.api, person, path))
    # A failed assertion of the reader must not look like a text that does not come.
    following.add_done_callback(lambda _: reader._changed.set())
    try:
        yield reader
        await asyncio.wait_for(following, 20)
    finally:
        if not following.done():
            following.cancel()
        (failure,) = await asyncio.gather(following, return_exceptions=True)
    if isinstance(failure, BaseException) and not isinstance(failure, asyncio.CancelledError):
        raise failure
