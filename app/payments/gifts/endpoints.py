"""Gifts that a person has bought, and opening one."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel

from app.catalogue.library import Project
from app.container import Container, container
from app.kit.http import error_responses, json_response
from app.payments.gifts.service import Gift
from app.users.auth import CurrentPrincipal
from app.users.errors import ProjectNotFound
from app.users.repository import UserRepository
from app.users.schemas import SubscribedPackage
from app.users.service import admit
from app.users.tokens import Principal

router = APIRouter(prefix="/api/v1/gifts", tags=["gifts"])

# Codes must not be found by trying.
TRIES_PER_MINUTE = 10


class Given(BaseModel):
    """`url` opens it in Telegram, `web_url` in a browser, as long as it waits; `mine`: its buyer has opened it."""

    id: UUID
    order_id: UUID
    package: SubscribedPackage
    readings: int
    follow_ups: int
    state: Literal["waiting", "redeemed", "void"]
    url: str | None
    web_url: str | None
    created_at: datetime
    redeemed_at: datetime | None
    mine: bool


class Gifts(BaseModel):
    items: list[Given]


class Opened(BaseModel):
    """What was in it; `until` of the subscription, if it is one."""

    package: SubscribedPackage
    readings: int
    follow_ups: int
    until: datetime | None


def _project(services: Container, principal: Principal) -> Project:
    project = services.catalogue.library().project_by_id(principal.project_id)
    if project is None:
        raise ProjectNotFound
    return project


def _package(package: dict[str, Any], language: str) -> dict[str, Any]:
    names = package["name"]
    return {
        "package": {"key": package["key"], "name": names.get(language) or next(iter(names.values()), "")},
        "readings": package["readings"] or 0,
        "follow_ups": package["follow_ups"] or 0,
    }


@router.get("", response_model=Gifts, responses=error_responses(401, 403), summary="What I have bought for others")
async def mine(principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    project = _project(services, principal)
    async with services.database.connection() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        gifts = await services.gifts.page(connection, project_id=project.id, user_id=user.id)

    def view(gift: Gift) -> dict[str, Any]:
        return {
            "id": gift.id,
            "order_id": gift.order_id,
            **_package(gift.package, user.language),
            "state": gift.state,
            "url": services.gifts.url(project, gift.code) if gift.code else None,
            "web_url": services.gifts.web_url(services.settings, project, gift.code) if gift.code else None,
            "created_at": gift.created_at,
            "redeemed_at": gift.redeemed_at,
            "mine": gift.redeemed_by == user.id,
        }

    return json_response({"items": [view(gift) for gift in gifts]})


@router.post(
    "/{code}/redeem",
    response_model=Opened,
    responses=error_responses(401, 403, 404, 409),
    summary="Open a gift",
)
async def redeem(
    code: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")], principal: CurrentPrincipal, request: Request
) -> Response:
    services = container(request)
    services.limits.check("gifts", principal.user_id, per_minute=TRIES_PER_MINUTE, shared=True)
    async with services.database.transaction() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        redeemed = await services.gifts.redeem(
            connection, project_id=principal.project_id, user_id=principal.user_id, code=code
        )
    until = redeemed.subscription.until if redeemed.subscription else None
    return json_response({**_package(redeemed.package, user.language), "until": until})
