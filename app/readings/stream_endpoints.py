"""Interpretations and answers as server-sent events."""

from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.container import Container, container
from app.errors import Unavailable
from app.kit.http import error_responses
from app.readings.errors import NotDrawn, QuestionNotFound, ReadingExpired
from app.readings.generations import GenerationRepository, Snapshot
from app.readings.streams import EVENT_ID, follow, parse_event_id
from app.users.auth import CurrentPrincipal
from app.users.tokens import Principal

router = APIRouter(prefix="/api/v1/readings", tags=["readings"])

LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=32)]
LastEventIdQuery = Annotated[str | None, Query(alias="last_event_id", max_length=32)]

EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": f"^{EVENT_ID.pattern}$"},
        "event": {"enum": ["delta", "reset", "done", "error"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["id", "event", "data"],
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`delta` {text}, `reset` {attempt}, `done` {text, offline, kind, generation}, `error` {error}",
        "content": {"text/event-stream": {"itemSchema": EVENT}},
    }
}
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


@router.get(
    "/{reading_id}/interpretation",
    # Not the class of the stream: the errors beside it are JSON.
    response_class=Response,
    responses={**error_responses(401, 403, 409), **EVENTS},
    summary="The interpretation as it is written",
)
async def interpretation(
    reading_id: UUID,
    principal: CurrentPrincipal,
    request: Request,
    last_event_id: LastEventId = None,
    last_event_id_query: LastEventIdQuery = None,
) -> EventStream:
    services = container(request)
    async with services.database.connection() as connection:
        reading = await services.readings.get(connection, principal, reading_id)
    if reading.state == "expired":
        raise ReadingExpired
    if reading.picks is None:
        raise NotDrawn
    return await _stream(services, principal, reading_id, None, last_event_id or last_event_id_query)


@router.get(
    "/{reading_id}/questions/{question_id}/answer",
    # Not the class of the stream: the errors beside it are JSON.
    response_class=Response,
    responses={**error_responses(401, 403, 409), **EVENTS},
    summary="The answer to a follow-up as it is written",
)
async def answer(
    reading_id: UUID,
    question_id: UUID,
    principal: CurrentPrincipal,
    request: Request,
    last_event_id: LastEventId = None,
    last_event_id_query: LastEventIdQuery = None,
) -> EventStream:
    services = container(request)
    async with services.database.connection() as connection:
        await services.readings.get(connection, principal, reading_id)
    return await _stream(services, principal, reading_id, question_id, last_event_id or last_event_id_query)


async def _stream(
    services: Container, principal: Principal, reading_id: UUID, question_id: UUID | None, last: str | None
) -> EventStream:
    async def read_snapshot() -> Snapshot | None:
        async with services.database.connection() as connection:
            return await GenerationRepository(connection).visible(
                project_id=principal.project_id, reading_id=reading_id, question_id=question_id
            )

    first = await read_snapshot()
    if first is None:
        raise QuestionNotFound

    async def events() -> AsyncIterator[bytes]:
        try:
            async for event in follow(
                services.listener,
                read_snapshot,
                project_id=principal.project_id,
                generation_id=first.generation_id,
                last=parse_event_id(last),
            ):
                yield event
            async with services.database.connection() as connection:
                await GenerationRepository(connection).see(
                    project_id=principal.project_id, reading_id=reading_id, question_id=question_id
                )
        except Unavailable:
            # The stream just ends: the client comes back with Last-Event-ID until the database is there again.
            return

    return EventStream(events(), headers=HEADERS)
