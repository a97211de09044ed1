"""Postgres by asyncpg. SQLAlchemy describes the schema, and Alembic moves it; queries are SQL in repositories."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
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

GONE = "The database is not reachable."

# Longer than the pauses between requests of a busy process.
SPARE_SECONDS = 60.0


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
        # Connections between two uses, with the time of their last one, the latest at the end.
        self._spare: list[tuple[PoolConnectionProxy[asyncpg.Record], float]] = []
        self._waiting = 0
        self._closing = False

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
                    raise Unavailable(GONE) from error
            return self._pool

    async def close(self) -> None:
        if self._pool is not None:
            self._closing = True
            while self._spare:
                await self._pool.release(self._spare.pop()[0])
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None
            self._closing = False

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection for single statements, each its own transaction."""
        return _Use(self)

    async def _take(self) -> "PoolConnectionProxy[asyncpg.Record]":
        pool = self._pool or await self._connect()
        while self._spare:
            connection, _ = self._spare.pop()
            if _is_open(connection):
                return connection
            await pool.release(connection, timeout=self._acquire_seconds)
        # No await between the look at the spares and this: whoever gives one back must know that it is waited for.
        self._waiting += 1
        try:
            # The pool's own time-out runs every acquisition as a task of its own.
            async with asyncio.timeout(self._acquire_seconds):
                return await pool.acquire()
        finally:
            self._waiting -= 1

    async def _give_back(self, connection: "PoolConnectionProxy[asyncpg.Record]", *, clean: bool) -> None:
        """Keeps it at hand: the pool's own way back and forth costs two tasks, half as much as a select."""
        assert self._pool is not None  # noqa: S101  # it came from there
        now = time.monotonic()
        if clean and not self._waiting and not self._closing and _is_open(connection):
            self._spare.append((connection, now))
            # What was not needed for a while is given to the pool, which ends it when it stays idle.
            if self._spare[0][1] > now - SPARE_SECONDS:
                return
            connection, _ = self._spare.pop(0)
        await self._pool.release(connection, timeout=self._acquire_seconds)

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        return _Transaction(self.connection())

    async def dedicated(self) -> "asyncpg.Connection[asyncpg.Record]":
        """A connection outside the pool for LISTEN and the job queue; the caller closes it."""
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
            self.url, server_settings={"application_name": "arcana-jobs", "timezone": "UTC"}
        )
        return connection


def _is_open(connection: "PoolConnectionProxy[asyncpg.Record]") -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:
        # The server hung up, and the pool has taken the connection from whoever held it.
        return False


class _Use:
    """One use of a connection; turns what means that Postgres is away into `Unavailable`.

    A class, because a generator behind `asynccontextmanager` costs as much as the rest of it.
    """

    __slots__ = ("_connection", "_database")

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __aenter__(self) -> Connection:
        try:
            self._connection = await self._database._take()
        except LOST as error:
            raise Unavailable(GONE) from error
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._database._give_back(self._connection, clean=error is None)
        except LOST as lost:
            raise Unavailable(GONE) from lost
        _translate(error)


class _Transaction:
    """A use of a connection whose block is one transaction."""

    __slots__ = ("_transaction", "_use")

    def __init__(self, use: AbstractAsyncContextManager[Connection]) -> None:
        self._use = use

    async def __aenter__(self) -> Connection:
        connection = await self._use.__aenter__()
        try:
            self._transaction = connection.transaction()
            await self._transaction.start()
        except BaseException as error:  # also when cancelled: the connection goes back
            await self._use.__aexit__(type(error), error, error.__traceback__)
            raise
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._transaction.__aexit__(kind, error, trace)
        except BaseException as failure:  # as above
            await self._use.__aexit__(type(failure), failure, failure.__traceback__)
            raise
        await self._use.__aexit__(kind, error, trace)


def _translate(error: BaseException | None) -> None:
    if isinstance(error, LOST):
        raise Unavailable(GONE) from error
    if isinstance(error, asyncpg.DeadlockDetectedError):
        # Our lock order (session, person, reading, text, wallet) leaves hardly any; the loser may try again.
        raise Unavailable("Two changes met; try again.") from error
