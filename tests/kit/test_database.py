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
