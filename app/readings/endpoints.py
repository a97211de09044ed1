"""The readings API: start, draw, ask, rate, look back."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from app.container import container
from app.kit import json
from app.kit.http import error_responses, json_response
from app.kit.idempotency import Once
from app.readings import chats, schemas
from app.readings.errors import QuestionNotFound
from app.readings.generations import GenerationRepository
from app.readings.questions import QuestionRepository, questions
from app.readings.repository import ReadingRepository
from app.readings.service import Order, proof
from app.readings.views import cards_view, reading_view, summary_view
from app.users.auth import CurrentPrincipal
from app.users.repository import UserRepository
from app.users.service import admit
from app.users.tokens import Principal

router = APIRouter(prefix="/api/v1/readings", tags=["readings"])

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=8,
        max_length=128,
        pattern=r"^[\x21-\x7e]+$",
        description="Any UUID.",
    ),
]


def limit_writes(request: Request, principal: Principal) -> None:
    services = container(request)
    services.limits.check(
        "readings",
        principal.user_id,
        per_minute=services.settings.rate_limit_readings_per_minute,
        shared=True,
    )


def _json_bytes(answer: bytes, status: int) -> Response:
    return Response(answer, status, media_type="application/json")


@router.post(
    "",
    status_code=201,
    response_model=schemas.Started,
    responses=error_responses(401, 402, 403),
    summary="Start a reading: hold its cost, commit to a shuffled deck",
)
async def start(
    body: schemas.Start, principal: CurrentPrincipal, request: Request, idempotency_key: IdempotencyKey
) -> Response:
    limit_writes(request, principal)
    services = container(request)
    order = Order(body.spread, body.deck, body.question or None)
    once = Once(principal.project_id, principal.user_id, "readings", idempotency_key, body.model_dump())
    async with services.database.transaction() as connection:
        answer = await once.replay(connection)
        if answer is not None:
            return _json_bytes(answer, 201)
        started = await services.readings.start(connection, principal, order, library=services.catalogue.library())
        answer = json.dumps(started.body)
        await once.keep(connection, answer)
    services.readings.committed(principal.project_id, started.copy)
    return _json_bytes(answer, 201)


@router.get(
    "", response_model=schemas.Page, responses=error_responses(401, 403), summary="My readings, the newest first"
)
async def history(
    principal: CurrentPrincipal,
    request: Request,
    cursor: Annotated[UUID | None, Query(description="The `next_cursor` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    async with container(request).database.connection() as connection:
        admit(await UserRepository(connection, principal.project_id).get(principal.user_id))
        rows = await ReadingRepository(connection, principal.project_id).page(
            principal.user_id, before=cursor, limit=limit + 1
        )
    items = [summary_view(row) for row in rows[:limit]]
    return json_response({"items": items, "next_cursor": str(items[-1]["id"]) if len(rows) > limit else None})


@router.get("/{reading_id}", response_model=schemas.Reading, responses=error_responses(401, 403), summary="One reading")
async def show(reading_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.connection() as connection:
        reading = await services.readings.get(connection, principal, reading_id)
        deck = await ReadingRepository(connection, principal.project_id).deck_name(reading.deck_hash)
        interpretation = await GenerationRepository(connection).snapshot(
            project_id=principal.project_id, reading_id=reading_id, question_id=None
        )
        asked = await QuestionRepository(connection, principal.project_id).of_reading(reading_id)
        if reading.state == "finished":
            await GenerationRepository(connection).see_all(project_id=principal.project_id, reading_id=reading_id)
    return json_response(reading_view(reading, deck, interpretation, asked))


@router.delete("/{reading_id}", status_code=204, responses=error_responses(401, 403), summary="Delete a reading")
async def delete(reading_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        await services.readings.delete(connection, principal, reading_id)
    return Response(status_code=204)


@router.post(
    "/{reading_id}/draw",
    response_model=schemas.Drawn,
    responses=error_responses(401, 403, 409),
    summary="Draw cards from the fan; starts the interpretation",
)
async def draw(reading_id: UUID, body: schemas.Draw, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        reading = await services.readings.draw(
            connection, principal, reading_id, picks=body.picks, client_seed=body.client_seed
        )
    return json_response({"cards": cards_view(reading)})


@router.post(
    "/{reading_id}/questions",
    status_code=201,
    response_model=schemas.Asked,
    responses=error_responses(401, 402, 403, 409),
    summary="Ask a follow-up",
)
async def ask(
    reading_id: UUID,
    body: schemas.Ask,
    principal: CurrentPrincipal,
    request: Request,
    idempotency_key: IdempotencyKey,
) -> Response:
    limit_writes(request, principal)
    route = f"readings/{reading_id}/questions"
    once = Once(principal.project_id, principal.user_id, route, idempotency_key, body.model_dump())
    async with container(request).database.transaction() as connection:
        answer = await once.replay(connection)
        if answer is None:
            answer = json.dumps(await questions.ask(connection, principal, reading_id, text=body.text))
            await once.keep(connection, answer)
    return _json_bytes(answer, 201)


@router.post(
    "/{reading_id}/feedback", status_code=204, responses=error_responses(401, 403, 409), summary="Was it good?"
)
async def feedback(reading_id: UUID, body: schemas.Feedback, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.transaction() as connection:
        if body.question_id is None:
            await services.readings.rate(connection, principal, reading_id, rating=body.rating)
        else:
            await services.readings.get(connection, principal, reading_id)
            rated = await QuestionRepository(connection, principal.project_id).rate(
                reading_id, body.question_id, body.rating
            )
            if not rated:
                raise QuestionNotFound
    return Response(status_code=204)


@router.post(
    "/{reading_id}/send",
    status_code=204,
    responses=error_responses(401, 403, 409),
    summary="Send a finished reading into my chat with the bot",
)
async def send(reading_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    limit_writes(request, principal)
    services = container(request)
    async with services.database.transaction() as connection:
        await chats.send_to_chat(
            connection,
            principal,
            reading_id,
            readings=services.readings,
            library=services.catalogue.library(),
        )
    return Response(status_code=204)


@router.get(
    "/{reading_id}/proof",
    response_model=schemas.Proof,
    responses=error_responses(401, 403, 409),
    summary="Everything that recomputes the draw",
)
async def show_proof(reading_id: UUID, principal: CurrentPrincipal, request: Request) -> Response:
    services = container(request)
    async with services.database.connection() as connection:
        reading = await services.readings.get(connection, principal, reading_id)
    return json_response(proof(reading))
