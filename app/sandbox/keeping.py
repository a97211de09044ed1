"""Books of a sandbox in a file: the demo's money must not be forgotten when the demo is started anew."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

log = logging.getLogger("app.sandbox.keeping")

# What happens together is written together.
GATHER_SECONDS = 0.3


class Keeping:
    """An application in front of a sandbox. Soon after each request that may have changed something, and at the end,
    `dump` is written; what was written last is there at once for `load`, which raises `ValueError` for what it does
    not know.
    """

    def __init__(self, app: Starlette, path: Path, *, dump: Callable[[], bytes], load: Callable[[bytes], None]) -> None:
        self.app, self._path, self._dump = app, path, dump
        self._written = b""
        self._soon: asyncio.TimerHandle | None = None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._written = path.read_bytes()
            load(self._written)
        except FileNotFoundError:
            return
        except ValueError:
            # Of another version of the sandbox: it plays, so it may begin with empty books.
            log.exception("the books of a sandbox are not readable; it begins with empty ones")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            if scope["type"] == "lifespan":
                self.write()
            elif scope["type"] == "http" and scope["method"] not in ("GET", "HEAD") and self._soon is None:
                self._soon = asyncio.get_running_loop().call_later(GATHER_SECONDS, self.write)

    def write(self) -> None:
        """Whole, and then renamed, so that no end of the process leaves half of it."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        books = self._dump()
        if books == self._written:
            return
        fresh = self._path.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(books)
        fresh.replace(self._path)
        self._written = books
