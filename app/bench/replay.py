"""The reference of the signed-in routes: bare FastAPI, the same statements on a held connection, JSON out.

It knows who asks without checking anything: no tokens, signatures, limits, metrics or log.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict

from app.bench.recording import Recording
from app.bench.servers import Program
from app.bench.stage import Member
from app.kit import json


class Body(BaseModel):
    """What our routes are sent, read as a FastAPI route reads it."""

    model_config = ConfigDict(extra="allow")


async def _use_json(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value),
        decoder=lambda data: json.loads(data[1:]),
    )


def replaying_app(
    database_url: str, recordings: dict[str, Recording], members: list[Member], connections: int
) -> Program:
    """Routes `GET` or `POST /{name}?member={number}`; as many held connections as there are clients."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.held = [
            await asyncpg.connect(database_url, server_settings={"timezone": "UTC"}) for _ in range(connections)
        ]
        for connection in app.state.held:
            await _use_json(connection)
        yield
        for connection in app.state.held:
            await connection.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)

    async def replay(request: Request, name: str, member: int) -> Response:
        held: list[Any] = request.app.state.held
        recording = recordings[name]
        connection = held.pop()
        try:
            for query, arguments in recording.again(members[member]):
                if arguments:
                    await connection.fetchrow(query, *arguments)
                else:
                    await connection.execute(query)
        finally:
            held.append(connection)
        return Response(json.dumps(recording.body), recording.status, media_type="application/json")

    @app.get("/{name}")
    async def read(request: Request, name: str, member: int) -> Response:
        return await replay(request, name, member)

    @app.post("/{name}")
    async def write(request: Request, name: str, member: int, body: Body) -> Response:
        return await replay(request, name, member)

    return Program(app=app)
