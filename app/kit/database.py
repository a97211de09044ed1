"""Postgres by asyncpg. SQLAlchemy describes the schema, and Alembic moves it; queries are SQL in repositories."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import BigInteger, DateTime, LargeBinary, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

from app.errors import Unavailable
from app.kit import json

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"

# What asyncpg and the socket raise when the server is away, as opposed to when a statement is wrong.
LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # A statement on a connection that was killed while idle, before its socket is seen to be closed.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)


class Base(DeclarativeBase):
    """Base of all ORM models; they exist for the schema and its migrations."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads it as a plain class attribute
        str: Text(),
        datetime: DateTime(timezone=True),
        UUID: Uuid(),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        bytes: LargeBinary(),
        int: BigInteger(),
    }


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value),
        decoder=lambda data: json.loads(data[1:]),
    )


async def _no_reset(_: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Our code leaves nothing in a session, and the reset query would cost a round trip for every use."""


class Database:
    """A bounded pool. Raises `Unavailable` when Postgres is away, so that an edge answers 503, not 500."""

    def __init__(self, url: str, *, pool_size: int = 10, acquire_seconds: float = 5.0) -> None:
        self.url = url
        self._pool_size = pool_size
        self._acquire_seconds = acquire_seconds
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """Connects lazily later if Postgres is away now; never raises for that."""
        try:
            await self._connect()
        except Unavailable:
            return

    async def _connect(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                try:
                    self._pool = await asyncpg.create_pool(
                        self.url,
                        min_size=min(2, self._pool_size),
                        max_size=self._pool_size,
                        init=_prepare,
                        reset=_no_reset,
                        timeout=self._acquire_seconds,
                        # A frozen server must not keep a client waiting; no statement of ours takes seconds.
                        command_timeout=10,
                        max_inactive_connection_lifetime=300,
                        server_settings={"application_name": "arcana", "timezone": "UTC"},
                    )
                except LOST as error:
                    raise Unavailable("The database is not reachable.") from error
            return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction."""
        pool = self._pool or await self._connect()
        try:
            async with pool.acquire(timeout=self._acquire_seconds) as connection:
                yield connection
        except LOST as error:
            raise Unavailable("The database is not reachable.") from error
        except asyncpg.DeadlockDetectedError as error:
            # Our lock order (session, person, reading, text, wallet) leaves hardly any; the loser may try again.
            raise Unavailable("Two changes met; try again.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool for LISTEN and the job queue; the caller closes it."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            self.url, server_settings={"application_name": "arcana-jobs", "timezone": "UTC"}
        )
        return connection
