"""A staff group on the desk, and the project that it belongs to."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiogram import Bot

from app.catalogue.library import Project
from app.crm.groups import GroupRepository, StaffGroup
from app.kit.database import Database
from app.settings import Settings
from tests.crm.stage import FAST, Stage, open_stage
from tests.telegram.conftest import LUNA, Desk, Office, desk, logs, luna, office, shelf, verbena

__all__ = ["FAST", "desk", "logs", "luna", "office", "shelf", "verbena"]

Connect = Callable[[Project, int], Awaitable[StaffGroup]]


@pytest.fixture
def connect(database: Database) -> Connect:
    async def connect(project: Project, chat_id: int) -> StaffGroup:
        """Makes the chat the project's group, as if its manager had done so."""
        async with database.transaction() as connection:
            return await GroupRepository(connection, project.id).connect(
                chat_id, title="Staff", language="ru", connected_by=1, problems=()
            )

    return connect


@pytest.fixture
async def bot(office: Office, luna: Project) -> Bot:
    bot = office.bots(rates=FAST).bot(LUNA)
    assert bot is not None
    return bot


@pytest.fixture
async def group(desk: Desk, luna: Project, connect: Connect) -> StaffGroup:
    """Luna's group, owned by person 1, where the bot may do everything."""
    return await connect(luna, await desk.group(LUNA))


@pytest.fixture
async def stage(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    async with open_stage(stocked_settings, desk) as stage:
        yield stage
