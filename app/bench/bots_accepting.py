"""Updates by webhook into the API, against a bare ASGI application that stores the same row."""

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from starlette.types import ASGIApp, Receive, Scope, Send

from app.bench.duel import Side, duel
from app.bench.figures import Comparison
from app.bench.load import Requests, request
from app.bench.servers import Program
from app.bench.stage import SLUG, Stage, our_api
from app.container import open_container
from app.kit import json
from app.telegram.webhook import SECRET_HEADER

# As many connections as Telegram opens for a bot at most by default.
CONNECTIONS = 40
# All ids have the same number of digits, so that only they are written anew.
FIRST_ID = 1_000_000_000
# Bots of the reference: the same table, never the same row.
REFERENCE_BOT = 1


def update(update_id: int, chat_id: int, *, text: str = "/start") -> dict[str, Any]:
    """A message in a private chat, as long as they are."""
    person = {"id": chat_id, "first_name": "Анна", "last_name": "Иванова", "username": "anna", "language_code": "ru"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": 4321,
            "from": {**person, "is_bot": False, "is_premium": True},
            "chat": {"type": "private", **{name: person[name] for name in ("id", "first_name", "last_name")}},
            "date": 1_795_000_000,
            "text": text,
            "entities": [{"offset": 0, "length": len(text), "type": "bot_command"}],
        },
    }


def _deliveries(path: str, headers: dict[str, str], ids: Iterator[int], chat_id: int) -> Requests:
    raw = request("POST", path, headers, json.dumps(update(FIRST_ID, chat_id)))
    before, after = raw.split(str(FIRST_ID).encode())
    return lambda: before + str(next(ids)).encode() + after


class BareKeeper:
    """Parses the update, stores the row, answers 200: no directory, secret, limit, metrics or log."""

    def __init__(self, connections: list["asyncpg.Connection[asyncpg.Record]"], project_id: int) -> None:
        self._connections = connections
        self._project_id = project_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            part = await receive()
            body += part.get("body", b"")
            more = part.get("more_body", False)
        came = json.loads(body)
        connection = self._connections.pop()
        try:
            await connection.execute(
                """
                INSERT INTO telegram_updates (bot_id, update_id, project_id, chat_id, payload)
                VALUES ($1, $2, $3, $4, $5) ON CONFLICT (bot_id, update_id) DO NOTHING
                """,
                REFERENCE_BOT, came["update_id"], self._project_id, came["message"]["chat"]["id"], body,
            )  # fmt: skip
        finally:
            self._connections.append(connection)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def bare_keeper(database_url: str, project_id: int) -> Program:
    """A held connection for each client."""
    connections: list[asyncpg.Connection[asyncpg.Record]] = []

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        for _ in range(CONNECTIONS):
            connection = await asyncpg.connect(database_url)
            await connection.set_type_codec(
                "jsonb", schema="pg_catalog", format="binary",
                encoder=lambda raw: b"\x01" + raw, decoder=lambda data: data[1:],
            )  # fmt: skip
            connections.append(connection)
        yield

    return Program(app=_with_lifespan(BareKeeper(connections, project_id), lifespan))


def _with_lifespan(app: ASGIApp, lifespan: Any) -> ASGIApp:
    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        await receive()
        async with lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    return run


async def measure_accepting(stage: Stage) -> Comparison:
    async with open_container(stage.settings) as container:
        await container.catalogue.reload()
        project = container.catalogue.library().project_by_slug(SLUG)
        if project is None or project.bot is None:
            raise RuntimeError("the demo catalogue has no bot to measure")
        webhook = container.webhooks.webhook(project.bot.id)
    ids = itertools.count(FIRST_ID)
    headers = {SECRET_HEADER: webhook.secret}
    ours = [_deliveries(f"/telegram/webhook/{webhook.id}", headers, ids, chat) for chat in range(1, CONNECTIONS + 1)]
    bare = [_deliveries("/", headers, ids, chat) for chat in range(1, CONNECTIONS + 1)]
    with (
        stage.start(our_api, stage.settings) as arcana,
        stage.start(bare_keeper, stage.settings.database_url, project.id) as reference,
    ):
        return await duel(
            "bots.accepted",
            f"updates accepted by webhook ({CONNECTIONS} connections)",
            Side("arcana", arcana, ours),
            Side("bare ASGI that stores the row", reference, bare),
            seconds=stage.seconds,
            rounds=stage.rounds,
            goal=0.6,
        )
