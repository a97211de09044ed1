"""Real servers for every test: one Postgres and one Redis a run, a database of its own for each test."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from redis.asyncio import Redis
from starlette.types import ASGIApp

from app.container import Container, open_container
from app.kit import redis as redis_kit
from app.kit.database import Database
from app.kit.embedded import EmbeddedServers
from app.kit.migrations import migrate
from app.kit.telemetry import configure_logging
from app.main import build_api, wrap_api
from app.settings import Settings
from app.worker.runner import run_worker

# structlog's own default renders tracebacks for the eye, which takes seconds.
configure_logging(level="info", style="json")


@dataclass(frozen=True)
class Servers:
    """Addresses of the run's servers; `template` names the migrated database that tests are copied from."""

    database_url: str
    redis_url: str
    template: str

    def database(self, name: str) -> str:
        return f"{self.database_url.rsplit('/', 1)[0]}/{name}"

    async def execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.database_url)
        await connection.execute(statement)
        await connection.close()

    @asynccontextmanager
    async def copy(self, template: str) -> AsyncIterator[str]:
        name = f"test_{uuid4().hex}"
        await self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield self.database(name)
        finally:
            await self.execute(f"DROP DATABASE {name} WITH (FORCE)")


# What the servers of all processes of a run need at most.
MEMORY_NEEDED = 4 * 1024**3


def memory_folder() -> Path | None:
    """A folder in memory, where there is one with room: on a busy disk the copy of a database takes half a second."""
    folder = Path("/dev/shm")  # noqa: S108  # the servers make a folder of their own in it
    if not os.access(folder, os.W_OK | os.X_OK):
        return None
    about = os.statvfs(folder)
    spacious = about.f_bavail * about.f_frsize >= MEMORY_NEEDED
    # Its flag tells whether the servers' programs, which may have to be copied there, would run.
    return folder if spacious and not about.f_flag & os.ST_NOEXEC else None


@contextmanager
def embedded_servers() -> Iterator[EmbeddedServers]:
    embedded = EmbeddedServers(throwaway=True)
    with pytest.MonkeyPatch.context() as patch:
        if folder := memory_folder():
            patch.setenv("TMPDIR", str(folder))
        embedded.start()
    try:
        yield embedded
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with embedded_servers() as embedded:
        servers = Servers(embedded.database_url, embedded.redis_url, "arcana_template")

        async def prepare() -> None:
            await servers.execute(f"CREATE DATABASE {servers.template}")
            await migrate(servers.database(servers.template))

        asyncio.run(prepare())
        yield servers


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """A migrated, empty database of this test alone."""
    async with servers.copy(servers.template) as url:
        yield url


@pytest.fixture(scope="session")
def stocked_template(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database that has taken in the demo catalogue with its pictures, which is too dear to do for every test."""
    name = "arcana_stocked"
    settings = demo_settings(servers, servers.database(name), tmp_path_factory.mktemp("stocked"))

    async def prepare() -> None:
        await servers.execute(f"CREATE DATABASE {name} TEMPLATE {servers.template}")
        async with open_container(settings) as container:
            await container.catalogue.refresh()
            await container.catalogue.mirror_pictures()

    asyncio.run(prepare())
    return name


@pytest.fixture
async def stocked_url(servers: Servers, stocked_template: str) -> AsyncIterator[str]:
    async with servers.copy(stocked_template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url, pool_size=20)
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    client = redis_kit.connect(servers.redis_url)
    await client.flushdb()
    yield client
    await client.aclose()


def demo_settings(servers: Servers, database_url: str, data_dir: Path) -> Settings:
    """A demo installation with the bundled catalogue; limits high enough not to be met by accident."""
    return Settings(
        _env_file=None,
        demo=True,
        data_dir=data_dir,
        database_url=database_url,
        redis_url=servers.redis_url,
        secret_key=SecretStr("a secret of the tests, long enough"),
        log_level="warning",
        catalogue_poll_seconds=3600,
        rate_limit_address_per_minute=100_000,
        rate_limit_user_per_minute=100_000,
        rate_limit_sign_in_per_minute=100_000,
        rate_limit_readings_per_minute=100_000,
        rate_limit_orders_per_minute=100_000,
    )


@pytest.fixture
async def settings(servers: Servers, database_url: str, redis: Redis, tmp_path: Path) -> Settings:
    """On an empty database."""
    return demo_settings(servers, database_url, tmp_path)


@pytest.fixture
async def stocked_settings(servers: Servers, stocked_url: str, redis: Redis, tmp_path: Path) -> Settings:
    """On a database that has the demo catalogue."""
    return demo_settings(servers, stocked_url, tmp_path)


@dataclass
class Api:
    """The application behind a real socket. `client` has its address as base; `database` is the same one."""

    url: str
    client: httpx.AsyncClient
    database: Database
    settings: Settings
    services: Container

    async def sign_in(self, slug: str = "luna", *, telegram_id: int = 77, consent: bool = True) -> "Person":
        person = {"id": telegram_id, "first_name": "Анна", "language_code": "ru"}
        signed = await self.client.post("/api/v1/dev/init-data", json={"project": slug, "user": person})
        answer = await self.client.post(f"/api/v1/projects/{slug}/auth/telegram", json=signed.json())
        assert answer.status_code == 200, answer.text
        session = answer.json()
        signed_in = Person(self, session, {"Authorization": f"Bearer {session['access_token']}"})
        if consent:
            await signed_in.patch("/api/v1/me", json={"consent": True})
        return signed_in


@dataclass
class Person:
    """A signed-in user's way to the API."""

    api: Api
    session: dict[str, Any]
    headers: dict[str, str]

    async def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return await self.api.client.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("GET", path, **options)

    async def post(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("POST", path, **options)

    async def patch(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("PATCH", path, **options)

    async def delete(self, path: str, **options: Any) -> httpx.Response:
        return await self.request("DELETE", path, **options)

    async def start(self, spread: str = "three-cards", *, key: str | None = None, **body: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or uuid4().hex}
        return await self.post("/api/v1/readings", json={"spread": spread, **body}, headers=headers)

    async def wallet(self) -> dict[str, int]:
        """The readings of the wallet, as three numbers."""
        wallet: dict[str, Any] = (await self.get("/api/v1/me")).json()["wallet"]["readings"]
        return {name: wallet[name] for name in ("balance", "held", "available")}


@asynccontextmanager
async def serve(app: ASGIApp) -> AsyncIterator[str]:
    """Runs an ASGI application in this loop behind a free port of loopback; gives its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    )
    # Signals belong to pytest.
    server.capture_signals = nullcontext  # type: ignore[method-assign,assignment]  # see the line above
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def open_api(settings: Settings) -> AsyncIterator[Api]:
    database = Database(settings.database_url, pool_size=4)
    await database.open()
    app = build_api(settings)
    try:
        async with serve(wrap_api(app, settings)) as url, httpx.AsyncClient(base_url=url, timeout=20) as client:
            yield Api(url, client, database, settings, app.state.container)
    finally:
        await database.close()


@asynccontextmanager
async def open_worker(settings: Settings) -> AsyncIterator[None]:
    running = asyncio.create_task(run_worker(settings))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def api(stocked_settings: Settings) -> AsyncIterator[Api]:
    async with open_api(stocked_settings) as api:
        yield api


@pytest.fixture
async def worker(api: Api) -> AsyncIterator[None]:
    """A worker beside the API; without model profiles it composes from the deck."""
    async with open_worker(api.settings):
        yield
