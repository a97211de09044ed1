"""The inbox, and what the bot may tell its person."""

from datetime import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.container import container
from app.kit.http import error_responses, json_response
from app.locales import Words
from app.notifications import preferences, schemas
from app.notifications.kinds import KINDS
from app.notifications.repository import Notification, NotificationRepository
from app.users.auth import CurrentPrincipal
from app.users.repository import UserRepository
from app.users.service import admit

router = APIRouter(prefix="/api/v1", tags=["notifications"])


def notification_view(notification: Notification, words: Words) -> dict[str, Any]:
    kind = KINDS[notification.kind]
    said = kind.render(words, notification.values)
    return {
        "id": notification.id,
        "kind": notification.kind,
        "title": said.title,
        "text": said.text,
        "screen": kind.screen(notification.values).body(),
        "created_at": notification.created_at,
        "read": notification.read_at is not None,
    }


@router.get(
    "/notifications",
    response_model=schemas.Inbox,
    responses=error_responses(401, 403),
    summary="My inbox, the newest first",
)
async def inbox(
    principal: CurrentPrincipal,
    request: Request,
    cursor: Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    async with container(request).database.connection() as connection:
        user = admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        mine = NotificationRepository(connection, principal.project_id, principal.user_id)
        rows = await mine.page(before=cursor, limit=limit + 1)
        unread = await mine.unread()
    shown = rows[:limit]
    words = Words(user.language, user.address, user.gender) if user.consented_at else Words(user.language)
    return json_response(
        {
            # A kind that was taken out of the product leaves rows behind.
            "items": [notification_view(row, words) for row in shown if row.kind in KINDS],
            "next_cursor": shown[-1].id if len(rows) > limit else None,
            "unread": unread,
        }
    )


@router.post(
    "/notifications/read",
    response_model=schemas.Unread,
    responses=error_responses(401, 403),
    summary="Mark as read",
)
async def read(body: schemas.Read, principal: CurrentPrincipal, request: Request) -> Response:
    async with container(request).database.transaction() as connection:
        admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        mine = NotificationRepository(connection, principal.project_id, principal.user_id)
        await mine.read(ids=body.ids, up_to=body.up_to)
        unread = await mine.unread()
    return json_response({"unread": unread})


@router.get(
    "/me/notifications",
    response_model=schemas.Wishes,
    responses=error_responses(401, 403),
    summary="What the bot may tell me, and when",
)
async def wishes(principal: CurrentPrincipal, request: Request) -> Response:
    async with container(request).database.connection() as connection:
        admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        found = await preferences.wishes(connection, project_id=principal.project_id, user_id=principal.user_id)
    return json_response(found.body())


@router.patch(
    "/me/notifications",
    response_model=schemas.Wishes,
    responses=error_responses(401, 403),
    summary="Change what the bot may tell me",
)
async def change_wishes(body: schemas.WishesChanges, principal: CurrentPrincipal, request: Request) -> Response:
    who: dict[str, Any] = {"project_id": principal.project_id, "user_id": principal.user_id}
    async with container(request).database.transaction() as connection:
        # Held, so that a person who leaves at this moment leaves nothing behind.
        admit(await UserRepository(connection, principal.project_id).get(principal.user_id, lock="KEY SHARE"))
        for kind, enabled in body.kinds.items():
            await preferences.switch(connection, **who, kind=kind, enabled=enabled)
        if "quiet" in body.model_fields_set:
            hours = body.quiet
            quiet = preferences.Quiet(_clock(hours.from_), _clock(hours.until)) if hours else None
            await preferences.set_quiet(connection, **who, quiet=quiet)
        found = await preferences.wishes(connection, **who)
    return json_response(found.body())


def _clock(value: str) -> time:
    return time.fromisoformat(value)
