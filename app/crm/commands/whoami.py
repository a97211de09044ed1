"""`/whoami`, and what is said to a command that nobody knows."""

import re

from aiogram import F, Router
from aiogram.methods import SendMessage
from aiogram.types import Message

from app.crm.commands.scope import Scope, StaffCommand
from app.crm.filters import InStaffGroup
from app.crm.groups import StaffGroup
from app.crm.roles import Role
from app.locales import html, plain

COMMAND = re.compile(r"/[a-zA-Z_]\w*(@\w+)?(\s|$)")


def router() -> Router:
    router = Router(name="commands.whoami")
    router.message.register(whoami, StaffCommand("whoami"), flags={"role": Role.STAFF})
    return router


async def whoami(message: Message, scope: Scope) -> SendMessage:
    names = {Role.STAFF: "role.staff", Role.MANAGER: "role.manager", Role.SUPER_ADMIN: "role.super_admin"}
    role = plain(scope.language, names[scope.role])
    return message.reply(html(scope.language, "whoami", id=scope.actor.telegram_id, name=scope.actor.name, role=role))


def unknown_router() -> Router:
    """After every other command of the group, and before what is carried to clients."""
    router = Router(name="commands.unknown")
    router.message.register(unknown, InStaffGroup(), F.text.regexp(COMMAND))
    return router


async def unknown(message: Message, staff: StaffGroup) -> SendMessage:
    return message.reply(html(staff.language, "crm.unknown_command"))
