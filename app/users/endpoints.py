"""Sign-in and profile."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.broadcasts.opened import note_opened
from app.container import container
from app.errors import Unauthenticated
from app.kit.http import client_address, error_responses, json_response
from app.users import schemas
from app.users.auth import CurrentPrincipal
from app.users.errors import ProjectNotFound, RefreshTokenReused
from app.users.login_codes import LoginCodeRepository
from app.users.sessions import Session
from app.users.tokens import Tokens

router = APIRouter(prefix="/api/v1", tags=["users"])


def session_body(session: Session, tokens: Tokens) -> dict[str, Any]:
    return {
        "access_token": session.access_token,
        "refresh_token": session.refresh_token,
        "expires_in": tokens.access_seconds,
        "user": session.user.body(),
    }


def limit_sign_in(request: Request) -> None:
    services = container(request)
    services.limits.check(
        "sign-in",
        client_address(request.scope),
        per_minute=services.settings.rate_limit_sign_in_per_minute,
        shared=True,
    )


@router.post(
    "/projects/{slug}/auth/telegram",
    response_model=schemas.Session,
    responses=error_responses(401, 403),
    summary="Sign in with Telegram's initData",
)
async def sign_in(slug: str, body: schemas.SignIn, request: Request) -> Response:
    limit_sign_in(request)
    services = container(request)
    project, person = services.sessions.authenticate(
        services.catalogue.library(), slug=slug, raw_init_data=body.init_data
    )
    async with services.database.transaction() as connection:
        session = await services.sessions.sign_in(connection, project=project, person=person)
        await note_opened(
            connection,
            project_id=project.id,
            user_id=session.user.id,
            start_param=body.start_param or person.start_param,
        )
    return json_response(session_body(session, services.tokens))


@router.post(
    "/projects/{slug}/auth/code",
    response_model=schemas.Session,
    responses=error_responses(401, 403),
    summary="Sign in with a one-time code from the bot",
)
async def sign_in_by_code(slug: str, body: schemas.SignInByCode, request: Request) -> Response:
    limit_sign_in(request)
    services = container(request)
    project = services.catalogue.library().project_by_slug(slug)
    if project is None:
        raise ProjectNotFound
    async with services.database.transaction() as connection:
        user_id = await LoginCodeRepository(connection, project.id).redeem(body.code)
        session = await services.sessions.open(connection, project_id=project.id, user_id=user_id)
    return json_response(session_body(session, services.tokens))


@router.post(
    "/auth/refresh",
    response_model=schemas.Session,
    responses=error_responses(401, 403),
    summary="Exchange a refresh token for the next session",
)
async def refresh(body: schemas.Refresh, request: Request) -> Response:
    limit_sign_in(request)
    services = container(request)
    async with services.database.transaction() as connection:
        session = await services.sessions.refresh(connection, refresh_token=body.refresh_token)
    if session is None:
        raise RefreshTokenReused
    return json_response(session_body(session, services.tokens))


@router.post("/auth/logout", status_code=204, responses=error_responses(), summary="End a session and its whole family")
async def sign_out(body: schemas.Refresh, request: Request) -> Response:
    limit_sign_in(request)
    services = container(request)
    async with services.database.transaction() as connection:
        await services.sessions.sign_out(connection, refresh_token=body.refresh_token)
    return Response(status_code=204)


@router.get("/me", response_model=schemas.Profile, responses=error_responses(401, 403), summary="Who I am")
async def me(principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.connection() as connection:
        profile = await services.users.profile(connection, principal)
    return json_response(profile.body())


@router.patch("/me", response_model=schemas.Profile, responses=error_responses(401, 403), summary="Change my settings")
async def change_me(body: schemas.ProfileChanges, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    changes = body.model_dump(exclude_none=True, exclude={"consent"})
    async with services.database.transaction() as connection:
        profile = await services.users.update(
            connection,
            principal,
            changes=changes,
            consent=body.consent,
            project=services.catalogue.library().project_by_id(principal.project_id),
        )
    return json_response(profile.body())


@router.delete(
    "/me",
    response_model=schemas.Erased,
    responses=error_responses(401, 403),
    summary="Erase me and all I wrote",
)
async def erase_me(body: schemas.Erasure, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    project = services.catalogue.library().project_by_id(principal.project_id)
    if project is None:
        raise Unauthenticated
    async with services.database.transaction() as connection:
        forfeited = await services.users.erase(connection, principal, project=project)
    return json_response({"forfeited": forfeited})
