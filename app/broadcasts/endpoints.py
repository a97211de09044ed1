"""The admin API of broadcasts. The caller is a manager (see `app.admin.auth`); all is of his project alone."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from app.admin.auth import CurrentManager
from app.broadcasts import content as contents
from app.broadcasts import schemas, segments
from app.broadcasts.errors import ContentMissing
from app.broadcasts.recipients import RecipientRepository
from app.broadcasts.service import TEST, Found, broadcasts
from app.broadcasts.views import broadcast_view, counted_view, message_view
from app.container import container
from app.errors import InvalidRequest
from app.kit.database import Connection
from app.kit.http import error_responses, json_response
from app.worker.port import enqueue

router = APIRouter(prefix="/api/v1/admin/broadcasts", tags=["admin"])

ERRORS = error_responses(401, 403)
CHANGES = error_responses(401, 403, 409)
Cursor = Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]


async def _do(
    request: Request, manager: CurrentManager, broadcast_id: UUID, verb: Callable[[Connection], Awaitable[object]]
) -> Response:
    """One step of the service, and the broadcast as it is then."""
    async with container(request).database.transaction() as connection:
        await verb(connection)
    return await _shown(request, manager, broadcast_id)


async def _shown(request: Request, manager: CurrentManager, broadcast_id: UUID, status: int = 200) -> Response:
    async with container(request).database.connection() as connection:
        found = await broadcasts.get(connection, manager.project.id, broadcast_id)
    return json_response(broadcast_view(found), status)


@router.post("", status_code=201, response_model=schemas.Broadcast, responses=ERRORS, summary="Draft a broadcast")
async def create(body: schemas.NewBroadcast, manager: CurrentManager, request: Request) -> Response:
    values = {"title": body.title, "content": body.content.stored(), "segment": segments.stored(body.segment)}
    async with container(request).database.transaction() as connection:
        made = await broadcasts.create(connection, manager.project, manager.actor, values)
    return json_response(broadcast_view(Found(made, [])), 201)


@router.get("", response_model=schemas.BroadcastPage, responses=ERRORS, summary="Broadcasts, the newest first")
async def page(
    manager: CurrentManager,
    request: Request,
    state: schemas.State | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    async with container(request).database.connection() as connection:
        found = await broadcasts.page(connection, manager.project.id, before=cursor, state=state, limit=limit + 1)
    items = [broadcast_view(one) for one in found[:limit]]
    return json_response({"items": items, "next_cursor": str(items[-1]["id"]) if len(found) > limit else None})


@router.get("/{broadcast_id}", response_model=schemas.Broadcast, responses=ERRORS, summary="One broadcast")
async def show(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    return await _shown(request, manager, broadcast_id)


@router.patch("/{broadcast_id}", response_model=schemas.Broadcast, responses=CHANGES, summary="Change a draft")
async def change(
    broadcast_id: UUID, body: schemas.BroadcastChanges, manager: CurrentManager, request: Request
) -> Response:
    values: dict[str, object] = {}
    if body.title is not None:
        values["title"] = body.title
    if body.content is not None:
        values["content"] = body.content.stored()
    if body.segment is not None:
        values["segment"] = segments.stored(body.segment)
    async with container(request).database.transaction() as connection:
        changed = await broadcasts.change(connection, manager.project.id, broadcast_id, values)
    return json_response(broadcast_view(Found(changed, [])))


@router.post(
    "/{broadcast_id}/count",
    response_model=schemas.BroadcastCount,
    responses=ERRORS,
    summary="How many would get it now",
)
async def count(
    broadcast_id: UUID, body: schemas.BroadcastQuestion, manager: CurrentManager, request: Request
) -> Response:
    segment = None if body.segment is None else segments.stored(body.segment)
    async with container(request).database.connection() as connection:
        found = await broadcasts.get(connection, manager.project.id, broadcast_id)
        languages = await broadcasts.count(
            connection, manager.project, found.broadcast.segment if segment is None else segment
        )
    content = contents.read(found.broadcast.content)
    return json_response(counted_view(languages, content, default_language=manager.project.default_language))


@router.post(
    "/{broadcast_id}/preview",
    response_model=schemas.BroadcastPreview,
    responses=ERRORS,
    summary="Each version as recipients see it, and who gets which",
)
async def preview(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    async with container(request).database.connection() as connection:
        found = await broadcasts.get(connection, manager.project.id, broadcast_id)
        languages = await broadcasts.count(connection, manager.project, found.broadcast.segment)
    content = contents.read(found.broadcast.content)
    return json_response(
        {
            **counted_view(languages, content, default_language=manager.project.default_language),
            "messages": {language: message_view(version) for language, version in content.versions.items()},
        }
    )


@router.post(
    "/{broadcast_id}/test",
    status_code=202,
    response_model=schemas.BroadcastSamples,
    responses=CHANGES,
    summary="Send it to me, in my chat with the bot",
)
async def test(broadcast_id: UUID, body: schemas.BroadcastTest, manager: CurrentManager, request: Request) -> Response:
    async with container(request).database.transaction() as connection:
        found = await broadcasts.get(connection, manager.project.id, broadcast_id)
        if not found.broadcast.content:
            raise ContentMissing
        languages = list(dict.fromkeys(body.languages or found.broadcast.content))
        if missing := [language for language in languages if language not in found.broadcast.content]:
            raise InvalidRequest("There are no such versions.", languages=missing)
        payload = {
            "project": manager.project.id,
            "broadcast": str(broadcast_id),
            "languages": languages,
            "chat": manager.actor.telegram_id,
        }
        await enqueue(connection, TEST, payload)
    return json_response({"telegram_id": manager.actor.telegram_id, "messages": len(languages)}, 202)


@router.post(
    "/{broadcast_id}/start", response_model=schemas.Broadcast, responses=CHANGES, summary="Send it, now or later"
)
async def start(
    broadcast_id: UUID, body: schemas.BroadcastStart, manager: CurrentManager, request: Request
) -> Response:
    verb = partial(
        broadcasts.start,
        project=manager.project,
        broadcast_id=broadcast_id,
        schedule=body.schedule,
        actor=manager.actor,
    )
    return await _do(request, manager, broadcast_id, verb)


@router.post(
    "/{broadcast_id}/pause",
    response_model=schemas.Broadcast,
    responses=CHANGES,
    summary="Hold it; a scheduled one becomes a draft again",
)
async def pause(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    verb = partial(broadcasts.pause, project_id=manager.project.id, broadcast_id=broadcast_id, actor=manager.actor)
    return await _do(request, manager, broadcast_id, verb)


@router.post("/{broadcast_id}/resume", response_model=schemas.Broadcast, responses=CHANGES, summary="Go on")
async def resume(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    verb = partial(broadcasts.resume, project_id=manager.project.id, broadcast_id=broadcast_id, actor=manager.actor)
    return await _do(request, manager, broadcast_id, verb)


@router.post("/{broadcast_id}/cancel", response_model=schemas.Broadcast, responses=CHANGES, summary="End it for good")
async def cancel(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    verb = partial(broadcasts.cancel, project_id=manager.project.id, broadcast_id=broadcast_id, actor=manager.actor)
    return await _do(request, manager, broadcast_id, verb)


@router.post(
    "/{broadcast_id}/edit",
    response_model=schemas.Broadcast,
    responses=CHANGES,
    summary="Change text and buttons of what was sent",
)
async def edit(broadcast_id: UUID, body: schemas.BroadcastEdit, manager: CurrentManager, request: Request) -> Response:
    verb = partial(
        broadcasts.edit,
        project=manager.project,
        broadcast_id=broadcast_id,
        content=body.content,
        actor=manager.actor,
    )
    return await _do(request, manager, broadcast_id, verb)


@router.post(
    "/{broadcast_id}/delete",
    response_model=schemas.Broadcast,
    responses=CHANGES,
    summary="Take back what was sent within the last 48 hours",
)
async def delete(broadcast_id: UUID, manager: CurrentManager, request: Request) -> Response:
    verb = partial(broadcasts.delete, project=manager.project, broadcast_id=broadcast_id, actor=manager.actor)
    return await _do(request, manager, broadcast_id, verb)


@router.get(
    "/{broadcast_id}/recipients",
    response_model=schemas.BroadcastRecipientPage,
    responses=ERRORS,
    summary="What became of each recipient",
)
async def recipients(
    broadcast_id: UUID,
    manager: CurrentManager,
    request: Request,
    state: schemas.RecipientState | None = None,
    run: Annotated[int, Query(ge=0, le=32767, description="0 is the sending; later ones edit or delete.")] = 0,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    async with container(request).database.connection() as connection:
        await broadcasts.get(connection, manager.project.id, broadcast_id)
        rows = await RecipientRepository(connection, manager.project.id, broadcast_id, run).page(
            state=state, after=cursor, limit=limit + 1
        )
    items = rows[:limit]
    return json_response({"items": items, "next_cursor": str(items[-1]["user_id"]) if len(rows) > limit else None})
