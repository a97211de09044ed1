"""What every handler gets: the language, and a transaction if it asks for a connection."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiogram import BaseMiddleware
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import TelegramObject, User

from app.catalogue.library import Project
from app.kit.database import Database
from app.users.repository import UserRepository

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class LanguageMiddleware(BaseMiddleware):
    """`language`: what the person chose in this project, else his Telegram's, if the project speaks it."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        project = cast(Project, data["project"])
        database = cast(Database, data["database"])
        person = cast(User | None, data.get("event_from_user"))
        known = None
        if person is not None:
            async with database.connection() as connection:
                known = await UserRepository(connection, project.id).by_telegram_id(person.id)
        wanted = known.language if known else person.language_code if person else None
        data["language"] = project.language(wanted)
        return await handler(event, data)


class TransactionMiddleware(BaseMiddleware):
    """A handler with a `connection` parameter runs in one transaction. What it sends, it returns: the reply
    leaves after the commit."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if "connection" not in cast(HandlerObject, data["handler"]).params:
            return await handler(event, data)
        async with cast(Database, data["database"]).transaction() as connection:
            return await handler(event, {**data, "connection": connection})
