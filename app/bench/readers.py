"""People who read interpretations while they are written: server-sent events over bare connections."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

from app.bench.emitter import LETTERS, STAMP_LETTERS, read_stamp
from app.bench.load import UnexpectedAnswer, request

WORD = re.compile(rf"(?<!\w)[{LETTERS}]{{{STAMP_LETTERS}}}(?=[. ])")


class _Reader(asyncio.Protocol):
    def __init__(
        self,
        raw: bytes,
        delays: list[tuple[float, float]],
        begun: "asyncio.Future[None]",
        ended: "asyncio.Future[None]",
    ) -> None:
        self._raw, self._delays, self._begun, self._ended = raw, delays, begun, ended
        self._rest = b""
        self._seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._raw)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if not self._seen:
            self._seen = data
            if data[9:12] != b"200":
                self._fail(data.decode(errors="replace"))
        *events, self._rest = (self._rest + data).split(b"\n\n")
        for event in events:
            if b"event: delta\n" in event:
                for word in WORD.findall(event.decode()):
                    sent = read_stamp(word)
                    # The ending is ordinary text, in which a word may look like a stamp of another age.
                    if -1 < now - sent < 60:
                        self._delays.append((now, now - sent))
                        if not self._begun.done():
                            self._begun.set_result(None)
            elif b"event: done\n" in event:
                for milestone in (self._begun, self._ended):
                    if not milestone.done():
                        milestone.set_result(None)
                self._transport.close()
            elif b"event: error\n" in event or b"event: reset\n" in event:
                self._fail(event.decode())

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(f"the stream ended before the text did: {error}")

    def _fail(self, reason: str) -> None:
        for milestone in (self._begun, self._ended):
            if not milestone.done():
                milestone.set_exception(UnexpectedAnswer(reason))


class Audience:
    """All readers. `delays` are (when it arrived, seconds after it was sent) of every stamped word."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._begun: list[asyncio.Future[None]] = []
        self._ended: list[asyncio.Future[None]] = []
        self.delays: list[tuple[float, float]] = []

    async def open(self, path: str, headers: dict[str, str]) -> None:
        loop = asyncio.get_running_loop()
        begun: asyncio.Future[None] = loop.create_future()
        ended: asyncio.Future[None] = loop.create_future()
        self._begun.append(begun)
        self._ended.append(ended)
        make: Callable[[], _Reader] = lambda: _Reader(request("GET", path, headers), self.delays, begun, ended)  # noqa: E731 (asyncio wants a factory)
        await loop.create_connection(make, "127.0.0.1", self._port)

    async def until_all_have_begun(self, seconds: float) -> None:
        """Each has had a word. Raises `UnexpectedAnswer` if a text fails, `TimeoutError` if one does not begin."""
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._begun)

    async def until_the_end(self, seconds: float) -> None:
        """Raises `UnexpectedAnswer` if a text fails, `TimeoutError` if one does not end."""
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._ended)
