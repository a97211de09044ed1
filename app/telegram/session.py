"""The one HTTP session that all bots share; what goes wrong in it never shows a token."""

from typing import cast

import orjson
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import TelegramMethod
from aiogram.methods.base import TelegramType

REQUEST_SECONDS = 30.0


def api_server(base: str, *, test_environment: bool) -> TelegramAPIServer:
    """Telegram's test environment lives under `/test/` and opens Mini Apps without TLS as well."""
    if test_environment:
        return TelegramAPIServer(f"{base}/bot{{token}}/test/{{method}}", f"{base}/file/bot{{token}}/test/{{path}}")
    return TelegramAPIServer.from_base(base)


class TelegramSession(AiohttpSession):
    """aiohttp's default of 100 connections would let 100 polls starve everything else: no bound here, the
    limiter and the workers bound what is sent."""

    def __init__(self, api: TelegramAPIServer) -> None:
        super().__init__(
            limit=0,
            api=api,
            timeout=REQUEST_SECONDS,
            json_loads=orjson.loads,
            json_dumps=lambda value: orjson.dumps(value).decode(),
        )

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ASYNC109  # aiogram's signature
    ) -> TelegramType:
        try:
            return await super().make_request(bot, method, timeout)
        except TelegramNetworkError as error:
            # Some of aiohttp's errors quote the address, and the address holds the token.
            if bot.token in f"{error} {error.__cause__!r} {error.__context__!r}":
                message = str(error.message).replace(bot.token, "[secret]")
                raise TelegramNetworkError(method=method, message=message) from None
            raise


def never_sent(error: TelegramNetworkError) -> bool:
    """True if the request surely did not reach Telegram, so that it may be repeated."""
    return type(cast(BaseException, error.__cause__)).__name__ in (
        "ClientConnectorError",
        "ClientConnectorDNSError",
        "ConnectionTimeoutError",
    )
