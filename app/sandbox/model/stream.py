"""The event stream of one completion, which can hang, break off or talk nonsense when that was ordered."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from app.kit import json
from app.sandbox.model.faults import error

if TYPE_CHECKING:
    from app.sandbox.model.server import Desk

_HANG = 3600.0


class TokenStream(Response):
    """Writes chunks until the text or the listener is gone; notes in the record how it ended."""

    def __init__(
        self,
        *,
        desk: "Desk",
        record: dict[str, Any],
        head: dict[str, Any],
        pieces: list[str],
        finish: str | None,
        usage: dict[str, Any] | None,
        fault: str | None,
        pause: float,
        first_pause: float,
    ) -> None:
        super().__init__(media_type="text/event-stream", headers={"cache-control": "no-cache"})
        del self.headers["content-length"]
        self._desk, self._record, self._head = desk, record, head
        self._pieces, self._finish, self._usage = pieces, finish, usage
        self._fault, self._pause, self._first_pause = fault, pause, first_pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        desk = self._desk
        desk.active += 1
        desk.peak = max(desk.peak, desk.active)
        writing = asyncio.ensure_future(self._write(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((writing, leaving), return_when=asyncio.FIRST_COMPLETED)
            gone = leaving.done() and not writing.done()
            self._record["outcome"] = "left" if gone else "cut" if self._fault == "cut_midway" else "finished"
        finally:
            desk.active -= 1
            for task in (writing, leaving):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _write(self, send: Send) -> None:
        if self._fault == "hang_headers":
            await asyncio.sleep(_HANG)
        start: Message = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        await self._event(send, self._chunk({"role": "assistant", "content": "", "refusal": None}))
        if self._fault == "hang_first":
            await asyncio.sleep(_HANG)
        await asyncio.sleep(self._first_pause)
        middle = len(self._pieces) // 2
        for place, piece in enumerate(self._pieces):
            if place == middle and await self._breaks(send):
                return
            await self._event(send, self._chunk({"content": piece}))
            self._record["sent"] += 1
            if self._pause:
                await asyncio.sleep(self._pause)
        await self._event(send, self._chunk({}, finish=self._finish))
        if self._usage is not None:
            await self._event(send, self._chunk(None) | {"usage": self._usage})
        await _send(send, b"data: [DONE]\n\n", more=False)

    async def _breaks(self, send: Send) -> bool:
        """Does in the middle what was ordered; true if nothing may follow."""
        match self._fault:
            case "hang_midway":
                await asyncio.sleep(_HANG)
            case "cut_midway":
                # Without a last body message the server drops the connection.
                return True
            case "error_midway":
                body = error("The server had an error while processing your request.", "server_error")
                await self._event(send, body)
                await _send(send, b"", more=False)
                return True
            case "broken_json":
                await _send(send, b'data: {"choices": [{"delta": {"content": "\n\n')
        return False

    def _chunk(self, delta: dict[str, Any] | None, *, finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {
            "id": self._head["id"],
            "object": "chat.completion.chunk",
            "created": self._head["created"],
            "model": self._head["model"],
            "service_tier": "default",
            "system_fingerprint": "fp_sandbox",
            "choices": [] if delta is None else [choice],
            "usage": None,
        }

    async def _event(self, send: Send, body: dict[str, Any]) -> None:
        await _send(send, b"data: " + json.dumps(body) + b"\n\n")


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
