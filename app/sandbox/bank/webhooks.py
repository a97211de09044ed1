"""Telling the shop: signed, in the background, and again until it answers 200."""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any

import httpx

from app.kit import json

SIGNATURE = "bank-signature"
# More than an hour together.
ATTEMPTS = 14
RESEND_SECONDS = 0.5


def sign(secret: str, body: bytes, now: float) -> str:
    """`t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`."""
    moment = str(int(now))
    digest = hmac.digest(secret.encode(), f"{moment}.".encode() + body, "sha256").hex()
    return f"t={moment},v1={digest}"


class Webhooks:
    """`pause` is the unit, in seconds, of the growing pause between two attempts."""

    def __init__(self, secret: str, *, pause: float = RESEND_SECONDS) -> None:
        self._secret = secret
        self._pause = pause
        self._client = httpx.AsyncClient(timeout=10)
        self._running: set[asyncio.Task[None]] = set()
        # (address, event, status) of each attempt, for whoever looks on.
        self.sent: list[tuple[str, dict[str, Any], int]] = []

    def send(self, url: str, kind: str, account: str, data: dict[str, Any], *, event_id: str | None = None,
             copies: int = 1) -> str:  # fmt: skip
        """Sends an event, so often, and says its id."""
        event = {
            "id": event_id or f"evt_{secrets.token_hex(10)}", "type": kind, "account": account,
            "created": int(time.time()), "data": data,
        }  # fmt: skip
        for _ in range(copies):
            self._start(lambda: self._deliver(url, event))
        return str(event["id"])

    def _start(self, make: Callable[[], Any]) -> None:
        task = asyncio.create_task(make())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _deliver(self, url: str, event: dict[str, Any]) -> None:
        body = json.dumps(event)
        for attempt in range(ATTEMPTS):
            headers = {"content-type": "application/json", SIGNATURE: sign(self._secret, body, time.time())}
            try:
                status = (await self._client.post(url, content=body, headers=headers)).status_code
            except httpx.HTTPError:
                status = 0
            self.sent.append((url, event, status))
            if status == 200:
                return
            await asyncio.sleep(self._pause * 2**attempt)

    async def idle(self) -> None:
        """Returns when nothing is on its way any more."""
        while self._running:
            await asyncio.gather(*self._running, return_exceptions=True)

    async def close(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self._client.aclose()
