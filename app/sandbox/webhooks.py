"""Webhooks of the payment providers: sent until they are taken; held back, doubled and reversed on demand."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

ATTEMPTS = 12
TIMEOUT_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 60.0


class WebhookSender:
    """`held`: nothing leaves until it is released. `resend_seconds` is the first pause; each further one doubles."""

    def __init__(self, resend_seconds: float) -> None:
        self.resend_seconds = resend_seconds
        self.held = False
        self.log: list[dict[str, Any]] = []
        self._waiting: list[Callable[[], None]] = []
        self._running: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        self._copies = 1

    @contextmanager
    def copies(self, number: int) -> Iterator[None]:
        """Within the block each notification leaves so often; with 0 it is lost."""
        self._copies = number
        try:
            yield
        finally:
            self._copies = 1

    def post(self, body: bytes, *, url: str, headers: Callable[[], Mapping[str, str]], note: str) -> None:
        """`headers` are made for each attempt; `note` names it in the log."""

        def begin() -> None:
            task = asyncio.get_running_loop().create_task(self._deliver(body, url, headers, note))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        for _ in range(self._copies):
            if self.held:
                self._waiting.append(begin)
            else:
                begin()

    def release(self, *, backwards: bool = False, times: int = 1) -> int:
        """How many had been waiting."""
        waiting, self._waiting, self.held = self._waiting, [], False
        if backwards:
            waiting.reverse()
        for begin in waiting * times:
            begin()
        return len(waiting)

    async def idle(self) -> None:
        """Returns when nothing is on its way any more."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def _deliver(self, body: bytes, url: str, headers: Callable[[], Mapping[str, str]], note: str) -> None:
        pause = self.resend_seconds
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._attempt(url, body, headers())
            self.log.append({"event": note, "attempt": attempt, "status": status})
            if 200 <= status < 300:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        try:
            return (await self._client.post(url, content=body, headers=dict(headers))).status_code
        except httpx.HTTPError:
            return 0
