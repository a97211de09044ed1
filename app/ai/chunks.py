"""The event stream of a chat completion, read line by line.

Format: https://platform.openai.com/docs/api-reference/chat-streaming (`chat.completion.chunk`, `[DONE]`).
"""

from collections.abc import Mapping
from typing import Any

from app.ai.faults import ModelFault
from app.kit import json

_LINE_LIMIT = 1_000_000
_OTHER_FIELDS = (b":", b"event:", b"id:", b"retry:")


class ChunkReader:
    """Fed with bytes as they arrive; gives the text in them and remembers what else they said."""

    def __init__(self) -> None:
        self.finish: str | None = None
        self.usage: tuple[int, int] | None = None
        self.done = False
        # Text or thoughts have come: the model is at work.
        self.alive = False
        self._rest = b""

    def feed(self, data: bytes) -> str:
        """The text in these bytes, possibly none. Raises `ModelFault` on anything that is not a chunk."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE_LIMIT:
            raise ModelFault("nonsense")
        return "".join(self._line(line) for line in lines)

    def _line(self, line: bytes) -> str:
        if line.startswith(b"data:"):
            return self._data(line[5:].strip())
        if line.strip() and not line.startswith(_OTHER_FIELDS):
            raise ModelFault("nonsense")
        return ""

    def _data(self, data: bytes) -> str:
        if data == b"[DONE]":
            self.done = True
            return ""
        try:
            chunk = json.loads(data)
            if chunk.get("error"):
                raise ModelFault("error_midway")
            self._count(chunk.get("usage"))
            choices = chunk.get("choices")
            if not choices:
                return ""
            delta = choices[0].get("delta") or {}
            self._finished(choices[0].get("finish_reason"))
            text = delta.get("content") or ""
            if text or delta.get("reasoning_content") or delta.get("reasoning"):
                self.alive = True
            if not isinstance(text, str):
                raise ModelFault("nonsense")
        except (ValueError, AttributeError, TypeError, LookupError):
            raise ModelFault("nonsense") from None
        return text

    def whole(self, data: bytes) -> str:
        """The text of a `chat.completion`, which some servers send although a stream was asked for."""
        try:
            completion = json.loads(data)
            self._count(completion.get("usage"))
            choice = completion["choices"][0]
            self._finished(choice.get("finish_reason") or "stop")
            text = choice["message"]["content"] or ""
            self.alive = bool(text)
        except (ValueError, AttributeError, TypeError, LookupError):
            raise ModelFault("nonsense") from None
        if not isinstance(text, str):
            raise ModelFault("nonsense")
        return text

    def _finished(self, reason: Any) -> None:
        if reason is None:
            return
        self.finish = str(reason)
        if self.finish == "content_filter":
            raise ModelFault("content_filter", refusal=True)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, Mapping):
            counted = usage.get("prompt_tokens"), usage.get("completion_tokens")
            if all(isinstance(count, int) and count >= 0 for count in counted):
                self.usage = (counted[0] or 0, counted[1] or 0)


def tokens_in(text: str) -> int:
    """An estimate for servers that count nothing: a token is about four bytes of UTF-8, rather less."""
    return -(-len(text.encode()) // 4)
