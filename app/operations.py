"""What an operator's tools ask: alive, ready, metrics."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel

from app.container import container
from app.errors import Unavailable
from app.kit.http import error_responses, json_response
from app.kit.redis import REDIS_LOST

router = APIRouter(tags=["operations"])


PROBE_SECONDS = 2.0


class Health(BaseModel):
    status: str


class Readiness(BaseModel):
    """`ready` needs the catalogue and the database; without Redis the service is slower, not down."""

    ready: bool
    database: bool
    redis: bool
    catalogue: bool


async def _in_time(probe: Coroutine[Any, Any, bool]) -> bool:
    """False when it takes too long. It is left behind then: with a frozen server even the cancelling takes seconds."""
    task = asyncio.ensure_future(probe)
    done, _ = await asyncio.wait({task}, timeout=PROBE_SECONDS)
    if done:
        return task.result()
    task.cancel()
    return False


@router.get("/healthz", response_model=Health, responses=error_responses(), summary="The process answers")
async def healthz() -> Response:
    return json_response({"status": "ok"})


@router.get(
    "/readyz",
    response_model=Readiness,
    responses={**error_responses(), 503: {"model": Readiness}},
    summary="The process can do its work",
)
async def readyz(request: Request) -> Response:
    services = container(request)

    async def database() -> bool:
        try:
            async with services.database.connection() as connection:
                return bool(await connection.fetchval("SELECT true"))
        except Unavailable:
            return False

    async def redis() -> bool:
        try:
            return bool(await services.redis.ping())
        except REDIS_LOST:
            return False

    database_up, redis_up = await asyncio.gather(_in_time(database()), _in_time(redis()))
    has_catalogue = bool(services.catalogue.library().projects)
    ready = database_up and has_catalogue
    body = {"ready": ready, "database": database_up, "redis": redis_up, "catalogue": has_catalogue}
    return json_response(body, 200 if ready else 503)


@router.get(
    "/metrics",
    response_class=Response,
    responses={**error_responses(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    summary="Prometheus metrics of this process",
)
async def metrics() -> Response:
    return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})
