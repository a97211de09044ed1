"""A person's subscription: its state, and what he can do with it."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.catalogue.library import Project
from app.container import Container, container
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.http import error_responses, json_response
from app.payments.providers import Registry
from app.payments.subscriptions import agreements
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.subscriptions.summary import summary
from app.users import schemas
from app.users.auth import CurrentPrincipal
from app.users.days import local_date
from app.users.errors import ProjectNotFound
from app.users.repository import User, UserRepository
from app.users.service import admit
from app.users.tokens import Principal

router = APIRouter(prefix="/api/v1/subscription", tags=["subscription"])

CHANGES_PER_MINUTE = 10


class Managed(schemas.Subscription):
    """`actions` are the routes below that can be used now.

    `unpaid_order` is the renewal that a charge of ours has failed for: paying it by hand renews the subscription.
    """

    actions: list[Literal["cancel", "resume", "portal"]]
    unpaid_order: UUID | None


class Answer(BaseModel):
    """`subscription` is null for somebody without a running one."""

    subscription: Managed | None


class Portal(BaseModel):
    url: str


def _project(services: Container, principal: Principal) -> Project:
    project = services.catalogue.library().project_by_id(principal.project_id)
    if project is None:
        raise ProjectNotFound
    return project


async def _answer(services: Container, project: Project, principal: Principal) -> Response:
    now = utc_now()
    async with services.database.connection() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        rows = SubscriptionRepository(connection, principal.project_id)
        known = await rows.open_of(user.id)
        if known is not None and known.covers_until <= now:
            known = None
        today = local_date(user.timezone, now)
        used = await rows.share_used(user.id, today) if known is not None else 0
        unpaid = await rows.unpaid_renewal(known.id) if known is not None else None
    shown = _view(known, user, [(today, used)]) if known is not None else None
    if shown is not None and known is not None:
        shown["actions"] = agreements.actions(services.payments.registry, project, known)
        shown["unpaid_order"] = unpaid
    return json_response({"subscription": shown})


def _view(known: Subscription, user: User, shares: list[Any]) -> dict[str, Any]:
    return summary(asdict(known) | {"shares": shares}, timezone=user.timezone, language=user.language, now=utc_now())


async def _changed(
    principal: Principal,
    request: Request,
    change: Callable[[Database, Registry, Project, Principal], Awaitable[Subscription]],
) -> Response:
    services = container(request)
    _limit(services, principal)
    project = _project(services, principal)
    await change(services.database, services.payments.registry, project, principal)
    return await _answer(services, project, principal)


def _limit(services: Container, principal: Principal) -> None:
    services.limits.check("subscription", principal.user_id, per_minute=CHANGES_PER_MINUTE, shared=True)


@router.get("", response_model=Answer, responses=error_responses(401, 403), summary="My subscription")
async def show(principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    return await _answer(services, _project(services, principal), principal)


@router.post(
    "/cancel",
    response_model=Answer,
    responses=error_responses(401, 403, 404, 409, 502),
    summary="Renew no more; what is paid for runs on",
)
async def cancel(principal: CurrentPrincipal, request: Request) -> Response:
    return await _changed(principal, request, agreements.cancel)


@router.post(
    "/resume",
    response_model=Answer,
    responses=error_responses(401, 403, 404, 409, 502),
    summary="Take a cancellation back",
)
async def resume(principal: CurrentPrincipal, request: Request) -> Response:
    return await _changed(principal, request, agreements.resume)


@router.post(
    "/portal",
    response_model=Portal,
    responses=error_responses(401, 403, 404, 502),
    summary="The provider's own page for cards and receipts",
)
async def portal(principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    _limit(services, principal)
    project = _project(services, principal)
    url = await agreements.portal(
        services.database,
        services.payments.registry,
        project,
        principal,
        return_url=f"{services.settings.public_url}/{project.slug}/subscription",
    )
    return json_response({"url": url})
