"""Real servers for every test: one Postgres and one Redis a run, a database of its own for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis

from app.kit import redis as redis_kit
from app.kit.database import Database
from app.kit.embedded import EmbeddedServers
from app.kit.migrations import migrate
from app.settings import Settings


@dataclass(frozen=True)
class Servers:
    """Addresses of the run's servers; `template` names the migrated database that tests are copied from."""

    database_url: str
    redis_url: str
    template: str

    def database(self, name: str) -> str:
        return f"{self.database_url.rsplit('/', 1)[0]}/{name}"


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with EmbeddedServers(throwaway=True) as embedded:
        servers = Servers(embedded.database_url, embedded.redis_url, "arcana_template")

        async def prepare() -> None:
            connection = await asyncpg.connect(servers.database_url)
            await connection.execute(f"CREATE DATABASE {servers.template}")
            await connection.close()
            await migrate(servers.database(servers.template))

        asyncio.run(prepare())
        yield servers


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """A migrated, empty database of this test alone."""
    name = f"test_{uuid4().hex}"
    connection = await asyncpg.connect(servers.database_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {servers.template} STRATEGY file_copy")
    yield servers.database(name)
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


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


@pytest.fixture
async def settings(servers: Servers, database_url: str, redis: Redis, tmp_path: Path) -> Settings:
    """A demo installation with the bundled catalogue; limits high enough not to be met by accident."""
    return Settings(
        _env_file=None,
        demo=True,
        data_dir=tmp_path,
        database_url=database_url,
        redis_url=servers.redis_url,
        secret_key="a secret of the tests, long enough",
        log_level="warning",
        catalogue_poll_seconds=3600,
        rate_limit_address_per_minute=100_000,
        rate_limit_user_per_minute=100_000,
        rate_limit_sign_in_per_minute=100_000,
        rate_limit_readings_per_minute=100_000,
    )
