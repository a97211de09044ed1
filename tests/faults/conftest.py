"""One installation in bad weather: proxies before Postgres and Redis, and a model that fails on demand."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from redis.asyncio import Redis

from app.sandbox.model import create_app
from app.sandbox.model.faults import Order
from app.sandbox.model.server import KEY, MODEL, Desk
from app.settings import ModelProfile, Settings
from tests.conftest import Api, Person, Servers, demo_settings, open_api, serve
from tests.faults.books import check_books
from tests.weather import ForkedWorker, Proxy, in_front_of, until

LEASE_SECONDS = 2.0


@dataclass
class Model:
    """The sandbox model's desk."""

    desk: Desk

    def order(self, fault: str, *, times: int | None = None, retry_after: float = 0.0) -> None:
        self.desk.faults.order(Order(fault, times, retry_after))

    def pace(self, tokens_per_second: float) -> None:
        self.desk.tokens_per_second = tokens_per_second

    @property
    def calls(self) -> int:
        return len(self.desk.requests)

    async def called(self, times: int = 1, *, seconds: float = 15.0) -> None:
        """Until it was asked so often."""

        async def look() -> bool:
            return self.calls >= times

        await until(look, seconds=seconds, what=f"call {times} of the model")


@dataclass
class Weather:
    """`settings` lead through the proxies, `calm` straight to the servers."""

    postgres: Proxy
    redis: Proxy
    model: Model
    settings: Settings
    calm: Settings
    folder: Path

    @property
    def url(self) -> str:
        return self.calm.database_url

    def forked(self, settings: Settings | None = None) -> ForkedWorker:
        return ForkedWorker(settings or self.calm, self.folder / f"worker-{uuid4().hex[:6]}.log")

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.url)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        finally:
            await connection.close()
        return rows

    async def value(self, query: str, *arguments: Any) -> Any:
        rows = await self.fetch(query, *arguments)
        return rows[0][0] if rows else None

    async def kill_backends(self) -> int:
        """Ends every connection of the product to this database, as an operator or a failover does."""
        killed: int = await self.value(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        return killed


@pytest.fixture
async def weather(servers: Servers, stocked_url: str, redis: Redis, tmp_path: Path) -> AsyncIterator[Weather]:
    """Checks the books of all users when the test is over."""
    sandbox = create_app(tokens_per_second=0, first_token_seconds=0)
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(serve(sandbox))
        postgres, database_url = await stack.enter_async_context(in_front_of(stocked_url))
        cache, redis_url = await stack.enter_async_context(in_front_of(servers.redis_url))
        profile = ModelProfile(
            base_url=f"{address}/v1", api_key=KEY, model=MODEL, input_price=Decimal(1), output_price=Decimal(2)
        )
        changes: dict[str, Any] = {
            "model_profiles": {"default": profile},
            "model_first_token_seconds": 0.6,
            "model_idle_seconds": 0.5,
            "model_total_seconds": 20.0,
            "model_retries": 1,
            "generation_lease_seconds": LEASE_SECONDS,
        }
        calm = demo_settings(servers, stocked_url, tmp_path).model_copy(update=changes)
        settings = calm.model_copy(update={"database_url": database_url, "redis_url": redis_url})
        yield Weather(postgres, cache, Model(sandbox.state.desk), settings, calm, tmp_path)
        postgres.thaw()
        cache.thaw()
        await check_books(stocked_url)


@pytest.fixture
async def stormy(weather: Weather) -> AsyncIterator[Api]:
    """An API behind the proxies."""
    async with open_api(weather.settings) as api:
        yield api


async def draw(person: Person, spread: str = "three-cards") -> str:
    """Starts and draws; the path of a reading that is being interpreted."""
    started = await person.start(spread, question="Что меня ждёт на новой работе?")
    assert started.status_code == 201, started.text
    path = f"/api/v1/readings/{started.json()['id']}"
    answer = await person.post(f"{path}/draw", json={"picks": list(range(len(started.json()["positions"])))})
    assert answer.status_code == 200, answer.text
    return path


async def wait_for_state(person: Person, path: str, *states: str, seconds: float = 15.0) -> dict[str, Any]:
    """The reading once it is in one of these states."""

    async def look() -> dict[str, Any] | None:
        try:
            answer = await person.get(path)
        except httpx.HTTPError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.status_code == 200, answer.text
        reading: dict[str, Any] = answer.json()
        return reading if reading["state"] in states else None

    found = await until(look, seconds=seconds, what=f"{'/'.join(states)}")
    assert found is not None
    return found
