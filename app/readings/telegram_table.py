"""What handlers of a reading share: whose it is, and all that it is made with."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from typing import Any

from aiogram import Router
from aiogram.types import TelegramObject

from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.kit.database import Database
from app.kit.ratelimit import RateLimits
from app.locales import Words
from app.readings.service import ReadingService
from app.settings import Settings
from app.users.repository import User
from app.users.service import UserService
from app.users.telegram import principal_of
from app.users.tokens import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The parameter `table` of handlers. Each field is the one that a handler may ask for by its name."""

    project: Project
    user: User
    words: Words
    settings: Settings
    database: Database
    users: UserService
    readings: ReadingService
    catalogue: Catalogue
    limits: RateLimits

    @property
    def principal(self) -> Principal:
        return principal_of(self.user)


PARTS = tuple(part.name for part in fields(Table))


async def _lay(
    handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]], event: TelegramObject, data: dict[str, Any]
) -> Any:
    return await handler(event, {**data, "table": Table(**{name: data[name] for name in PARTS})})


def lay_table(router: Router) -> None:
    """Its handlers get a `table`; they serve private chats of live projects, where there is a person."""
    router.message.middleware(_lay)
    router.callback_query.middleware(_lay)
