"""Brings a database to the newest schema; several processes may ask at once."""

import asyncio
from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from alembic import command, op

ROOT = Path(__file__).parent.parent.parent
# One number for everybody who migrates this product.
LOCK = 7_283_119_402


def config(url: str) -> Config:
    settings = Config(ROOT / "alembic.ini")
    settings.attributes["url"] = url
    return settings


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def run_script(script: str) -> None:
    """For migrations: several statements at once, which a prepared statement cannot hold."""
    connection = op.get_bind().connection.dbapi_connection
    assert connection is not None  # noqa: S101  # a migration has one
    connection.run_async(lambda driver: driver.execute(script))


async def migrate(url: str) -> None:
    """Waits for whoever migrates already, then does what is left to do."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        await asyncio.to_thread(command.upgrade, config(url), "head")
    finally:
        await connection.close()


async def revisions(url: str) -> tuple[str | None, str | None]:
    """(what the database has, what the code wants)."""

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    engine = create_async_engine(sqlalchemy_url(url), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            has = await connection.run_sync(current)
    finally:
        await engine.dispose()
    return has, ScriptDirectory.from_config(config(url)).get_current_head()
