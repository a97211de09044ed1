"""Catalogues of separate processes, and the WordPress that they read from."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from app.catalogue.service import Catalogue
from app.container import installation_secret, load_keyring
from app.kit import redis as redis_kit
from app.kit.database import Database
from app.kit.telemetry import configure_logging
from app.settings import Settings
from tests.catalogue.wordpress import WordPress, make_document, open_wordpress
from tests.conftest import Servers

# Children first.
TABLES = (
    "pgqueuer",
    "book_entries",
    "payments",
    "orders",
    "users",
    "picture_files",
    "pictures",
    "catalogue_states",
    "catalogue_documents",
    "store_nonces",
    "stores",
    "bots",
    "projects",
)


@asynccontextmanager
async def open_catalogue(settings: Settings, **options: Any) -> AsyncIterator[Catalogue]:
    """A catalogue with connections of its own, as another process would have it; not started."""
    database = Database(settings.database_url, pool_size=4, acquire_seconds=2)
    redis = redis_kit.connect(settings.redis_url, timeout=0.3)
    async with httpx.AsyncClient() as http:
        catalogue = Catalogue(
            settings=settings,
            secret=installation_secret(settings),
            keyring=load_keyring(settings),
            database=database,
            redis=redis,
            http=http,
            **options,
        )
        try:
            yield catalogue
        finally:
            await catalogue.stop()
            await redis.aclose()
            await database.close()


@pytest.fixture(scope="session")
def shared_database_url(servers: Servers) -> str:
    async def create() -> None:
        connection = await asyncpg.connect(servers.database_url)
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {servers.template} STRATEGY file_copy")
        await connection.close()

    name = f"test_{uuid4().hex}"
    asyncio.run(create())
    return servers.database(name)


@pytest.fixture
async def database_url(shared_database_url: str) -> AsyncIterator[str]:
    """One database for all tests here, emptied after each: milliseconds, where a new one takes long."""
    yield shared_database_url
    connection = await asyncpg.connect(shared_database_url)
    for table in TABLES:
        await connection.execute(f"DELETE FROM {table}")  # names above
    await connection.close()


@pytest.fixture
async def wordpress() -> AsyncIterator[WordPress]:
    async with open_wordpress(make_document()) as wordpress:
        yield wordpress


@pytest.fixture
def store_settings(settings: Settings, wordpress: WordPress) -> Settings:
    """A backend connected to `wordpress` by the environment, not in demo mode."""
    return wordpress.settings(settings)


@pytest.fixture
async def catalogue(store_settings: Settings) -> AsyncIterator[Catalogue]:
    async with open_catalogue(store_settings) as catalogue:
        yield catalogue


class Events(logging.Handler):
    """What `app.catalogue` logs, as structured events."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        assert isinstance(record.msg, dict)
        self.events.append(dict(record.msg))

    @property
    def alerts(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("alert")]


@pytest.fixture
def events() -> Iterator[Events]:
    configure_logging(level="info", style="json")
    handler = Events()
    logger = logging.getLogger("app.catalogue")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
