"""Filters of handlers for the staff; they fail closed."""

from aiogram.filters import Filter
from aiogram.types import TelegramObject

from app.crm.groups import StaffGroup
from app.crm.roles import Role


class InStaffGroup(Filter):
    """In the project's own group, and by somebody who belongs to it."""

    async def __call__(self, event: TelegramObject, staff: StaffGroup | None = None, role: Role = Role.NONE) -> bool:
        return staff is not None and role >= Role.STAFF


class HasRole(Filter):
    """`HasRole(Role.MANAGER)`: a manager or more, in the project's group; in a private chat super-admins alone."""

    def __init__(self, least: Role) -> None:
        self._least = least

    async def __call__(self, event: TelegramObject, role: Role = Role.NONE) -> bool:
        return role >= self._least
