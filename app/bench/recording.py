"""What our routes say to Postgres, written down while they do it, so that a bare route can say the same."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from asyncpg.connection import LoggedQuery

from app.bench.stage import Member
from app.kit import json
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.main import build_api
from app.settings import Settings

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Recording:
    """The statements of one request in their order, and its JSON answer.

    Each statement has its text, its arguments, and the places of those that belong to the asking person or are new
    in every request.
    """

    statements: tuple[tuple[str, tuple[Any, ...], tuple[int, ...]], ...]
    fresh: tuple[Any, ...]
    member: Member
    status: int
    body: Any

    def again(self, member: Member) -> Iterator[Statement]:
        """The same statements for somebody else, with new values where each request has new ones."""
        values: dict[Any, Any] = {value: _renewed(value) for value in self.fresh}
        values[self.member.user_id] = member.user_id
        values[self.member.telegram_id] = member.telegram_id
        for query, recorded, places in self.statements:
            if places:
                arguments = list(recorded)
                for place in places:
                    arguments[place] = values[arguments[place]]
                yield query, tuple(arguments)
            else:
                yield query, recorded


def _make(first: list[Statement], second: list[Statement], member: Member, status: int, body: Any) -> Recording:
    fresh: dict[Any, None] = {}
    statements = []
    for (query, mine), (_, other) in zip(first, second, strict=True):
        changed = [place for place, value in enumerate(mine) if value != other[place]]
        fresh |= {mine[place]: None for place in changed}
        personal = [place for place, value in enumerate(mine) if value in (member.user_id, member.telegram_id)]
        statements.append((query, mine, tuple({*changed, *personal})))
    return Recording(tuple(statements), tuple(fresh), member, status, body)


def _renewed(value: Any) -> Any:
    match value:
        case UUID():
            return new_id()
        case bytes():
            return secrets.token_bytes(len(value))
        case str():
            return secrets.token_hex((len(value) + 1) // 2)[: len(value)]
    raise TypeError(f"no way to make a new {type(value).__name__}")


class LoggedDatabase(Database):
    """Writes down what goes over its connections, BEGIN and COMMIT included."""

    def __init__(self, url: str) -> None:
        super().__init__(url, pool_size=2)
        self.statements: list[Statement] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            connection.add_query_logger(self._note)
            try:
                yield connection
            finally:
                connection.remove_query_logger(self._note)

    def _note(self, record: LoggedQuery) -> None:
        self.statements.append((record.query, tuple(record.args or ())))


class Recorder:
    """Our application in this process, asked without a network."""

    def __init__(self, client: httpx.AsyncClient, database: LoggedDatabase) -> None:
        self._client, self._database = client, database

    async def record(self, method: str, path: str, member: Member, **options: Any) -> Recording:
        """Asks three times: to warm up, and twice to see what differs between two requests."""
        runs: list[list[Statement]] = []
        for _ in range(3):
            self._database.statements.clear()
            headers = {
                "authorization": f"Bearer {member.access_token}",
                "idempotency-key": secrets.token_hex(16),
            }
            answer = await self._client.request(method, path, headers=headers, **options)
            answer.raise_for_status()
            # asyncpg tells its loggers in a later turn of the loop.
            await asyncio.sleep(0.01)
            runs.append(list(self._database.statements))
        _, first, second = runs
        if [query for query, _ in first] != [query for query, _ in second]:
            raise RuntimeError(f"{path} does not say the same twice")
        if first[0][0].startswith("BEGIN") and not first[-1][0].startswith("COMMIT"):
            raise RuntimeError(f"{path} leaves its transaction open")
        return _make(first, second, member, answer.status_code, json.loads(answer.content))


@asynccontextmanager
async def open_recorder(settings: Settings) -> AsyncIterator[Recorder]:
    api = build_api(settings)
    async with api.router.lifespan_context(api):
        services = api.state.container
        usual, logged = services.database, LoggedDatabase(settings.database_url)
        services.database = logged
        try:
            transport = httpx.ASGITransport(app=api)
            async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
                yield Recorder(client, logged)
        finally:
            services.database = usual
            await logged.close()
