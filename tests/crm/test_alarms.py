"""A danger sign that no staff group can be shown: super-admins hear of each person, and the card comes when it can."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from app.crm.alarms import ALERT_JOB
from app.crm.groups import GroupRepository
from app.kit.ids import new_id
from app.settings import Settings
from app.users.tokens import Principal
from app.worker.jobs import build_registry
from tests.crm.crew import OWNER, SUPER, Crew, opened
from tests.crm.test_cards import draw
from tests.telegram.conftest import Desk

HEADING = "Человеку может быть плохо"


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    settings = stocked_settings.model_copy(update={"alert_language": "ru"})
    async with opened(settings, desk) as crew:
        for slug in ("luna", "verbena"):
            await crew.private("/start", user=SUPER, slug=slug)
        yield crew


async def disconnect(crew: Crew, slug: str = "luna") -> None:
    await crew.value("DELETE FROM staff_groups WHERE project_id = $1", crew.project(slug).id)


async def connect(crew: Crew, slug: str = "luna") -> None:
    async with crew.container.database.transaction() as connection:
        await GroupRepository(connection, crew.project(slug).id).connect(
            crew.groups[slug], title="Staff", language="ru", connected_by=OWNER, problems=()
        )


async def run(crew: Crew, name: str, **payload: Any) -> None:
    await build_registry(crew.container.settings).jobs[name].handler(crew.container, payload)


async def beat(crew: Crew, name: str, *, until: str) -> None:
    """Again and again, as the beat does: a job that has just ended keeps its like out of the queue for a moment."""
    async with asyncio.timeout(15):
        while not await crew.value(until):
            await run(crew, name)
            await asyncio.sleep(0.2)


async def heard(crew: Crew, slug: str = "luna") -> list[str]:
    """What the super-admin has read of it in this bot's chat, the oldest first."""
    messages = await crew.desk.messages(bot=crew.bot_id(slug), person=SUPER)
    return [text for message in messages if (text := message.get("text", "")).startswith("🆘")]


async def rings(crew: Crew, count: int, slug: str = "luna") -> list[str]:
    async with asyncio.timeout(15):
        while len(found := await heard(crew, slug)) < count:
            await asyncio.sleep(0.05)
    assert len(found) == count
    return found


async def sign(crew: Crew, user_id: UUID, slug: str = "luna", **facts: str) -> None:
    """A card that waits to be posted: of words in the chat, else of a reading that was deleted since."""
    async with crew.container.database.transaction() as connection:
        await connection.execute(
            """
            INSERT INTO staff_cards (id, project_id, kind, subject, user_id, facts)
            VALUES ($1, $2, 'safety', $3, $4, $5)
            """,
            new_id(), crew.project(slug).id, str(new_id()), user_id, facts,
        )  # fmt: skip


async def alert(crew: Crew, user_id: UUID, slug: str = "luna") -> None:
    await run(crew, ALERT_JOB, project=crew.project(slug).id, user=str(user_id))


class TestNoGroup:
    async def test_super_admins_hear_at_once_and_the_card_comes_with_the_group(self, crew: Crew) -> None:
        await disconnect(crew)
        user_id = await crew.meet(900, "Вера <b>", username="vera")
        await crew.value("UPDATE users SET consented_at = now() WHERE id = $1", user_id)
        await draw(crew, user_id, question="Я хочу умереть, зачем мне жить? <i>")
        [text] = await rings(crew, 1)
        for part in (HEADING, "Луна", "(luna)", "Я хочу умереть, зачем мне жить? <i>", "Вера <b>", "@vera", "900"):
            assert part in text, part
        assert "/user 900" in text
        assert "staff-link luna" in text
        await alert(crew, user_id)
        await run(crew, "crm.alarms_unheard")
        await rings(crew, 1)
        assert await heard(crew, "verbena") == []
        await connect(crew)
        await crew.value("UPDATE staff_cards SET created_at = now() - interval '1 minute'")
        await beat(crew, "crm.cards_waiting", until="SELECT count(*) = 1 FROM staff_cards WHERE posted_at IS NOT NULL")
        card = await crew.says(HEADING, chat=crew.groups["luna"])
        assert "Я хочу умереть" in card["text"]
        await rings(crew, 1)

    async def test_each_person_is_heard_of_and_his_next_signs_together_after_a_while(self, crew: Crew) -> None:
        await disconnect(crew)
        people = [await crew.meet(number, name) for number, name in ((900, "Вера"), (901, "Пётр"))]
        for user_id in people:
            await sign(crew, user_id, words="Мне <очень> плохо")
            await alert(crew, user_id)
        first, second = await rings(crew, 2)
        assert "Мне <очень> плохо" in first
        assert ("Вера" in first, "Пётр" in second) == (True, True)
        for _ in range(3):
            await sign(crew, people[0])
            await alert(crew, people[0])
        await rings(crew, 2)
        await crew.value("UPDATE staff_cards SET alerted_at = alerted_at - interval '10 minutes'")
        await alert(crew, people[0])
        third = (await rings(crew, 3))[2]
        assert "И ещё 2 сигнала" in third
        assert "удалил" in third
        # He is heard of less and less often, as of everything else.
        await sign(crew, people[0])
        await crew.value("UPDATE staff_cards SET alerted_at = alerted_at - interval '10 minutes'")
        await alert(crew, people[0])
        await rings(crew, 3)

    async def test_what_somebody_took_care_of_is_not_told(self, crew: Crew) -> None:
        await disconnect(crew)
        user_id = await crew.meet(900, "Вера")
        await sign(crew, user_id)
        await crew.value("UPDATE staff_cards SET state = 'cared'")
        await alert(crew, user_id)
        assert await heard(crew) == []

    async def test_the_beat_finds_whom_no_job_told_of(self, crew: Crew) -> None:
        await disconnect(crew, "verbena")
        user_id = await crew.meet(900, "Vera", slug="verbena")
        await sign(crew, user_id, "verbena")
        await run(crew, "crm.alarms_unheard")
        await asyncio.sleep(0.3)
        assert await heard(crew, "verbena") == []
        await crew.value("UPDATE staff_cards SET created_at = now() - interval '1 minute'")
        await run(crew, "crm.alarms_unheard")
        [text] = await rings(crew, 1, "verbena")
        assert "(verbena)" in text
        assert await heard(crew) == []

    async def test_another_bot_tells_whoever_has_not_started_this_one(self, crew: Crew) -> None:
        await disconnect(crew)
        user_id = await crew.meet(900, "Вера")
        await sign(crew, user_id)
        await crew.desk.membership(crew.bot_id(), "kicked", user=SUPER)
        await alert(crew, user_id)
        [text] = await rings(crew, 1, "verbena")
        assert "(luna)" in text

    async def test_as_long_as_nobody_can_be_told_it_is_tried_again(self, crew: Crew) -> None:
        await disconnect(crew)
        user_id = await crew.meet(900, "Вера")
        await sign(crew, user_id)
        await crew.desk.fault(method="sendMessage", status=502, times=2)
        await alert(crew, user_id)
        assert await heard(crew) == []
        assert await crew.value("SELECT alerted_at FROM staff_cards") is None
        await alert(crew, user_id)
        await rings(crew, 1)


class TestGroup:
    async def test_a_group_that_put_the_bot_out(self, crew: Crew) -> None:
        user_id = await crew.meet(900, "Вера")
        await crew.value("UPDATE users SET consented_at = now() WHERE id = $1", user_id)
        await crew.desk.order("bot-rights", chat=crew.groups["luna"], bot=crew.bot_id(), status="kicked")
        await draw(crew, user_id, question="Я хочу умереть, зачем мне жить?")
        [text] = await rings(crew, 1)
        assert "Группа «Staff» не принимает сообщений бота" in text
        assert "Я хочу умереть" in text
        await crew.desk.order("bot-rights", chat=crew.groups["luna"], bot=crew.bot_id(), status="administrator")
        await crew.value("UPDATE staff_cards SET created_at = now() - interval '1 minute'")
        await beat(crew, "crm.cards_waiting", until="SELECT count(*) = 1 FROM staff_cards WHERE posted_at IS NOT NULL")
        await crew.says(HEADING, chat=crew.groups["luna"])

    async def test_a_card_that_was_posted_alerts_nobody(self, crew: Crew) -> None:
        user_id = await crew.meet(900, "Вера")
        await crew.value("UPDATE users SET consented_at = now() WHERE id = $1", user_id)
        await draw(crew, user_id, question="Я хочу умереть, зачем мне жить?")
        await crew.says(HEADING, chat=crew.groups["luna"])
        await alert(crew, user_id)
        await crew.value("UPDATE staff_cards SET created_at = now() - interval '1 minute'")
        await run(crew, "crm.alarms_unheard")
        await asyncio.sleep(0.3)
        assert await heard(crew) == []


class TestErasure:
    async def test_what_was_told_of_somebody_who_left_is_emptied(self, crew: Crew) -> None:
        await disconnect(crew)
        user_id = await crew.meet(900, "Вера")
        await sign(crew, user_id)
        await alert(crew, user_id)
        await rings(crew, 1)
        project = crew.project()
        async with crew.container.database.transaction() as connection:
            await crew.container.users.erase(connection, Principal(user_id, project.id), project=project)
        async with asyncio.timeout(10):
            while await heard(crew):
                await asyncio.sleep(0.05)
        messages = await crew.desk.messages(bot=crew.bot_id(), person=SUPER)
        assert not any("Вера" in message.get("text", "") for message in messages)
