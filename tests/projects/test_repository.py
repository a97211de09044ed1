"""Rows of projects follow the catalogue: ids for ever, nothing deleted, slugs and bots handed over in one go."""

from app.kit.database import Connection, Database
from app.projects.repository import ProjectsRepository, WantedProject


def wanted(key: str, *, slug: str | None = None, status: str = "live", bot_id: int | None = None) -> WantedProject:
    return WantedProject(key, slug or key, status, bot_id)  # type: ignore[arg-type]  # the tests' own literals


async def ids(connection: Connection) -> dict[str, int]:
    return {row.key: row.id for row in await ProjectsRepository(connection).all()}


class TestSync:
    async def test_ids_are_given_once(self, database: Database) -> None:
        async with database.transaction() as connection:
            projects = ProjectsRepository(connection)
            await projects.sync("store", [wanted("a"), wanted("b")])
            first = await ids(connection)
            for _ in range(5):
                await projects.sync("store", [wanted("b"), wanted("a", status="draft")])
            await projects.sync("store", [wanted("a"), wanted("b"), wanted("c")])
            assert await ids(connection) == {**first, "c": 3}

    async def test_a_removed_project_keeps_its_row_and_gives_up_slug_and_bot(self, database: Database) -> None:
        async with database.transaction() as connection:
            projects = ProjectsRepository(connection)
            await projects.sync("store", [wanted("a", slug="moon", bot_id=5)])
            await projects.sync("store", [wanted("b", slug="moon", bot_id=5)])
            rows = {row.key: row for row in await projects.all()}
            assert rows["a"].removed and rows["a"].status == "off"
            assert not rows["b"].removed and rows["b"].slug == "moon"
            await projects.sync("store", [wanted("a", slug="sun")])
            again = {row.key: row for row in await projects.all()}
            assert again["a"].id == rows["a"].id and not again["a"].removed

    async def test_slugs_and_bots_can_be_swapped(self, database: Database) -> None:
        async with database.transaction() as connection:
            projects = ProjectsRepository(connection)
            await projects.sync("store", [wanted("a", slug="x", bot_id=1), wanted("b", slug="y", bot_id=2)])
            await projects.sync("store", [wanted("a", slug="y", bot_id=2), wanted("b", slug="x", bot_id=1)])
            rows = {row.key: row.slug for row in await projects.all()}
            assert rows == {"a": "y", "b": "x"}

    async def test_having_been_live_is_remembered(self, database: Database) -> None:
        async with database.transaction() as connection:
            projects = ProjectsRepository(connection)
            await projects.sync("store", [wanted("a", status="draft"), wanted("b")])
            await projects.sync("store", [wanted("a", status="draft"), wanted("b", status="off")])
            assert {row.key: row.ever_live for row in await projects.all()} == {"a": False, "b": True}

    async def test_what_did_not_change_is_not_written(self, database: Database) -> None:
        async with database.connection() as connection:
            projects = ProjectsRepository(connection)
            async with connection.transaction():
                await projects.sync("store", [wanted("a")])
            before = await connection.fetchval("SELECT xmin::text FROM projects")
            async with connection.transaction():
                await projects.sync("store", [wanted("a")])
            assert await connection.fetchval("SELECT xmin::text FROM projects") == before
