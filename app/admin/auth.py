"""Who may use the admin API: a Telegram user with a session of the project, whose role there is manager or more."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from app.admin.errors import ManagersOnly
from app.admin.roles import role
from app.catalogue.library import Project
from app.container import container
from app.crm.audit import Actor
from app.crm.groups import GroupRepository
from app.crm.role import Role
from app.users.auth import CurrentPrincipal
from app.users.repository import UserRepository
from app.users.service import admit


@dataclass(frozen=True, slots=True)
class Manager:
    """Everything that he does is done in `project`."""

    project: Project
    actor: Actor
    role: Role
    user_id: UUID


async def manager(principal: CurrentPrincipal, request: Request) -> Manager:
    """Raises `Unauthenticated`, `UserBlocked`, `ManagersOnly`, and `Unavailable` when Telegram cannot be asked."""
    services = container(request)
    async with services.database.connection() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        group = await GroupRepository(connection, principal.project_id).get()
    project = services.catalogue.library().project_by_id(principal.project_id)
    if project is None or project.bot is None or user.telegram_id is None:
        raise ManagersOnly
    rank = await role(
        settings=services.settings,
        redis=services.redis,
        http=services.http,
        bot=project.bot,
        group=group,
        telegram_id=user.telegram_id,
    )
    if rank < Role.MANAGER:
        raise ManagersOnly
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Manager(project, Actor(user.telegram_id, name), rank, user.id)


CurrentManager = Annotated[Manager, Depends(manager)]
