"""The load: keep-alive connections that ask again as soon as they are answered; no pipelining.

Only what our servers send is understood (HTTP/1.1 with a content-length), which keeps the load generator several
times cheaper than the cheapest server.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

# The next request, head and body, of one connection.
Requests = Callable[[], bytes]


def request(method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(slots=True)
class Tally:
    """What came back in one or more rounds; `latencies` and `seconds` in seconds."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds


class UnexpectedAnswer(Exception):
    """A server answered something else than what is measured."""


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Requests, status: bytes) -> None:
        self._requests = requests
        self._status = status
        self._transport: asyncio.Transport
        self._latencies: list[float] = []
        self._missing = 0
        self._head = b""
        self._began = 0.0
        self._until = 0.0
        self._idle: asyncio.Future[None] | None = None
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._fail(UnexpectedAnswer(f"the server hung up: {error}"))

    def press(self, latencies: list[float], until: float) -> "asyncio.Future[None]":
        """Asks until `until` (of `time.perf_counter`); done when the last answer is there."""
        self._latencies, self._until = latencies, until
        self._idle = asyncio.get_running_loop().create_future()
        self._ask()
        return self._idle

    def _ask(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._requests())

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            if self._head:
                data = self._head + data
                self._head = b""
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._head = data
                return
            self.last = data
            if data[9:12] != self._status:
                self._fail(UnexpectedAnswer(data.decode(errors="replace")))
                return
            self._missing = end + 4 - len(data)
            if (place := data.find(b"content-length: ", 0, end)) >= 0:
                self._missing += int(data[place + 16 : data.index(b"\r", place)])
        if self._missing == 0:
            now = time.perf_counter()
            self._latencies.append(now - self._began)
            if now < self._until:
                self._ask()
            elif self._idle is not None and not self._idle.done():
                self._idle.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._idle is not None and not self._idle.done():
            self._idle.set_exception(error)

    def close(self) -> None:
        self._idle = None
        self._transport.close()


class Load:
    """Open connections to one server."""

    def __init__(self, connections: list[_Connection]) -> None:
        self._connections = connections

    @classmethod
    async def open(cls, port: int, sources: Sequence[Requests], *, status: int = 200) -> Self:
        """One connection for each source of requests; any other status than the given one is a failure."""
        loop = asyncio.get_running_loop()
        connections = []
        for requests in sources:
            _, connection = await loop.create_connection(
                lambda requests=requests: _Connection(requests, str(status).encode()),  # type: ignore[misc]  # a default binds it now
                "127.0.0.1",
                port,
            )
            connections.append(connection)
        return cls(connections)

    async def press(self, seconds: float) -> Tally:
        """One round on all connections. Raises `UnexpectedAnswer`."""
        tally = Tally()
        began, cpu = time.perf_counter(), time.process_time()
        rounds = [each.press(tally.latencies, began + seconds) for each in self._connections]
        done, _ = await asyncio.wait(rounds, timeout=seconds + 30, return_when=asyncio.FIRST_EXCEPTION)
        for one in done:
            one.result()
        if len(done) < len(rounds):
            raise UnexpectedAnswer("the server stopped answering")
        tally.seconds = time.perf_counter() - began
        tally.cpu_seconds = time.process_time() - cpu
        return tally

    @property
    def last(self) -> bytes:
        """The beginning of the last answer of the first connection."""
        return self._connections[0].last

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
