"""Everything that a bot sends passes here: the limiter, Telegram's 429, and chats that are gone."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
)
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType

from app.telegram.limiter import SendLimiter
from app.telegram.metrics import CALLS
from app.telegram.session import never_sent

ATTEMPTS = 3
# A longer demand of Telegram goes back to the caller, who tries again later.
LONGEST_WAIT_SECONDS = 20.0

# Edits and new topics count like messages; a chat action does not.
COUNTED = ("send", "edit", "copy", "forward", "createForumTopic")
UNCOUNTED = frozenset({"sendChatAction"})

# True in a task whose one message has its place already (see booking.py); it deals with every refusal itself.
BOOKED: ContextVar[bool] = ContextVar("booked", default=False)

# (bot id, chat id, Telegram's words)
Departed = Callable[[int, int, str], Awaitable[None]]


def counted(method: TelegramMethod[TelegramType]) -> bool:
    name = method.__api_method__
    return name.startswith(COUNTED) and name not in UNCOUNTED


class Outgoing(BaseRequestMiddleware):
    """Sits in the shared session, so that no handler, job or broadcast can go around it.

    A message waits for its turn; on 429 the whole bot pauses and the message is sent again, a bounded number
    of times. A connection that was never made is tried again too; any other network fault is not, for the Bot
    API has no idempotency. 403 is reported to `departed` and raised. What is `BOOKED` is sent once and at once;
    of its refusals only the pause that a 429 demands is kept here, for it concerns everybody.
    """

    def __init__(self, limiter: SendLimiter, departed: Departed) -> None:
        self._limiter = limiter
        self._departed = departed

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        name = method.__api_method__
        try:
            if BOOKED.get():
                response = await self._send_once(make_request, bot, method)
            elif counted(method):
                response = await self._send(make_request, bot, method)
            else:
                response = await make_request(bot, method)
        except TelegramAPIError as error:
            CALLS.labels(name, type(error).__name__).inc()
            raise
        CALLS.labels(name, "ok").inc()
        return response

    async def _send_once(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            await self._limiter.pause(bot.id, error.retry_after)
            raise

    async def _send(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        chat_id: int | str | None = getattr(method, "chat_id", None)
        for attempt in range(1, ATTEMPTS + 1):
            await self._limiter.acquire(bot.id, chat_id, longest_wait=LONGEST_WAIT_SECONDS)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as error:
                await self._limiter.pause(bot.id, error.retry_after)
                if attempt == ATTEMPTS or error.retry_after > LONGEST_WAIT_SECONDS:
                    raise
            except TelegramNetworkError as error:
                if attempt == ATTEMPTS or not never_sent(error):
                    raise
                await asyncio.sleep(0.3 * attempt)
            except TelegramForbiddenError as error:
                if isinstance(chat_id, int):
                    await self._departed(bot.id, chat_id, error.message)
                raise
        raise AssertionError("the last attempt returns or raises")
