"""What the staff do for a person stands in his inbox: once, as long as it is true, and in nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.crm import mirror
from app.crm.cli_credit import credit
from app.leads import service
from app.locales import Words, texts
from app.notifications.kinds import KINDS
from app.settings import Settings
from tests.crm.crew import MEMBER, OWNER, Crew, opened
from tests.crm.stage import CLIENT, Stage
from tests.crm.stage import OWNER as STAGE_OWNER
from tests.telegram.conftest import Desk


def said(rows: list[Any]) -> list[tuple[str, str]]:
    """(kind, text) as the person reads them, the oldest first."""
    words = Words("ru", "informal")
    return [(row["kind"], KINDS[row["kind"]].render(words, row["values"]).text) for row in rows]


class TestTopic:
    async def rows(self, stage: Stage, user: int = CLIENT, slug: str = "luna") -> list[Any]:
        project = stage.luna if slug == "luna" else stage.verbena
        client = await stage.client(user, project)
        async with stage.container.database.connection() as connection:
            return await connection.fetch(
                "SELECT kind, values, delivery FROM notifications WHERE project_id = $1 AND user_id = $2 ORDER BY id",
                project.id, client.id,
            )  # fmt: skip

    async def talk(self, stage: Stage) -> tuple[int, int]:
        chat = await stage.group()
        await stage.client_says("Есть кто живой?", project=stage.verbena)
        await stage.client_says("Есть кто живой?")
        return chat, await stage.thread(chat)

    async def test_text_media_and_albums_are_one_notice_each_and_nobody_elses(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.client_says("И я", user=6)
        await stage.staff_says(chat, "Да, " + "очень " * 100, topic=topic)
        await stage.staff_says(chat, topic=topic, voice=await stage.upload())
        photo = await stage.upload()
        await stage.staff_says(chat, topic=topic, album=[{"photo": photo}, {"photo": photo, "caption": "Вот они"}])
        await stage.staff_says(chat, "// про себя", topic=topic)
        rows = await self.rows(stage)
        text, voice, album = said(rows)
        assert text[1].startswith("Да, очень")
        assert len(text[1]) <= 300
        assert (voice, album) == (("replies", "Голосовое сообщение"), ("replies", "Вот они"))
        # The chat has them.
        assert {row["delivery"] for row in rows} == {"none"}
        assert await self.rows(stage, 6) == []
        assert await self.rows(stage, slug="verbena") == []
        async with stage.container.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM message_links WHERE says IS NOT NULL") == 0

    async def test_an_edit_is_followed(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        message = await stage.staff_says(chat, "В среду", topic=topic)
        photo = await stage.upload()
        album = await stage.staff_says(chat, topic=topic, album=[{"photo": photo, "caption": "до"}, {"photo": photo}])
        first, second = [one["message_id"] for one in (await stage.in_topic(chat, topic))[-2:]]
        assert album
        place = {"chat": chat, "user": STAGE_OWNER}
        await stage.desk.order("edit", **place, message_id=message["message"]["message_id"], text="В четверг")
        await stage.desk.order("edit", **place, message_id=first, caption="после")
        await stage.settle()
        assert said(await self.rows(stage)) == [("replies", "В четверг"), ("replies", "после")]
        assert second > first

    async def test_what_did_not_arrive_is_not_told(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.desk.fault(method="copyMessage", status=400, description="Bad Request: message can't be copied")
        await stage.staff_says(chat, "игра", topic=topic)
        await stage.desk.fault(method="copyMessage", cut="after")
        await stage.staff_says(chat, "может быть", topic=topic)
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=True)
        await stage.settle()
        await stage.staff_says(chat, "вы тут?", topic=topic)
        assert await self.rows(stage) == []
        async with stage.container.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM message_links WHERE says IS NOT NULL") == 0

    async def test_a_lane_that_is_carried_again_tells_nothing_again(self, stage: Stage) -> None:
        chat, topic = await self.talk(stage)
        await stage.desk.fault(method="copyMessage", status=502, times=1)
        await stage.staff_says(chat, "Да!", topic=topic)
        lane = {"project": stage.luna.id, "bot": stage.bot_id(), "chat": CLIENT, "direction": "out"}
        await stage.job("crm.sweep")
        for _ in range(2):
            await stage.job(mirror.JOB, **lane)
        assert said(await self.rows(stage)) == [("replies", "Да!")]


@pytest.fixture
async def crew(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    async with opened(stocked_settings, desk) as crew:
        yield crew


class TestActs:
    async def rows(self, crew: Crew, count: int, user: int = 900, slug: str = "luna") -> list[Any]:
        """Once there are so many."""
        async with asyncio.timeout(10):
            while True:
                async with crew.container.database.connection() as connection:
                    found: list[Any] = await connection.fetch(
                        """
                        SELECT n.kind, n.values, n.delivery FROM notifications n
                        JOIN users u ON u.project_id = n.project_id AND u.id = n.user_id
                        WHERE u.project_id = $1 AND u.telegram_id = $2 ORDER BY n.id
                        """,
                        crew.project(slug).id, user,
                    )  # fmt: skip
                if len(found) >= count:
                    assert len(found) == count
                    return found
                await asyncio.sleep(0.05)

    async def test_a_gift_a_block_and_its_end(self, crew: Crew) -> None:
        await crew.meet(900, "Анна")
        await crew.meet(900, "Anna", slug="verbena")
        await crew.command("/credit 900 3 readings за терпение")
        await crew.command("/block 900 спам")
        await crew.command("/unblock 900")
        # The same updates worked on again tell nothing twice.
        async with crew.container.database.transaction() as connection:
            await connection.execute(
                "UPDATE telegram_updates SET state = 'pending', done_at = NULL, reply = NULL, next_attempt_at = now()"
                " WHERE payload #>> '{message,text}' LIKE '/credit 900 3%'"
            )
        async with asyncio.timeout(10):
            while await crew.value("SELECT true FROM telegram_updates WHERE state = 'pending' LIMIT 1"):
                await asyncio.sleep(0.05)
        rows = await self.rows(crew, 3)
        assert [row["values"]["event"] for row in rows] == ["credited", "blocked", "unblocked"]
        assert said(rows)[0] == ("account", "На твоём счёте прибавилось 3 расклада.")
        # Each was said in the chat, and the reason stays with the staff.
        assert {row["delivery"] for row in rows} == {"none"}
        assert "терпение" not in str(rows) and "спам" not in str(rows)
        await self.rows(crew, 0, slug="verbena")

    async def test_a_gift_of_the_operator_is_told_by_the_bot_once(self, crew: Crew) -> None:
        await crew.meet(900, "Анна")
        await crew.value(
            "INSERT INTO notification_settings (project_id, user_id) SELECT project_id, id FROM users"
            " WHERE telegram_id = 900"
        )
        for _ in range(2):
            await credit(
                crew.container.settings,
                slug="luna", telegram_id=900, amount=2, unit="readings", reason="за ожидание", key="one",
            )  # fmt: skip
        await self.rows(crew, 1)
        arrived = await crew.says("прибавилось 2 расклада", bot=crew.bot_id(), person=900)
        assert "за ожидание" not in arrived["text"]

    async def test_a_request_that_is_taken_and_done(self, crew: Crew) -> None:
        user_id = await crew.meet(900, "Анна")
        request = service.Request("Анна", "+79261234567", "Хочу встречу")
        async with crew.container.database.transaction() as connection:
            await service.submit(
                connection, project_id=crew.project().id, user_id=user_id, request=request, source="app"
            )
        card = await crew.says("Заявка", chat=crew.groups["luna"])
        for caption in ("button.card_take", "button.card_done"):
            await crew.press(card, texts("ru")[caption], user=MEMBER)
        taken, done = await self.rows(crew, 2)
        assert [taken["values"]["event"], done["values"]["event"]] == ["lead_taken", "lead_done"]
        assert (taken["delivery"] != "none", done["delivery"]) == (True, "none")

    async def test_what_is_sent_from_a_card_or_a_template(self, crew: Crew) -> None:
        user_id = await crew.meet(900, "Вера")
        request = service.Request("Вера", "+79261234567", "Хочу встречу")
        async with crew.container.database.transaction() as connection:
            await service.submit(
                connection, project_id=crew.project().id, user_id=user_id, request=request, source="app"
            )
        card = await crew.says("Заявка", chat=crew.groups["luna"])
        await crew.command("Завтра в десять?", user=OWNER, topic=card["message_thread_id"], reply_to=card["message_id"])
        await crew.command("/templates add цены {name}, цены в приложении")
        await crew.desk.write(crew.groups["luna"], "/t цены", user=MEMBER, topic=await crew.thread("Вера"))
        rows = await self.rows(crew, 2)
        assert said(rows) == [("replies", "Завтра в десять?"), ("replies", "Вера, цены в приложении")]
        assert {row["delivery"] for row in rows} == {"none"}
