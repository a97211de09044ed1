"""A client's card: pinned in his topic, and true; and what is left when he erases himself."""

from typing import Any

import pytest
from aiogram.methods import SendMessage, SendPhoto
from aiogram.types import BufferedInputFile

from app.crm.writing import write_to_client
from app.kit.clock import utc_now
from app.telegram.departures import DepartureRepository
from app.users.tokens import Principal
from app.wallet.service import wallet
from tests.crm.stage import CLIENT, OWNER, PICTURE, Stage
from tests.midnight import stay_clear_of_midnight


async def card(stage: Stage, chat: int) -> dict[str, Any]:
    messages = await stage.desk.messages(chat=chat, topic=await stage.thread(chat))
    (pinned,) = [one for one in messages if one["pinned"] and not one["deleted"]]
    return pinned


async def make_due(stage: Stage) -> int:
    """How many cards were waiting for their thirty seconds; they are over now."""
    async with stage.container.database.connection() as connection:
        due: int = await connection.fetchval("SELECT count(*) FROM staff_topics WHERE card_due_at IS NOT NULL")
    await stage.execute("UPDATE staff_topics SET card_due_at = now() WHERE card_due_at IS NOT NULL")
    await stage.job("crm.due_cards")
    return due


class TestCard:
    @pytest.mark.parametrize(
        ("language", "lines"),
        [
            (
                "ru",
                ["👤 Анна @anna5", "id 5 · язык: ru", "Откуда: autumn", "Раскладов ещё не было", "На балансе: 5"],
            ),
            ("en", ["👤 Анна @anna5", "id 5 · language: ru", "Came from: autumn", "No readings yet", "Balance: 5"]),
        ],
    )
    async def test_it_is_pinned_before_the_first_message(self, stage: Stage, language: str, lines: list[str]) -> None:
        await stay_clear_of_midnight()
        chat = await stage.group(language=language)
        await stage.client_says("/start autumn")
        await stage.client_says("ау")
        shown = await card(stage, chat)
        for line in lines:
            assert line in shown["text"]
        today = utc_now().strftime("%d.%m.%Y" if language == "ru" else "%d %b %Y")
        assert shown["text"].count(today) == 2
        (question,) = await stage.in_topic(chat)
        assert shown["message_id"] < question["message_id"]

    async def test_it_follows_names_balance_readings_and_state_with_one_edit(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        first = await card(stage, chat)
        client = await stage.client()
        async with stage.container.database.transaction() as connection:
            await wallet.credit(
                connection, project_id=stage.luna.id, user_id=client.id, unit="readings", amount=7, kind="gift",
                key="gift:1",
            )  # fmt: skip
            await connection.execute("UPDATE users SET state = 'blocked', first_name = 'Нюра' WHERE id = $1", client.id)
        before = len(await stage.desk.calls("editMessageText"))
        assert await make_due(stage) == 1
        shown = await card(stage, chat)
        assert shown["message_id"] == first["message_id"]
        for line in ("👤 Нюра", "На балансе: 12", "🚫 Заблокирован вами"):
            assert line in shown["text"]
        assert len(await stage.desk.calls("editMessageText")) == before + 1
        assert [topic["name"] for topic in await stage.desk.topics(chat)] == ["Нюра @anna5"]

    async def test_nothing_new_is_not_sent(self, stage: Stage) -> None:
        await stage.group()
        await stage.client_says("ау")
        await stage.client_says("ау")
        before = await stage.desk.calls("editMessageText")
        assert await make_due(stage) == 1
        assert await stage.desk.calls("editMessageText") == before

    async def test_it_shows_that_he_left_and_came_back(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=True)
        await stage.settle()
        await make_due(stage)
        assert "💔 Остановил бота" in (await card(stage, chat))["text"]
        await stage.desk.order("block", bot=stage.bot_id(), user=CLIENT, blocked=False)
        await stage.settle()
        await make_due(stage)
        assert "💔" not in (await card(stage, chat))["text"]

    async def test_one_that_was_deleted_is_written_anew(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        first = await card(stage, chat)
        await stage.desk.order("delete", chat=chat, user=OWNER, message_id=first["message_id"])
        await stage.execute("UPDATE users SET first_name = 'Нюра'")
        await make_due(stage)
        assert (await card(stage, chat))["message_id"] > first["message_id"]

    async def test_a_topic_that_was_deleted_stays_away_until_there_is_something_to_say(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        await stage.desk.order("topics/delete", chat=chat, user=OWNER, topic=await stage.thread(chat))
        await stage.execute("UPDATE users SET first_name = 'Нюра'")
        await make_due(stage)
        assert [topic["deleted"] for topic in await stage.desk.topics(chat)] == [True]

    async def test_without_a_topic_nothing_is_due(self, stage: Stage) -> None:
        await stage.group()
        await stage.client_says("/start")
        async with stage.container.database.transaction() as connection:
            await DepartureRepository(connection, stage.luna.id).add(stage.bot_id(), CLIENT, reason="test")
        assert await make_due(stage) == 0


class TestErasure:
    async def test_name_card_and_links_go_and_the_topic_is_closed(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("моя тайна", user=5)
        await stage.client_says("ау", user=6)
        topic = await stage.thread(chat, 0)
        client = await stage.client(5)
        async with stage.container.database.transaction() as connection:
            await stage.container.users.erase(connection, Principal(client.id, stage.luna.id), project=stage.luna)
        await stage.settle()
        mine, others = await stage.desk.topics(chat)
        assert (mine["name"], mine["closed"]) == ("Удалённый клиент", True)
        assert (others["name"], others["closed"]) == ("Анна @anna6", False)
        told = [one["text"] for one in await stage.desk.messages(chat=chat, topic=topic) if "text" in one]
        assert told[0] == "Клиент удалил свои данные."
        assert told[-1].startswith("Клиент удалил свои данные. Ответить ему больше нельзя.")
        assert await stage.links() == [("in", "sent")]
        async with stage.container.database.connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM staff_topics") == 1
        # Nothing that the staff write there goes anywhere.
        await stage.staff_says(chat, "вы тут?", topic=topic)
        assert await stage.links() == [("in", "sent")]

    async def test_whoever_comes_back_is_a_new_client(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("моя тайна")
        client = await stage.client()
        async with stage.container.database.transaction() as connection:
            await stage.container.users.erase(connection, Principal(client.id, stage.luna.id), project=stage.luna)
        await stage.settle()
        await stage.client_says("снова я")
        assert [topic["name"] for topic in await stage.desk.topics(chat)] == ["Удалённый клиент", "Анна @anna5"]
        assert [one["text"] for one in await stage.in_topic(chat)] == ["снова я"]


class TestTwoProjects:
    async def test_neither_sees_the_other(self, stage: Stage) -> None:
        """The same person writes to both; the staff of each is in its own group."""
        luna = await stage.group()
        verbena = await stage.group(stage.verbena, owner=2)
        await stage.desk.member(verbena, OWNER)
        await stage.client_says("для Луны")
        await stage.client_says("для Вербены", project=stage.verbena)
        assert [one["text"] for one in await stage.in_topic(luna)] == ["для Луны"]
        assert [one["text"] for one in await stage.in_topic(verbena)] == ["для Вербены"]
        await stage.staff_says(verbena, "от Вербены", topic=await stage.thread(verbena), user=2)
        assert all(one["text"] != "от Вербены" for one in await stage.with_client())
        assert (await stage.with_client(project=stage.verbena))[-1]["text"] == "от Вербены"

    async def test_a_bot_that_sits_in_the_others_group_carries_nothing(self, stage: Stage) -> None:
        verbena = await stage.group(stage.verbena, owner=2)
        await stage.desk.member(verbena, OWNER)
        await stage.group()
        # Luna's bot was let into Verbena's group, and hears all of it.
        await stage.desk.order("bot-rights", chat=verbena, bot=stage.bot_id(), status="administrator")
        await stage.client_says("для Луны")
        await stage.client_says("для Вербены", project=stage.verbena)
        before = len(await stage.desk.calls("copyMessage", stage.bot_id()))
        await stage.staff_says(verbena, "ответ", topic=await stage.thread(verbena), user=2)
        assert len(await stage.desk.calls("copyMessage", stage.bot_id())) == before
        assert (await stage.with_client(project=stage.verbena))[-1]["text"] == "ответ"


class TestWriting:
    async def test_what_the_bot_writes_is_shown_to_the_staff_and_belongs_together(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        bot = stage.container.bots.bot(stage.bot_id())
        assert bot is not None
        written = await write_to_client(
            stage.container.database,
            bot=bot,
            project=stage.luna,
            user=await stage.client(),
            make=lambda chat_id: SendMessage(chat_id=chat_id, text="<b>Готово</b>"),
            heading="📤 Ольга:",
        )
        assert written.outcome == "sent"
        assert (await stage.with_client())[-1]["text"] == "Готово"
        shown = (await stage.in_topic(chat))[-1]
        assert shown["text"] == "📤 Ольга:\nГотово"
        assert written.message is not None
        await stage.client_says("спасибо", reply_to=written.message.message_id)
        assert (await stage.in_topic(chat))[-1]["reply_to_message"]["message_id"] == shown["message_id"]

    async def test_a_picture_is_shown_under_its_heading(self, stage: Stage) -> None:
        chat = await stage.group()
        await stage.client_says("ау")
        bot = stage.container.bots.bot(stage.bot_id())
        assert bot is not None
        written = await write_to_client(
            stage.container.database,
            bot=bot,
            project=stage.luna,
            user=await stage.client(),
            make=lambda chat_id: SendPhoto(chat_id=chat_id, photo=BufferedInputFile(PICTURE, "card.jpg")),
        )
        assert written.outcome == "sent"
        _, heading, picture = await stage.in_topic(chat)
        assert heading["text"] == "📤 Отправлено клиенту от имени бота:"
        assert "photo" in picture

    @pytest.mark.parametrize(
        ("fault", "outcome"),
        [
            ({"status": 403}, "gone"),
            ({"status": 400, "description": "Bad Request: chat not found"}, "refused"),
            ({"cut": "after"}, "uncertain"),
        ],
    )
    async def test_what_becomes_of_it_is_said(self, stage: Stage, fault: dict[str, Any], outcome: str) -> None:
        await stage.client_says("/start")
        bot = stage.container.bots.bot(stage.bot_id())
        assert bot is not None
        client = await stage.client()

        async def write() -> str:
            written = await write_to_client(
                stage.container.database,
                bot=bot,
                project=stage.luna,
                user=client,
                make=lambda chat_id: SendMessage(chat_id=chat_id, text="слово"),
            )
            return written.outcome

        await stage.desk.fault(method="sendMessage", **fault)
        assert await write() == outcome
        await stage.execute("UPDATE users SET state = 'blocked'")
        assert await write() == "blocked"
