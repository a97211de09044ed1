"""A TCP proxy in front of a real server, to take the server away and give it back."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Proxy:
    """`cut()` closes and refuses connections, `freeze()` silences them, `swallow()` loses the answers alone;
    `restore()` ends all of it."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._swallowing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self._flowing.set()
        self.cut()

    def cut(self) -> None:
        self._refusing = True
        for writer in list(self._writers):
            writer.close()

    def freeze(self) -> None:
        self._flowing.clear()

    def swallow(self) -> None:
        self._swallowing = True

    def restore(self) -> None:
        self._refusing = self._swallowing = False
        self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer, answers=True))
        self._writers -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool = False) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                if answers and self._swallowing:
                    break
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def in_front_of(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy, and the url that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    proxy = Proxy(parts.hostname, parts.port)
    await proxy.open()
    try:
        yield proxy, url.replace(f":{parts.port}", f":{proxy.port}", 1)
    finally:
        await proxy.close()
