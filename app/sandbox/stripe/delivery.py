"""Webhooks, signed as Stripe signs them and repeated until they are taken (https://docs.stripe.com/webhooks)."""

import asyncio
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import httpx

from app.kit import json

ATTEMPTS = 12
TIMEOUT_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 60.0


def signature(body: bytes, *secrets: str, at: int | None = None) -> str:
    """The header `Stripe-Signature`; several secrets while one is being rolled."""
    moment = int(time.time()) if at is None else at
    signed = b"%d.%s" % (moment, body)
    parts = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    return ",".join((f"t={moment}", *(f"v1={part}" for part in parts), "v0=" + "0" * 64))


@dataclass(slots=True)
class Delivery:
    """`held`: nothing leaves until it is released, in whatever order, and as often as wanted."""

    resend_seconds: float
    held: bool = False
    waiting: list[Callable[[], None]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    _client: httpx.AsyncClient | None = None

    def send(self, event: dict[str, Any], *, url: str, secret: str) -> None:
        def begin() -> None:
            task = asyncio.get_running_loop().create_task(self._deliver(event, url, secret))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

        if self.held:
            self.waiting.append(begin)
        else:
            begin()

    def release(self, *, reversed_: bool = False, times: int = 1) -> int:
        waiting, self.waiting, self.held = self.waiting, [], False
        if reversed_:
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

    async def _deliver(self, event: dict[str, Any], url: str, secret: str) -> None:
        body = json.dumps(event)
        pause = self.resend_seconds
        for attempt in range(1, ATTEMPTS + 1):
            status = await self._attempt(url, body, secret)
            self.log.append({"event": event["id"], "type": event["type"], "attempt": attempt, "status": status})
            if 200 <= status < 300:
                event["pending_webhooks"] = 0
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _attempt(self, url: str, body: bytes, secret: str) -> int:
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "stripe-signature": signature(body, secret),
        }
        try:
            return (await self._client.post(url, content=body, headers=headers)).status_code
        except httpx.HTTPError:
            return 0
