"""A reply that waits in its update's row between the handler's commit and its sending."""

from functools import cache
from typing import Any

from aiogram import Bot
from aiogram.methods import TelegramMethod
from aiogram.types import InputFile
from pydantic import ConfigDict

# Committed, with nothing (more) to send.
NOTHING: dict[str, Any] = {}


def pack(bot: Bot, method: TelegramMethod[Any]) -> dict[str, Any]:
    """The call as it goes over the wire. `NOTHING` for one that uploads a file: should its process die before it is
    sent, it is lost rather than the handler's work done twice."""
    files: dict[str, InputFile] = {}
    fields = {}
    for name, value in method.model_dump(warnings=False).items():
        prepared = bot.session.prepare_value(value, bot=bot, files=files)
        if prepared:
            fields[name] = prepared
    return NOTHING if files else {"method": method.__api_method__, "fields": fields}


def unpack(reply: dict[str, Any]) -> TelegramMethod[Any] | None:
    """What `pack` packed, ready to be sent; its answer is not read."""
    if reply == NOTHING:
        return None
    fields = dict(reply["fields"])
    if str(chat_id := fields.get("chat_id", "")).lstrip("-").isdigit():
        # The limiter goes by numbers.
        fields["chat_id"] = int(chat_id)
    return _call(reply["method"])(**fields)


@cache
def _call(name: str) -> type[TelegramMethod[Any]]:
    namespace = {
        "__annotations__": {},
        "__module__": __name__,
        "__returning__": Any,
        "__api_method__": name,
        "model_config": ConfigDict(extra="allow"),
    }
    return type(f"Kept_{name}", (TelegramMethod[Any],), namespace)
