"""People by the dozen, who all know the bot, and broadcasts that are sent to them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from app.broadcasts import schedule
from app.broadcasts.content import Content
from app.broadcasts.repository import Broadcast, Run
from app.broadcasts.schedule import Now
from app.broadcasts.sending import Broadcaster
from app.broadcasts.service import broadcasts
from app.catalogue.library import Project
from app.crm.audit import Actor
from app.kit.database import Database
from app.kit.ids import new_id
from tests.telegram.conftest import LUNA, Desk, Office, Shelf, desk, luna, office, shelf, verbena
from tests.weather import until

__all__ = ["desk", "luna", "office", "shelf", "verbena"]

MANAGER = Actor(900, "Вера")
TEXT = Content.model_validate({"ru": {"text": "Новый <b>расклад</b>"}, "en": {"text": "A new <b>spread</b>"}})


async def add_people(database: Database, project_id: int, ids: Iterable[int], *, language: str = "ru") -> list[UUID]:
    """Active people whose night is over everywhere: without quiet hours."""
    rows = [(new_id(), project_id, number, language) for number in ids]
    async with database.transaction() as connection:
        await connection.executemany(
            "INSERT INTO users (id, project_id, telegram_id, first_name, language) VALUES ($1, $2, $3, 'Анна', $4)",
            rows,
        )
        await connection.executemany(
            "INSERT INTO notification_settings (project_id, user_id) VALUES ($1, $2)",
            [(project_id, user_id) for user_id, *_ in rows],
        )
    return [row[0] for row in rows]


@dataclass
class Studio:
    """A project with its broadcasts, and processes that send them."""

    office: Office
    desk: Desk
    project: Project
    bot_id: int = LUNA

    @property
    def database(self) -> Database:
        return self.office.database

    async def people(self, ids: Iterable[int], *, language: str = "ru") -> list[UUID]:
        """They have written to the bot."""
        numbers = list(ids)
        for number in numbers:
            await self.desk.say(self.bot_id, "/start", user=number, language=language)
        return await add_people(self.database, self.project.id, numbers, language=language)

    async def draft(self, content: Content = TEXT, **segment: Any) -> UUID:
        async with self.database.transaction() as connection:
            values = {"title": "Новости", "content": content.stored(), "segment": segment}
            return (await broadcasts.create(connection, self.project, MANAGER, values)).id

    async def start(self, broadcast_id: UUID, plan: Any = None, *, begin: bool = True) -> Broadcast:
        async with self.database.transaction() as connection:
            started = await broadcasts.start(connection, self.project, broadcast_id, plan or Now(), actor=MANAGER)
        if begin:
            await self.begin(broadcast_id)
        return started

    async def begin(self, broadcast_id: UUID) -> int | None:
        return await schedule.begin(
            self.database, project_id=self.project.id, broadcast_id=broadcast_id, default_language="ru"
        )

    async def sent(self, content: Content = TEXT, **segment: Any) -> UUID:
        """A broadcast that has been started."""
        broadcast_id = await self.draft(content, **segment)
        await self.start(broadcast_id)
        return broadcast_id

    async def do(self, verb: str, broadcast_id: UUID, *arguments: Any) -> Broadcast:
        async with self.database.transaction() as connection:
            owner = self.project if verb in ("edit", "delete") else self.project.id
            done: Broadcast = await getattr(broadcasts, verb)(
                connection, owner, broadcast_id, *arguments, actor=MANAGER
            )
        return done

    async def read(self, broadcast_id: UUID) -> tuple[Broadcast, Run]:
        """With its current run."""
        async with self.database.connection() as connection:
            found = await broadcasts.get(connection, self.project.id, broadcast_id)
        return found.broadcast, found.runs[-1]

    async def rows(self, broadcast_id: UUID, run: int = 0) -> dict[int, dict[str, Any]]:
        """Recipients by their Telegram id."""
        async with self.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT * FROM broadcast_recipients WHERE broadcast_id = $1 AND run = $2", broadcast_id, run
            )
        return {row["telegram_id"]: dict(row) for row in rows}

    async def states(self, broadcast_id: UUID, run: int = 0) -> dict[str, int]:
        counts: dict[str, int] = {}
        for row in (await self.rows(broadcast_id, run)).values():
            counts[row["state"]] = counts.get(row["state"], 0) + 1
        return counts

    async def check_counters(self, broadcast_id: UUID) -> Run:
        """The run's counters are what its rows say."""
        broadcast, run = await self.read(broadcast_id)
        states = await self.states(broadcast_id, broadcast.run)
        counters = {name: getattr(run, name) for name in ("sent", "gone", "failed", "uncertain", "skipped")}
        assert counters == {name: states.get(name, 0) for name in counters}
        assert run.total == sum(states.values())
        assert run.pending == states.get("pending", 0) + states.get("sending", 0)
        return run

    @asynccontextmanager
    async def sending(self, *, processes: int = 1, **settings: Any) -> AsyncIterator[list[Broadcaster]]:
        fast = {"telegram_messages_per_second": 500, "broadcast_messages_per_second": 400, **settings}
        made = []
        for _ in range(processes):
            bots = self.office.bots(**fast)
            made.append(Broadcaster(settings=bots.settings, database=self.database, redis=self.office.redis, bots=bots))
        tasks = [asyncio.create_task(broadcaster.run()) for broadcaster in made]
        yield made
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def until(
        self, broadcast_id: UUID, reached: str | Callable[[Broadcast, Run], bool] = "done", *, seconds: float = 20
    ) -> Run:
        """Until it is in this state, or until `reached` says so."""

        async def look() -> Run | None:
            broadcast, run = await self.read(broadcast_id)
            there = broadcast.state == reached if isinstance(reached, str) else reached(broadcast, run)
            return run if there else None

        found = await until(look, seconds=seconds, what=str(reached))
        assert found is not None
        return found

    async def heard(self, user: int) -> list[dict[str, Any]]:
        """What the bot has said to him; a message that was deleted is not there."""
        return await self.desk.replies(self.bot_id, user, count=0, wait=0)


@pytest.fixture
async def studio(office: Office, desk: Desk, luna: Project, shelf: Shelf) -> Studio:
    return Studio(office, desk, luna)
