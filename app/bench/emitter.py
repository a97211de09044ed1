"""A model for measuring delay: OpenAI's stream, in which words carry the time at which they were sent.

It is a bare protocol, for 300 streams of 20 tokens a second must not make the model the bottleneck.
"""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine
from typing import Any, cast

from app.bench.servers import Program
from app.kit import json
from app.sandbox.model import writer

# A stamp is a word of eight of these: ten-thousandths of a second, in Cyrillic, as the language check asks.
LETTERS = "бвгджзклмнпрстфхцчшщъыьэюяаеиоуё"
STAMP_LETTERS = 8
# Longer than what an interpreter holds back to judge the beginning of a text.
OPENING = "Карты легли на стол, и теперь можно спокойно рассмотреть, о чём они говорят, не торопясь и по порядку. "
TOKENS_A_SENTENCE = 12


def stamp(now: float) -> str:
    """`now` (of `time.monotonic`, which all processes share) as a word."""
    ticks, word = int(now * 10_000), ""
    for _ in range(STAMP_LETTERS):
        word += LETTERS[ticks & 31]
        ticks >>= 5
    return word


def read_stamp(word: str) -> float:
    """Seconds of `time.monotonic`; raises `ValueError` for another word."""
    ticks = 0
    for letter in reversed(word):
        ticks = ticks << 5 | LETTERS.index(letter)
    return ticks / 10_000


class _Model(asyncio.Protocol):
    """One connection; answers one completion after the other."""

    def __init__(self, tokens_per_second: float, seconds: float) -> None:
        self._pause = 1 / tokens_per_second
        self._count = max(1, int(seconds * tokens_per_second))
        self._transport: asyncio.Transport
        self._buffer = b""
        self._gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._gone = True

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if len(rest) < int(lengths[0].split(b":")[1]):
            return
        self._buffer = b""
        body = json.loads(rest)
        self._model = body["model"]
        # What the reading must have in the end: every card in its position.
        self._ending = "\n\n" + writer.write(writer.read(body["messages"]))
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        self._send({"role": "assistant", "content": OPENING})
        self._tokens = itertools.count(1)
        self._next = asyncio.get_running_loop().time() + self._pause
        asyncio.get_running_loop().call_at(self._next, self._token)

    def _token(self) -> None:
        if self._gone:
            return
        number = next(self._tokens)
        stop = ". " if number % TOKENS_A_SENTENCE == 0 else " "
        self._send({"content": stamp(time.monotonic()) + stop})
        if number < self._count:
            self._next += self._pause
            asyncio.get_running_loop().call_at(self._next, self._token)
            return
        self._send({"content": self._ending})
        self._send({}, finish="stop")
        self._write(b"data: [DONE]\n\n")
        self._transport.write(b"0\r\n\r\n")

    def _send(self, delta: dict[str, str], *, finish: str | None = None) -> None:
        chunk = {
            "id": "chatcmpl-bench",
            "object": "chat.completion.chunk",
            "created": 1_767_225_600,
            "model": self._model,
            "service_tier": "default",
            "system_fingerprint": "fp_bench",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
            "usage": None,
        }
        self._write(b"data: " + json.dumps(chunk) + b"\n\n")

    def _write(self, event: bytes) -> None:
        self._transport.write(b"%x\r\n%s\r\n" % (len(event), event))


def emitter(port: int, tokens_per_second: float, seconds: float) -> Program:
    """Streams of `seconds` length on a port of loopback."""

    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Model(tokens_per_second, seconds), "127.0.0.1", port, backlog=1024)
        async with server:
            await server.serve_forever()

    beside: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = (serve,)
    return Program(beside=beside)
