"""The figures do not shrink when a reading or a person is deleted, and drafts cost what they cost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from app.crm.statistics import Figures, Period, Series, figures, series
from app.sandbox.model.server import KEY, MODEL, create_app
from app.settings import ModelProfile, Settings
from app.users.tokens import Principal
from tests.conftest import serve
from tests.crm.crew import MEMBER, Crew, opened
from tests.crm.test_cards import draw
from tests.crm.test_drafts import topic_of
from tests.telegram.conftest import Desk


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with serve(create_app(tokens_per_second=0, first_token_seconds=0)) as url:
        profile = ModelProfile(
            base_url=f"{url}/v1", api_key=SecretStr(KEY), model=MODEL, input_price=Decimal(1), output_price=Decimal(2)
        )
        async with opened(stocked_settings.model_copy(update={"model_profiles": {"default": profile}}), desk) as crew:
            yield crew


async def counted(crew: Crew, slug: str = "luna") -> tuple[Figures, Series]:
    project_id, period = crew.project(slug).id, Period.named("month")
    async with crew.container.database.connection() as connection:
        found = await figures(connection, project_ids=[project_id], period=period)
        return found[project_id], await series(connection, project_ids=[project_id], period=period)


async def read(crew: Crew, user_id: UUID) -> UUID:
    await crew.value("UPDATE users SET consented_at = now() WHERE id = $1", user_id)
    reading_id = await draw(crew, user_id, question="Что важно на этой неделе?")
    async with asyncio.timeout(15):
        while not await crew.value("SELECT true FROM readings WHERE id = $1 AND state = 'finished'", reading_id):
            await asyncio.sleep(0.05)
    return reading_id


async def delete(crew: Crew, user_id: UUID, reading_id: UUID) -> None:
    principal = Principal(user_id, crew.project().id)
    async with crew.container.database.transaction() as connection:
        await crew.container.readings.delete(connection, principal, reading_id)


async def test_a_deleted_reading_and_an_erased_person_stay_in_the_figures(crew: Crew) -> None:
    users: list[Any] = [await crew.meet(number, "Анна") for number in (900, 901)]
    readings = [await read(crew, user_id) for user_id in users]
    await crew.value("UPDATE readings SET rating = 'good' WHERE id = $1", readings[0])
    # One was begun days ago and finished today: each counts on its own day.
    await crew.value("UPDATE readings SET created_at = created_at - interval '3 days' WHERE id = $1", readings[0])
    before = await counted(crew)
    assert (before[0].started, before[0].finished, before[0].good) == (2, 2, 1)
    assert before[0].cost_micros > 0
    assert (before[1].started[-4], before[1].started[-1], before[1].finished[-1]) == (1, 1, 2)
    await delete(crew, users[0], readings[0])
    assert await crew.value("SELECT count(*) FROM readings") == 1
    assert await counted(crew) == before
    async with crew.container.database.transaction() as connection:
        principal = Principal(users[1], crew.project().id)
        await crew.container.users.erase(connection, principal, project=crew.project())
    assert await crew.value("SELECT count(*) FROM readings") == 0
    assert await counted(crew) == before
    assert await crew.value("SELECT max(hour) <= now() AND bool_and(hour = date_trunc('hour', hour)) FROM kept_figures")
    assert (await counted(crew, "verbena"))[0] == Figures()


async def test_what_is_out_of_the_period_does_not_count(crew: Crew) -> None:
    user_id = await crew.meet(900, "Анна")
    reading_id = await read(crew, user_id)
    long_ago = timedelta(days=60)
    await crew.value(
        "UPDATE readings SET created_at = created_at - $1::interval, finished_at = finished_at - $1::interval", long_ago
    )
    await crew.value("UPDATE generations SET finished_at = finished_at - $1::interval", long_ago)
    await delete(crew, user_id, reading_id)
    found, bars = await counted(crew)
    assert (found.started, found.finished, found.cost_micros) == (0, 0, 0)
    assert sum(bars.started) + sum(bars.finished) == 0


async def test_a_draft_costs_also_when_nobody_sends_it(crew: Crew) -> None:
    thread = await topic_of(crew, await crew.meet(900, "Вера"))
    assert (await counted(crew))[0].cost_micros == 0
    await crew.command("/draft", user=MEMBER, topic=thread)
    draft = await crew.says("Черновик ответа", chat=crew.groups["luna"])
    cost = (await counted(crew))[0].cost_micros
    assert cost > 0
    await crew.press(draft, "Отбросить", user=MEMBER)
    await crew.value("DELETE FROM answer_drafts")
    assert (await counted(crew))[0].cost_micros == cost
    assert (await counted(crew, "verbena"))[0].cost_micros == 0
