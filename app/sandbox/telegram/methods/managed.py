"""Bots that a person made for another bot to manage (core.telegram.org/bots/features#managed-bots)."""

from app.sandbox.telegram import managed
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.methods.request import ApiRequest, Method


def _managed(request: ApiRequest) -> Bot:
    found = request.desk.bot(request.integer("user_id", 0))
    if found is None:
        raise bad_request("user not found")
    if found.manager_id != request.bot.id:
        raise ApiError(400, "Bad Request: BOT_INVALID")
    return found


async def get_managed_bot_token(request: ApiRequest) -> str:
    return _managed(request).token


async def replace_managed_bot_token(request: ApiRequest) -> str:
    """The old token is refused from now on."""
    return managed.replace_token(request.desk, _managed(request))


METHODS: dict[str, Method] = {
    "getManagedBotToken": get_managed_bot_token,
    "replaceManagedBotToken": replace_managed_bot_token,
}
