import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app.errors import Unavailable
from app.kit.database import Database
from app.kit.migrations import sqlalchemy_url
from app.models import metadata


class TestSchema:
    async def test_migrations_make_exactly_the_models(self, database_url: str) -> None:
        def differences(connection: Connection) -> list[object]:
            context = MigrationContext.configure(
                connection,
                opts={"include_name": lambda name, kind, _: not (kind == "table" and name.startswith("pgqueuer"))},
            )
            return list(compare_metadata(context, metadata))

        engine = create_async_engine(sqlalchemy_url(database_url))
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
        await engine.dispose()
        assert found == []


class TestTransaction:
    async def test_commits_at_the_end_and_rolls_back_on_an_error(self, database: Database) -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO beats (name, tick) VALUES ('kept', 1)")
        with pytest.raises(ValueError, match="no"):
            async with database.transaction() as connection:
                await connection.execute("INSERT INTO beats (name, tick) VALUES ('lost', 1)")
                raise ValueError("no")
        async with database.connection() as connection:
            assert [row["name"] for row in await connection.fetch("SELECT name FROM beats")] == ["kept"]

    async def test_a_killed_backend_is_unavailable_and_the_next_use_works(self, database: Database) -> None:
        with pytest.raises(Unavailable):
            async with database.transaction() as connection:
                backend = await connection.fetchval("SELECT pg_backend_pid()")
                async with database.connection() as other:
                    await other.execute("SELECT pg_terminate_backend($1)", backend)
                await connection.fetchval("SELECT 1")
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT 1") == 1

    async def test_an_absent_server_is_unavailable(self) -> None:
        database = Database("postgresql://nobody:nothing@127.0.0.1:1/none", acquire_seconds=1)
        await database.open()
        with pytest.raises(Unavailable):
            async with database.connection():
                pass

    async def test_a_wrong_statement_stays_a_wrong_statement(self, database: Database) -> None:
        with pytest.raises(asyncpg.UndefinedTableError):
            async with database.connection() as connection:
                await connection.execute("SELECT * FROM nowhere")


async def backend_of(database: Database) -> int:
    async with database.connection() as connection:
        pid: int = await connection.fetchval("SELECT pg_backend_pid()")
        return pid


class TestConnections:
    @pytest.fixture
    async def narrow(self, database_url: str) -> AsyncIterator[Database]:
        database = Database(database_url, pool_size=2, acquire_seconds=2)
        yield database
        await database.close()

    async def test_the_same_one_serves_one_use_after_the_other(self, narrow: Database) -> None:
        assert len({await backend_of(narrow) for _ in range(5)}) == 1

    async def test_a_crowd_shares_them_and_nobody_starves(self, narrow: Database) -> None:
        async def use(number: int) -> int:
            async with narrow.transaction() as connection:
                await asyncio.sleep(0.001 * (number % 3))
                pid: int = await connection.fetchval("SELECT pg_backend_pid()")
                return pid

        assert len(set(await asyncio.gather(*(use(number) for number in range(200))))) <= 2

    async def test_who_waits_gets_the_next_one_before_it_is_kept(self, narrow: Database) -> None:
        async with narrow.connection(), narrow.connection():
            waiting = asyncio.create_task(backend_of(narrow))
            await asyncio.sleep(0.01)
            assert not waiting.done()
        assert await asyncio.wait_for(waiting, 1)

    async def test_waiting_ends_after_its_time(self, database_url: str) -> None:
        database = Database(database_url, pool_size=1, acquire_seconds=0.2)
        async with database.connection():
            with pytest.raises(Unavailable):
                await backend_of(database)
        assert await backend_of(database)
        await database.close()

    async def test_who_was_cancelled_leaves_neither_a_lock_nor_a_gap(self, narrow: Database) -> None:
        async def hang() -> None:
            async with narrow.transaction() as connection:
                await connection.execute("INSERT INTO beats (name, tick) VALUES ('mine', 1)")
                await connection.execute("SELECT pg_sleep(60)")

        for _ in range(3):
            hanging = [asyncio.create_task(hang()), asyncio.create_task(backend_of(narrow))]
            await asyncio.sleep(0.05)
            for task in hanging:
                task.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)
        async with narrow.transaction() as one, narrow.transaction() as two:
            await one.execute("INSERT INTO beats (name, tick) VALUES ('mine', 1)")
            assert await two.fetchval("SELECT count(*) FROM beats") == 0

    async def test_one_that_died_while_nobody_used_it_is_not_handed_out(
        self, narrow: Database, database: Database
    ) -> None:
        dead = await backend_of(narrow)
        async with database.connection() as connection:
            await connection.execute("SELECT pg_terminate_backend($1)", dead)
        await asyncio.sleep(0.1)
        assert await backend_of(narrow) != dead

    async def test_closing_ends_them_all(self, narrow: Database, database: Database) -> None:
        backends = await asyncio.gather(backend_of(narrow), backend_of(narrow))
        await narrow.close()
        async with database.connection() as connection:
            async with asyncio.timeout(5):
                while await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY($1)", backends):
                    await asyncio.sleep(0.02)
