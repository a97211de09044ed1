"""A database on which a process dies, or loses its connection, just before or just after one of its commits."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType

import asyncpg

from app.errors import Unavailable
from app.kit.database import Connection, Database


class Crashed(BaseException):
    """The process is gone: nothing of its code runs any more, so nothing may catch this."""


@dataclass(frozen=True)
class Crash:
    """At the `commit`-th commit of a step, counted from one; `early` is before it, so that it does not happen.

    `killed`: the process dies. Else the backend is gone (early), or its answer got lost (late), and the code goes on.
    """

    commit: int
    early: bool
    killed: bool = False

    def __repr__(self) -> str:
        what = "the process is killed" if self.killed else "the connection is lost"
        return f"{what} {'before' if self.early else 'after'} commit {self.commit}"


class CrashingDatabase(Database):
    """`plan` is what happens to the next steps; it is `None` again once it has happened."""

    plan: Crash | None = None
    commits = 0
    died = False

    def expect(self, plan: Crash | None) -> None:
        self.plan, self.commits, self.died = plan, 0, False

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        return _Use(self, super().connection(), whole=False)

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        return _Use(self, super().connection(), whole=True)

    def reached(self) -> Crash | None:
        """The crash that is due at this commit."""
        self.commits += 1
        if self.plan is None or self.plan.commit != self.commits:
            return None
        plan, self.plan = self.plan, None
        self.died = plan.killed
        return plan

    async def end_backend(self, connection: Connection) -> None:
        other = await asyncpg.connect(self.url)
        try:
            await other.execute("SELECT pg_terminate_backend($1, 5000)", connection.get_server_pid())
        finally:
            await other.close()


class _Use:
    """`whole`: the block is one transaction. Else each statement commits, and its block counts as one commit."""

    def __init__(
        self, database: CrashingDatabase, use: AbstractAsyncContextManager[Connection], *, whole: bool
    ) -> None:
        self._database, self._use, self._whole = database, use, whole
        self._crash: Crash | None = None

    async def __aenter__(self) -> Connection:
        connection = await self._use.__aenter__()
        self._connection = connection
        if not self._whole:
            self._crash = self._database.reached()
            if self._crash is not None and self._crash.early:
                await self._database.end_backend(connection)
            return connection
        try:
            self._transaction = connection.transaction()
            await self._transaction.start()
        except BaseException as error:  # the connection goes back
            await self._use.__aexit__(type(error), error, error.__traceback__)
            raise
        return connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        crash = self._crash
        try:
            if self._whole:
                if error is None and (crash := self._database.reached()) is not None and crash.early:
                    await self._database.end_backend(self._connection)
                await self._transaction.__aexit__(kind, error, trace)
        except BaseException as failure:  # noqa: BLE001  # it is raised again below, as the code would see it
            kind, error, trace = type(failure), failure, failure.__traceback__
            if crash is not None and crash.killed:
                kind, error, trace = Crashed, Crashed(), None
            await self._use.__aexit__(kind, error, trace)
            raise error from None
        if crash is not None and crash.killed:
            await self._use.__aexit__(Crashed, Crashed(), None)
            raise Crashed
        await self._use.__aexit__(kind, error, trace)
        if crash is not None and not crash.early and error is None:
            raise Unavailable("The answer to a commit got lost.")
