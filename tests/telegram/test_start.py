"""What people read: `/start`, other texts, projects that are off; in Russian and English."""

import asyncio

import pytest

from app.catalogue.library import Project
from app.kit.database import Database
from app.users.init_data import TelegramPerson
from app.users.repository import UserRepository
from tests.telegram.conftest import LUNA, VERBENA, Desk, Office, Shelf, message


async def talk(
    office: Office, desk: Desk, project: Project, text: str, *, language: str = "ru", **settings: object
) -> dict[str, object]:
    """Says something to the project's bot and lets a worker answer; the bot's last message."""
    assert project.bot is not None
    # The language that a person came with is his: another one is another person.
    person = 5 if language == "ru" else 6
    said = await desk.say(project.bot.id, text, user=person, language=language)
    update = {**message(said["update_id"]), "message": said["message"]}
    await office.keep(project, update)
    worker = office.worker(office.bots(**settings))
    await worker.run(project_id=project.id, bot_id=project.bot.id, chat_id=person, update_id=said["update_id"])
    row = await office.row(said["update_id"], project.bot.id)
    assert (row["state"], row["error"]) == ("done", None)
    return (await desk.replies(project.bot.id, person))[-1]


class TestStart:
    @pytest.mark.parametrize(
        ("language", "welcome", "caption"),
        [
            ("ru", "Привет от luna <&>", "🔮 Сделать расклад"),
            ("en", "Hello from luna <&>", "🔮 Start a reading"),
            ("en-GB", "Hello from luna <&>", "🔮 Start a reading"),
            ("de", "Привет от luna <&>", "🔮 Сделать расклад"),
        ],
    )
    async def test_it_welcomes_in_the_persons_language_with_a_button(
        self, office: Office, desk: Desk, luna: Project, language: str, welcome: str, caption: str
    ) -> None:
        reply = await talk(office, desk, luna, "/start", language=language)
        assert reply["text"] == welcome
        first, *others = reply["reply_markup"]["inline_keyboard"]  # type: ignore[index]  # a message as JSON
        assert first == [{"text": caption, "web_app": {"url": "https://tarot.example/luna/"}}]
        actions = [button["callback_data"] for row in others for button in row]
        assert actions == ["menu:reading", "menu:daily", "menu:balance", "menu:help"]

    async def test_a_payload_is_accepted_and_stays_in_the_stored_update(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        reply = await talk(office, desk, luna, "/start friend_77")
        assert reply["text"] == "Привет от luna <&>"
        async with office.database.connection() as connection:
            stored = await connection.fetchval("SELECT payload #>> '{message,text}' FROM telegram_updates")
        assert stored == "/start friend_77"

    async def test_the_language_chosen_in_the_mini_app_wins(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        async with office.database.transaction() as connection:
            await UserRepository(connection, luna.id).see(TelegramPerson(5, "Анна"), language="en")
        assert (await talk(office, desk, luna, "/start", language="ru"))["text"] == "Hello from luna <&>"
        # What he chose in one project says nothing in another.
        assert (await talk(office, desk, verbena, "/start", language="ru"))["text"] == "Привет от verbena <&>"

    async def test_a_newcomer_is_met_once_with_his_free_readings(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, database: Database
    ) -> None:
        shelf.change(luna, free_readings=3)
        for _ in range(2):
            await talk(office, desk, luna, "/start")
        async with database.connection() as connection:
            users = await connection.fetch("SELECT telegram_id, language, consented_at FROM users")
            assert [tuple(row) for row in users] == [(5, "ru", None)]
            assert await connection.fetchval("SELECT balance FROM wallets WHERE unit = 'readings'") == 3

    async def test_who_is_shut_out_is_told_so_once_and_reaches_nothing(
        self, office: Office, desk: Desk, luna: Project, database: Database
    ) -> None:
        await talk(office, desk, luna, "/start")
        async with database.connection() as connection:
            await connection.execute("UPDATE users SET state = 'blocked'")
        first = await talk(office, desk, luna, "/start")
        assert str(first["text"]).startswith("Доступ к этому боту для вас закрыт")
        again = await talk(office, desk, luna, "/start")
        assert again["message_id"] == first["message_id"]

    async def test_a_very_long_welcome_still_fits(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        shelf.change(luna, welcome={"ru": "&" * 9000})
        reply = await talk(office, desk, luna, "/start")
        assert reply["text"] == "&" * 3499 + "…"

    async def test_without_a_welcome_the_name_greets(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project
    ) -> None:
        shelf.change(luna, welcome={})
        assert (await talk(office, desk, luna, "/start"))["text"] == "Имя luna"

    @pytest.mark.parametrize("status", ["off", "draft"])
    async def test_a_project_that_is_not_live_says_so_politely(
        self, office: Office, desk: Desk, shelf: Shelf, luna: Project, status: str
    ) -> None:
        shelf.change(luna, status=status)
        for text in ("/start", "вопрос"):
            reply = await talk(office, desk, luna, text)
            assert str(reply["text"]).startswith("«Имя luna» сейчас отдыхает")
            assert "reply_markup" not in reply
        english = await talk(office, desk, luna, "/start", language="en")
        assert str(english["text"]).startswith("Name luna is resting")


class TestAddress:
    async def test_plain_http_gets_an_ordinary_button(self, office: Office, desk: Desk, luna: Project) -> None:
        reply = await talk(office, desk, luna, "/start", public_url="http://tarot.example:8080", demo=False)
        url = "http://tarot.example:8080/luna/"
        assert reply["reply_markup"]["inline_keyboard"][0] == [{"text": "🔮 Сделать расклад", "url": url}]  # type: ignore[index]  # a message as JSON

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "192.168.1.5", "server.local"])
    async def test_an_address_that_telegram_refuses_stands_in_the_text(
        self, office: Office, desk: Desk, luna: Project, host: str
    ) -> None:
        url = f"http://{host}:8000"
        reply = await talk(office, desk, luna, "/start", public_url=url, demo=False)
        assert str(reply["text"]).endswith(f"Расклады открываются по адресу:\n{url}/luna/")
        assert "web_app" not in str(reply["reply_markup"])
        reply = await talk(office, desk, luna, "hello", language="en", public_url=url, demo=False)
        assert str(reply["text"]).endswith(f"All readings are at:\n{url}/luna/")

    async def test_the_demo_opens_http_inside_telegram(self, office: Office, desk: Desk, luna: Project) -> None:
        reply = await talk(office, desk, luna, "/start", public_url="http://127.0.0.1:8000")
        url = "http://127.0.0.1:8000/luna/"
        button = reply["reply_markup"]["inline_keyboard"][0][0]  # type: ignore[index]  # a message as JSON
        assert button == {"text": "🔮 Сделать расклад", "web_app": {"url": url}}


class TestOtherTexts:
    async def test_a_friendly_answer_with_the_button(self, office: Office, desk: Desk, luna: Project) -> None:
        reply = await talk(office, desk, luna, "Что меня ждёт?")
        assert str(reply["text"]).startswith("Я отвечаю картами")
        assert reply["reply_markup"]["inline_keyboard"][0][0]["web_app"]  # type: ignore[index]  # a message as JSON
        english = await talk(office, desk, luna, "/unknown", language="en")
        assert str(english["text"]).startswith("I answer with cards")

    async def test_nothing_is_said_in_a_group(self, office: Office, desk: Desk, luna: Project) -> None:
        update = message(1, "/start", chat=-100)
        update["message"]["chat"] = {"id": -100, "type": "supergroup", "title": "Group"}
        await office.keep(luna, update)
        await office.worker().run(project_id=luna.id, bot_id=LUNA, chat_id=-100, update_id=1)
        assert (await office.row(1))["state"] == "done"
        assert await desk.calls("sendMessage") == []


class TestDepartures:
    async def departures(self, office: Office) -> list[tuple[int, int, int]]:
        async with office.database.connection() as connection:
            rows = await connection.fetch("SELECT bot_id, chat_id, project_id FROM telegram_departures")
        return [tuple(row) for row in rows]

    async def test_a_bot_that_was_blocked_notes_it_and_the_update_is_done(
        self, office: Office, desk: Desk, luna: Project, verbena: Project
    ) -> None:
        await desk.say(LUNA, "/start")
        await desk.say(VERBENA, "/start")
        await desk.membership(LUNA, "kicked")
        for project in (luna, verbena):
            await office.keep(project, message(1))
            assert project.bot is not None
            await office.worker().run(project_id=project.id, bot_id=project.bot.id, chat_id=5, update_id=1)
        row = await office.row(1)
        assert (row["state"], row["attempts"]) == ("done", 1)
        assert "bot was blocked by the user" in row["error"]
        assert await self.departures(office) == [(LUNA, 5, luna.id)]
        assert len(await desk.replies(VERBENA)) == 1

    async def test_the_membership_update_tells_of_leaving_and_of_coming_back(
        self, office: Office, desk: Desk, luna: Project
    ) -> None:
        await desk.say(LUNA, "/start")
        await desk.membership(LUNA, "kicked")
        await desk.membership(LUNA, "member")
        bots = office.bots()
        bot = bots.bot(LUNA)
        assert bot is not None
        found = [
            update.model_dump(mode="json", by_alias=True, exclude_none=True)
            for update in await bot.get_updates(offset=-2)
        ]
        assert [update["my_chat_member"]["new_chat_member"]["status"] for update in found] == [
            "kicked",
            "member",
        ]
        for update, expected in zip(found, ([(LUNA, 5, luna.id)], []), strict=True):
            await office.keep(luna, update)
            await office.worker(bots).run(project_id=luna.id, bot_id=LUNA, chat_id=5, update_id=update["update_id"])
            assert await self.departures(office) == expected


async def test_two_bots_answer_the_same_person_each_for_itself(
    office: Office, desk: Desk, luna: Project, verbena: Project
) -> None:
    replies = await asyncio.gather(
        talk(office, desk, luna, "/start"), talk(office, desk, verbena, "/start", language="en")
    )
    assert [reply["text"] for reply in replies] == ["Привет от luna <&>", "Hello from verbena <&>"]
    assert [reply["from"]["id"] for reply in replies] == [LUNA, VERBENA]  # type: ignore[index]  # a message as JSON
