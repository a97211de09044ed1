"""What every handler knows of the staff: the group that it is called in, and the role of whoever calls."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from aiogram import BaseMiddleware, Bot, Router
from aiogram.enums import ChatType
from aiogram.types import Chat, Message, TelegramObject
from aiogram.types import User as TelegramUser
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.roles import Role, Roles
from app.kit.database import Database
from app.settings import Settings

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]
GROUPS = (ChatType.GROUP, ChatType.SUPERGROUP)


class StaffMiddleware(BaseMiddleware):
    """`staff`: the project's group if the update comes from it, else None. `role`: of whoever acts, in this project.

    In a private chat only super-admins have a role; managers and staff act in their group.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        chat = cast(Chat | None, data.get("event_chat"))
        person = cast(TelegramUser | None, data.get("event_from_user"))
        staff: StaffGroup | None = None
        if chat is not None and chat.type in GROUPS:
            async with cast(Database, data["database"]).connection() as connection:
                staff = await GroupRepository(connection, cast(Project, data["project"]).id).by_chat(chat.id)
        role = Role.NONE
        if anonymous_admin(event):
            # Telegram vouches that it is an admin, and does not say which: enough to write, not to decide.
            role = Role.STAFF if staff is not None else Role.NONE
        elif person is not None and not person.is_bot and (staff is not None or _private(chat)):
            roles = Roles(cast(Redis, data["redis"]), cast(Settings, data["settings"]))
            role = await roles.role(cast(Bot, data["bot"]), staff, person.id)
        return await handler(event, {**data, "staff": staff, "role": role})


def anonymous_admin(event: TelegramObject) -> bool:
    """True for a message that an admin wrote in the group's own name."""
    return isinstance(event, Message) and event.sender_chat is not None and event.sender_chat.id == event.chat.id


def _private(chat: Chat | None) -> bool:
    return chat is None or chat.type == ChatType.PRIVATE


def know_staff(router: Router) -> None:
    """Everything below this router gets `staff` and `role`."""
    for observer in router.observers.values():
        observer.outer_middleware(StaffMiddleware())
