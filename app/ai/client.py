"""One model server, streamed raw: a chunk costs one orjson call, not a tree of objects."""

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx2
import openai
from openai._response import AsyncAPIResponse

from app.ai.chunks import ChunkReader, tokens_in
from app.ai.faults import ModelFault, from_openai
from app.ai.prompts import Message
from app.settings import ModelProfile, Settings

_CONNECT_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.5
_DRAIN_SECONDS = 0.1
_BODY_LIMIT = 1_000_000
_TRANSPORT_ERRORS = (httpx2.HTTPError, httpx2.StreamError, aiohttp.ClientError, OSError)


@dataclass(slots=True)
class Bill:
    """What an interpretation has used so far, over all its attempts."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def micros(self, profile: ModelProfile) -> int:
        """Millionths of a dollar: a price in dollars per million tokens is one in millionths per token."""
        cost = self.prompt_tokens * profile.input_price + self.completion_tokens * profile.output_price
        return int(cost.to_integral_value())


@dataclass(frozen=True, slots=True)
class Finished:
    """The text is complete; `reason` is `stop` or `length`."""

    reason: str


class ModelClient:
    """The server of one profile behind one shared connection pool."""

    def __init__(self, profile: ModelProfile, settings: Settings) -> None:
        self.profile = profile
        self._settings = settings
        timeout = httpx2.Timeout(settings.model_total_seconds, connect=_CONNECT_SECONDS)
        self._openai = openai.AsyncOpenAI(
            # The package refuses an empty key; local servers need none.
            api_key=profile.api_key.get_secret_value() or "none",
            base_url=profile.base_url,
            max_retries=0,
            # A redirect would carry the question to an address that the operator did not name.
            http_client=openai.DefaultAioHttpClient(timeout=timeout, follow_redirects=False),
        )
        self._options: dict[str, Any] = {
            "max_tokens": profile.max_tokens,
            "temperature": profile.temperature,
            "stream_options": {"include_usage": True},
        }

    async def close(self) -> None:
        await self._openai.close()

    async def stream(
        self, messages: list[Message], *, bill: Bill, deadline: float
    ) -> AsyncGenerator[str | Finished, None]:
        """Pieces of text as they come, and `Finished` as the last item. Close it (`aclosing`) to hang up.

        Tries again by itself only before the first piece. `deadline` is a time of the event loop.
        Raises `ModelFault`.
        """
        failures = 0
        while True:
            started = False
            try:
                async with aclosing(self._attempt(messages, bill=bill, deadline=deadline)) as items:
                    async for item in items:
                        started = True
                        yield item
                return
            except ModelFault as fault:
                if started or (pause := self._pause(fault, failures, deadline)) is None:
                    raise
            failures += 1
            await asyncio.sleep(pause)

    def _pause(self, fault: ModelFault, failures: int, deadline: float) -> float | None:
        """Seconds before the next attempt; none if there should be none."""
        if not fault.retryable or failures >= self._settings.model_retries:
            return None
        # Half fixed, half random, so that a crowd that failed together does not come back together.
        pause = _FIRST_PAUSE_SECONDS * 2**failures * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        pause = max(pause, fault.retry_after or 0.0)
        left = deadline - asyncio.get_running_loop().time()
        return pause if pause < min(left, self._settings.model_first_token_seconds) else None

    async def _attempt(
        self, messages: list[Message], *, bill: Bill, deadline: float
    ) -> AsyncGenerator[str | Finished, None]:
        first = min(asyncio.get_running_loop().time() + self._settings.model_first_token_seconds, deadline)
        reader, written = ChunkReader(), 0
        try:
            async with self._opened(messages, first) as response:
                async with aclosing(self._texts(response, reader, first, deadline)) as texts:
                    async for text in texts:
                        written += tokens_in(text)
                        yield text
                if reader.finish is None:
                    raise ModelFault("cut")
                if not written:
                    raise ModelFault("empty")
            yield Finished("length" if reader.finish == "length" else "stop")
        except TimeoutError:
            raise ModelFault("silent" if reader.alive else "no_first_token") from None
        except openai.BadRequestError as error:
            raise self._adapted(error) from None
        except openai.OpenAIError as error:
            raise from_openai(error) from None
        except _TRANSPORT_ERRORS:
            raise ModelFault("cut" if reader.alive else "connection", retryable=not reader.alive) from None
        finally:
            # What never began to be written is not charged by any provider we know of.
            if reader.usage or reader.alive:
                estimate = sum(tokens_in(message["content"]) for message in messages), written
                prompt_tokens, completion_tokens = reader.usage or estimate
                bill.prompt_tokens += prompt_tokens
                bill.completion_tokens += completion_tokens

    @asynccontextmanager
    async def _opened(self, messages: list[Message], first: float) -> AsyncIterator[AsyncAPIResponse[Any]]:
        request = self._openai.chat.completions.with_streaming_response.create(
            model=self.profile.model,
            messages=messages,  # type: ignore[arg-type]  # plain dicts; the package's types are one per role
            stream=True,
            **self._options,
        )
        async with asyncio.timeout_at(first):
            response = await request.__aenter__()
        try:
            yield response
        finally:
            await request.__aexit__(None, None, None)

    async def _texts(
        self, response: AsyncAPIResponse[Any], reader: ChunkReader, first: float, deadline: float
    ) -> AsyncGenerator[str, None]:
        kind = response.headers.get("content-type", "")
        if "event-stream" not in kind and "json" not in kind:
            raise ModelFault("nonsense")
        clock = asyncio.get_running_loop().time
        source = response.iter_bytes().__aiter__()
        alive_at, body = clock(), b""
        while True:
            limit = alive_at + self._settings.model_idle_seconds if reader.alive else first
            # After the end there is only the terminator left; reading it keeps the connection usable.
            limit = clock() + _DRAIN_SECONDS if reader.done else min(limit, deadline)
            try:
                async with asyncio.timeout_at(limit):
                    data = await anext(source, None)
            except TimeoutError:
                if reader.done:
                    return
                raise
            if data is None:
                break
            if "json" in kind:
                body = _gathered(body, data)
            elif text := reader.feed(data):
                yield text
            alive_at = clock() if reader.alive else alive_at
        if "json" in kind:
            yield reader.whole(body)

    def _adapted(self, error: openai.BadRequestError) -> ModelFault:
        """Some servers refuse a parameter by name: from then on it is renamed or left out."""
        if error.param == "max_tokens" and "max_tokens" in self._options:
            self._options["max_completion_tokens"] = self._options.pop("max_tokens")
            return ModelFault("unsupported_parameter", retryable=True)
        if error.param in ("temperature", "stream_options") and self._options.pop(error.param, None):
            return ModelFault("unsupported_parameter", retryable=True)
        return from_openai(error)


def _gathered(body: bytes, data: bytes) -> bytes:
    if len(body) + len(data) > _BODY_LIMIT:
        raise ModelFault("nonsense")
    return body + data
