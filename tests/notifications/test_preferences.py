"""Switches with their defaults, quiet hours on the person's own clock, and the SQL for queries over many."""

from datetime import UTC, datetime, time
from uuid import UUID

import pytest

from app.errors import InvalidRequest
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.notifications.preferences import (
    DEFAULT_QUIET,
    Quiet,
    quiet_ends_sql,
    quiet_join_sql,
    quiet_left,
    set_quiet,
    switch,
    wants,
    wants_sql,
    wishes,
)


async def make_project(connection: Connection, slug: str = "luna") -> int:
    project_id: int = await connection.fetchval(
        "INSERT INTO projects (key, slug, status, source) VALUES ($1, $1, 'live', 'demo') RETURNING id", slug
    )
    return project_id


async def make_user(connection: Connection, project_id: int, telegram_id: int = 5, zone: str = "UTC") -> UUID:
    user_id = new_id()
    await connection.execute(
        "INSERT INTO users (id, project_id, telegram_id, language, timezone) VALUES ($1, $2, $3, 'ru', $4)",
        user_id, project_id, telegram_id, zone,
    )  # fmt: skip
    return user_id


class TestSwitches:
    async def test_defaults_hold_until_a_switch_is_moved(self, database: Database) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            user_id = await make_user(connection, project_id)
            who = {"project_id": project_id, "user_id": user_id}
            before = await wishes(connection, **who)
            assert before.switches == {
                "replies": True,
                "readings": True,
                "news": True,
                "account": True,
                "subscription": True,
            }
            assert before.quiet == DEFAULT_QUIET
            await switch(connection, **who, kind="news", enabled=False)
            assert not await wants(connection, **who, kind="news")
            assert await wants(connection, **who, kind="readings")
            assert (await wishes(connection, **who)).switches["news"] is False
            await switch(connection, **who, kind="news", enabled=True)
            assert await wants(connection, **who, kind="news")

    @pytest.mark.parametrize("kind", ["account", "nonsense", ""])
    async def test_what_is_always_told_or_unknown_cannot_be_switched(self, database: Database, kind: str) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            user_id = await make_user(connection, project_id)
            with pytest.raises(InvalidRequest):
                await switch(connection, project_id=project_id, user_id=user_id, kind=kind, enabled=False)
            assert await wants(connection, project_id=project_id, user_id=user_id, kind="account")

    async def test_a_query_over_everybody_leaves_out_who_switched_it_off(self, database: Database) -> None:
        async with database.transaction() as connection:
            luna, verbena = await make_project(connection), await make_project(connection, "verbena")
            quiet_one, reader = await make_user(connection, luna, 5), await make_user(connection, luna, 6)
            elsewhere = await make_user(connection, verbena, 5)
            await switch(connection, project_id=luna, user_id=quiet_one, kind="news", enabled=False)
            await switch(connection, project_id=luna, user_id=reader, kind="readings", enabled=False)
            rows = await connection.fetch(f"SELECT id FROM users u WHERE {wants_sql('news', users='u')} ORDER BY id")
        assert [row["id"] for row in rows] == [reader, elsewhere]


class TestQuietHours:
    @pytest.mark.parametrize(
        ("zone", "quiet", "moment", "expected"),
        [
            # Over midnight: before, inside on both sides of midnight, at the edges.
            ("UTC", (22, 9), "2026-03-10 21:59", "2026-03-10 21:59"),
            ("UTC", (22, 9), "2026-03-10 22:00", "2026-03-11 09:00"),
            ("UTC", (22, 9), "2026-03-11 00:00", "2026-03-11 09:00"),
            ("UTC", (22, 9), "2026-03-11 08:59", "2026-03-11 09:00"),
            ("UTC", (22, 9), "2026-03-11 09:00", "2026-03-11 09:00"),
            # Within a day.
            ("UTC", (13, 15), "2026-03-10 14:00", "2026-03-10 15:00"),
            ("UTC", (13, 15), "2026-03-10 12:59", "2026-03-10 12:59"),
            # On the person's clock: 19:30 UTC is 22:30 in Moscow, 6:00 UTC is 9:00.
            ("Europe/Moscow", (22, 9), "2026-03-10 19:30", "2026-03-11 06:00"),
            ("Asia/Almaty", (22, 9), "2026-03-10 16:00", "2026-03-10 16:00"),
            ("America/New_York", (22, 9), "2026-03-10 02:30", "2026-03-10 13:00"),
            # The night in which the clocks go forward there: nine is an hour nearer.
            ("America/New_York", (22, 9), "2026-03-08 03:30", "2026-03-08 13:00"),
            # A zone that Postgres does not know counts as UTC.
            ("Mars/Olympus", (22, 9), "2026-03-10 23:00", "2026-03-11 09:00"),
            # None at all.
            ("UTC", None, "2026-03-10 23:00", "2026-03-10 23:00"),
        ],
    )
    async def test_the_end_is_on_the_persons_clock(
        self, database: Database, zone: str, quiet: tuple[int, int] | None, moment: str, expected: str
    ) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            user_id = await make_user(connection, project_id, zone=zone)
            hours = Quiet(time(quiet[0]), time(quiet[1])) if quiet else None
            await set_quiet(connection, project_id=project_id, user_id=user_id, quiet=hours)
            ends = await connection.fetchval(
                f"SELECT {quiet_ends_sql('$1', users='u')} FROM users u {quiet_join_sql(users='u')}",
                datetime.fromisoformat(moment).replace(tzinfo=UTC),
            )
        assert ends == datetime.fromisoformat(expected).replace(tzinfo=UTC)

    async def test_without_a_setting_the_default_hours_hold(self, database: Database) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            await make_user(connection, project_id)
            query = f"SELECT {quiet_ends_sql('$1')} FROM users {quiet_join_sql()}"
            late = datetime(2026, 3, 10, 23, tzinfo=UTC)
            assert await connection.fetchval(query, late) == datetime(2026, 3, 11, 9, tzinfo=UTC)
            noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
            assert await connection.fetchval(query, noon) == noon

    async def test_hours_that_never_end_are_refused(self, database: Database) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            user_id = await make_user(connection, project_id)
            with pytest.raises(InvalidRequest):
                await set_quiet(connection, project_id=project_id, user_id=user_id, quiet=Quiet(time(9), time(9)))
            assert (await wishes(connection, project_id=project_id, user_id=user_id)).quiet == DEFAULT_QUIET

    async def test_nobody_can_be_written_to_at_any_time(self, database: Database) -> None:
        async with database.transaction() as connection:
            project_id = await make_project(connection)
            assert await quiet_left(connection, project_id=project_id, user_id=new_id()) is None
