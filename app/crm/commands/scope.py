"""Where a staff command is given, and over which projects: a group has its own, a super-admin's private chat all."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.flags import get_flag
from aiogram.enums import ChatType
from aiogram.filters import Command, Filter
from aiogram.types import CallbackQuery, Message, TelegramObject

from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.crm.audit import Actor
from app.crm.groups import StaffGroup
from app.crm.roles import Role
from app.locales import plain

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Scope:
    """`projects` are those that the caller may see and change here; `group` is None in a private chat."""

    projects: tuple[Project, ...]
    role: Role
    actor: Actor
    language: str
    group: StaffGroup | None

    @property
    def everywhere(self) -> bool:
        """Over all projects: lists name the project of each client."""
        return self.group is None

    @property
    def project_ids(self) -> list[int]:
        return [project.id for project in self.projects]

    def project(self, project_id: int) -> Project | None:
        """None for one that is out of the caller's reach."""
        return next((project for project in self.projects if project.id == project_id), None)

    def by_slug(self, slug: str) -> Project | None:
        return next((project for project in self.projects if project.slug == slug.lower()), None)


def scope_of(
    event: Message | CallbackQuery,
    *,
    project: Project,
    language: str,
    catalogue: Catalogue | None,
    staff: StaffGroup | None,
    role: Role,
) -> Scope | None:
    """None wherever staff have nothing to command: other groups, and private chats of everybody else."""
    person = event.from_user
    chat = event.chat if isinstance(event, Message) else event.message.chat if event.message else None
    if person is None or chat is None or role < Role.STAFF:
        return None
    actor = Actor(person.id, person.full_name)
    if staff is not None:
        return Scope((project,), role, actor, staff.language, staff)
    if chat.type == ChatType.PRIVATE and role >= Role.SUPER_ADMIN and catalogue is not None:
        return Scope(tuple(catalogue.library().projects), role, actor, language, None)
    return None


class StaffCommand(Filter):
    """One of these commands, given by staff. Gives `scope` and `command`."""

    def __init__(self, *names: str) -> None:
        self._command = Command(*names, ignore_case=True)

    async def __call__(self, message: Message, bot: Bot, **data: Any) -> bool | dict[str, Any]:
        found = await self._command(message, bot)
        if not isinstance(found, dict):
            return False
        scope = scope_from(message, data)
        return {**found, "scope": scope} if scope is not None else False


class StaffPress(Filter):
    """A button pressed by staff. Gives `scope`."""

    async def __call__(self, query: CallbackQuery, **data: Any) -> bool | dict[str, Any]:
        scope = scope_from(query, data)
        return {"scope": scope} if scope is not None else False


def scope_from(event: Message | CallbackQuery, data: dict[str, Any]) -> Scope | None:
    return scope_of(
        event,
        project=cast(Project, data["project"]),
        language=cast(str, data["language"]),
        catalogue=cast(Catalogue | None, data.get("catalogue")),
        staff=cast(StaffGroup | None, data.get("staff")),
        role=cast(Role, data.get("role", Role.NONE)),
    )


class RoleMiddleware(BaseMiddleware):
    """A handler with the flag `role` answers only those who have it; the others are told so."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        needed = cast(Role | None, get_flag(data, "role"))
        scope = cast(Scope | None, data.get("scope"))
        if needed is None or (scope is not None and scope.role >= needed):
            return await handler(event, data)
        language = scope.language if scope is not None else cast(str, data["language"])
        words = plain(language, "crm.managers_only" if scope is not None else "crm.not_allowed")
        if isinstance(event, CallbackQuery):
            return event.answer(words, show_alert=True)
        return event.reply(words) if isinstance(event, Message) else None
