"""A reading inside the chat: consent, spread, question, draw by buttons, the text, what follows; and the daily card."""

import asyncio
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.readings.daily import card_of_the_day
from app.telegram.updates import inspect, keep
from app.users.repository import UserRepository
from tests.conftest import Person
from tests.factories import set_balances
from tests.midnight import stay_clear_of_midnight
from tests.telegram.stage import Message, Stage, Talk, buttons, captions


async def consented(stage: Stage, *, slug: str = "luna", user: int = 5, language: str = "ru", **changes: Any) -> Talk:
    """A person who has agreed to the notice, and talks with the bot."""
    talk = stage.talk(slug, user=user, language=language)
    await talk.say("/start")
    body = {"consent": True, "address": "formal", "language": language, **changes}
    await (await stage.api.sign_in(slug, telegram_id=user, consent=False)).patch("/api/v1/me", json=body)
    return talk


async def signed_in(stage: Stage, *, slug: str = "luna", user: int = 5) -> Person:
    return await stage.api.sign_in(slug, telegram_id=user, consent=False)


async def to_fan(talk: Talk, spread: str, *, question: str | None = None) -> Message:
    """From `/reading` to the shuffled deck."""
    page = await talk.say("/reading")
    assert (await talk.press(page, spread))["answered"]
    skip = "Без вопроса" if talk.language == "ru" else "No question"
    async_page = await talk.becomes(page, "вопрос одним сообщением" if talk.language == "ru" else "one message")
    if question is not None:
        return await talk.say(question)
    assert (await talk.press(async_page, skip))["answered"]
    return await talk.becomes(page, "Печать:" if talk.language == "ru" else "The seal:")


async def finished(talk: Talk, *, count: int = 2) -> list[Message]:
    """The picture of the cards and the interpretation."""
    return await talk.next(count=count, wait=25)


async def whole_reading(stage: Stage, talk: Talk, spread: str = "Прошлое", **options: Any) -> tuple[Message, Message]:
    fan = await to_fan(talk, spread, **options)
    chance = "Вытян" if talk.language == "ru" else "Draw for me"
    assert (await talk.press(fan, chance))["answered"]
    photo, text = await finished(talk)
    await stage.idle()
    return photo, text


class TestConsent:
    async def test_nothing_begins_without_it(self, stage: Stage) -> None:
        talk = stage.talk()
        page = await talk.say("/reading")
        assert "18 лет" in page["text"]
        assert "искусственный интеллект" in page["text"]
        # The project's own notice stands below.
        assert page["text"].endswith(stage.projects["luna"].notice["ru"])  # type: ignore[index]  # luna has a notice
        assert captions(page) == [
            "✓ На «ты»", "На «вы»", "Она", "Он", "✓ Не уточнять", "Мне есть 18, принимаю", "📜 Условия", "🔒 О данных",
        ]  # fmt: skip
        assert (await talk.press(page, "На «вы»"))["answered"]
        assert await stage.value("SELECT address FROM users") == "formal"
        assert (await talk.press(page, "принимаю"))["text"] == "Спасибо!"
        chosen = await talk.becomes(page, "Какой сделаем расклад?")
        assert captions(chosen)[:2] == ["Карта дня · 🔮 1", "Прошлое, настоящее, будущее · 🔮 1"]
        assert await stage.value("SELECT consented_at IS NOT NULL FROM users")

    async def test_in_english_forms_of_address_do_not_matter(self, stage: Stage) -> None:
        page = await stage.talk(language="en").say("/reading")
        assert "18 or older" in page["text"]
        assert captions(page)[0] == "I am 18 or older and agree"


class TestDraw:
    async def test_picked_by_numbers(self, stage: Stage) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое", question="Что с работой?")
        seal = re.search(r"[0-9a-f]{64}", fan["text"])
        assert seal is not None
        assert "Что с работой?" in fan["text"]
        assert "Карта 1 из 3: Прошлое" in fan["text"]
        assert "Выберите номер" in fan["text"]
        assert await talk.press(fan, "43–78")
        await talk.becomes(fan, "Карта 1 из 3")
        for caption, then in (("77", "Карта 2 из 3"), ("50", "Карта 3 из 3")):
            assert (await talk.press(fan, caption))["answered"]
            await talk.becomes(fan, then)
        assert captions(await talk.get(fan)).count("✦") == 2
        # A card that is taken already is passed over.
        await talk.press(fan, "✦")
        assert "Карта 3 из 3" in (await talk.get(fan))["text"]
        await talk.press(fan, "43")
        await talk.becomes(fan, "места в веере — 77, 50, 43")
        photo, text = await finished(talk)
        assert await stage.value("SELECT picks FROM readings") == [76, 49, 42]
        assert photo["photo"]
        assert photo["caption"].startswith("Прошлое, настоящее, будущее\n\n1. Прошлое: ")
        assert text["text"].startswith("Прошлое, настоящее, будущее\nЧто с работой?")
        assert captions(text) == [
            "💬 Уточнить (2 в подарок)", "👍 Отозвалось", "👎 Не то", "🔮 Открыть в приложении", "🔐 Честность",
        ]  # fmt: skip
        stored = await stage.value("SELECT commitment FROM readings")
        assert stored == seal[0]
        assert await stage.value("SELECT state FROM reading_chats") == "sent"

    async def test_by_chance_and_without_a_question_in_english(self, stage: Stage) -> None:
        talk = await consented(stage, language="en")
        fan = await to_fan(talk, "Yes or No")
        # Major arcana only: one page, one card.
        assert captions(fan)[:22] == [str(number) for number in range(1, 23)]
        assert "Card 1 of" not in fan["text"]
        assert (await talk.press(fan, "Draw for me"))["answered"]
        photo, text = await finished(talk)
        assert photo["photo"][-1]["height"] > photo["photo"][-1]["width"]
        assert text["text"].startswith("Yes or No")
        assert captions(text)[0] == "💬 Ask more (2 free)"
        assert len(await stage.value("SELECT picks FROM readings")) == 1

    async def test_pressed_twice_one_reading_is_begun(self, stage: Stage) -> None:
        talk = await consented(stage)
        page = await talk.say("/reading")
        await talk.press(page, "Прошлое")
        page = await talk.becomes(page, "одним сообщением")
        data = next(button["callback_data"] for button in buttons(page) if button["text"] == "Без вопроса")
        for _ in range(2):
            await stage.desk.client.post(
                "/sandbox/press",
                json={"user": 5, "bot": talk.bot_id, "message_id": page["message_id"], "data": data},
                timeout=15,
            )
        await stage.idle()
        assert await stage.value("SELECT count(*) FROM readings") == 1
        assert await stage.value("SELECT held FROM wallets WHERE unit = 'readings'") == 1

    async def test_too_long_a_question_can_be_said_again(self, stage: Stage) -> None:
        talk = await consented(stage)
        page = await talk.say("/reading")
        await talk.press(page, "Прошлое")
        await talk.becomes(page, "одним сообщением")
        assert "501 знаков" in (await talk.say("ы" * 501))["text"]
        assert "Печать:" in (await talk.say("Короче?"))["text"]

    async def test_the_way_back_expects_no_question(self, stage: Stage) -> None:
        talk = await consented(stage)
        page = await talk.say("/reading")
        await talk.press(page, "Прошлое")
        await talk.becomes(page, "одним сообщением")
        await talk.press(page, "К раскладам")
        await talk.becomes(page, "Какой сделаем расклад?")
        assert (await talk.say("Что с работой?"))["text"].startswith("Я отвечаю картами")
        # A command ends it too.
        await talk.press(page, "Прошлое")
        await talk.becomes(page, "одним сообщением")
        await talk.say("/balance")
        assert (await talk.say("Что с работой?"))["text"].startswith("Я отвечаю картами")
        assert await stage.value("SELECT count(*) FROM readings") == 0

    async def test_an_empty_wallet_is_told_kindly(self, stage: Stage) -> None:
        talk = await consented(stage)
        async with stage.api.database.transaction() as connection:
            await set_balances(connection, balance=2)
        page = await talk.say("/reading")
        await talk.press(page, "Кельтский крест")
        empty = await talk.becomes(page, "Раскладов не хватает")
        assert "нужно 3, а на балансе — 2" in empty["text"]
        assert captions(empty)[:2] == ["🛍 Магазин", "✨ Пакеты раскладов"]
        assert await stage.value("SELECT count(*) FROM readings") == 0

    async def test_only_the_projects_own_spreads(self, stage: Stage) -> None:
        talk = await consented(stage, slug="verbena")
        page = await talk.say("/reading")
        assert "Кельтский" not in str(captions(page))


class TestTakingUp:
    async def test_begun_in_the_app_drawn_in_the_chat(self, stage: Stage) -> None:
        talk = await consented(stage)
        started = await (await signed_in(stage)).start("three-cards", question="Из приложения?")
        page = await talk.say("/reading")
        assert page["text"].startswith("Один расклад ещё не закончен")
        assert (await talk.press(page, "Продолжить"))["answered"]
        fan = await talk.becomes(page, "Из приложения?")
        assert started.json()["commitment"] in fan["text"]
        await talk.press(fan, "Вытяните за меня")
        _, text = await finished(talk)
        assert "Из приложения?" in text["text"]

    async def test_begun_in_the_chat_drawn_in_the_app(self, stage: Stage) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        person = await signed_in(stage)
        waiting = (await person.get("/api/v1/me")).json()["unfinished_reading"]
        drawn = await person.post(f"/api/v1/readings/{waiting}/draw", json={"picks": [4, 5, 6]})
        assert drawn.status_code == 200
        await talk.press(fan, "Вытяните за меня")
        await talk.becomes(fan, "места в веере — 5, 6, 7")
        assert await stage.value("SELECT picks FROM readings") == [4, 5, 6]

    async def test_one_that_expired(self, stage: Stage) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        await stage.value("UPDATE readings SET expires_at = now() RETURNING true")
        await talk.press(fan, "Вытяните за меня")
        await talk.becomes(fan, "Время на выбор карт вышло")

    async def test_a_foreign_reading_cannot_be_drawn(self, stage: Stage) -> None:
        talk = await consented(stage)
        fan = await to_fan(talk, "Прошлое")
        data = next(button["callback_data"] for button in buttons(fan) if "Вытян" in button["text"])
        stranger = await consented(stage, user=6)
        # A forged press: his own message, somebody else's reading.
        own = await stranger.say("/reading")
        update = {
            "update_id": 900_000_000,
            "callback_query": {
                "id": "1", "from": {"id": 6, "is_bot": False, "first_name": "Чужой"}, "chat_instance": "1",
                "data": data,
                "message": {**own, "from": own["from"]},
            },
        }  # fmt: skip
        await self._keep(stage, stranger, update)
        await stranger.becomes(own, "Время на выбор карт вышло")
        assert await stage.value("SELECT state FROM readings") == "awaiting_draw"

    async def _keep(self, stage: Stage, talk: Talk, update: dict[str, Any]) -> None:
        async with stage.database.transaction() as connection:
            await keep(
                connection,
                project_id=talk.project.id,
                bot_id=talk.bot_id,
                incoming=inspect(json.loads(json.dumps(update))),
                transport="webhook",
            )


class TestAfterwards:
    async def test_a_rating_is_one_tap(self, stage: Stage) -> None:
        talk = await consented(stage)
        _, text = await whole_reading(stage, talk)
        assert (await talk.press(text, "Не то"))["text"] == "Спасибо за честность. Мы это учтём."
        await stage.idle()
        assert "✓ 👎 Не то" in captions(await talk.get(text))
        assert await stage.value("SELECT rating FROM readings") == "bad"
        await talk.press(text, "Отозвалось")
        await stage.idle()
        assert await stage.value("SELECT rating FROM readings") == "good"

    async def test_a_follow_up_free_first_then_from_the_wallet(self, stage: Stage) -> None:
        talk = await consented(stage)
        _, text = await whole_reading(stage, talk)
        for number, left in ((1, "осталось 2 вопроса"), (2, "остался 1 вопрос")):
            await talk.press(text, "Уточнить")
            (asked,) = await talk.next()
            assert left in asked["text"]
            await talk.tell(f"А если подождать {number}?")
            (answer,) = await talk.next(wait=25)
            assert answer["text"].startswith(f"А если подождать {number}?")
            assert len(answer["text"]) > 100
        await talk.press(text, "Уточнить")
        (none_left,) = await talk.next()
        assert none_left["text"].startswith("Уточняющие вопросы к этому раскладу закончились")
        # The last answer has buttons of its own.
        assert (await talk.press(answer, "Отозвалось"))["answered"]
        await stage.idle()
        assert await stage.value("SELECT rating FROM reading_questions WHERE number = 2") == "good"
        assert await stage.value("SELECT rating FROM readings") is None

    async def test_thinking_better_of_it(self, stage: Stage) -> None:
        talk = await consented(stage)
        _, text = await whole_reading(stage, talk)
        await talk.press(text, "Уточнить")
        (asked,) = await talk.next()
        assert (await talk.press(asked, "Не спрашивать"))["text"] == "Хорошо"
        await stage.idle()
        assert asked["message_id"] not in [message["message_id"] for message in await talk.all()]
        assert (await talk.say("Что?"))["text"].startswith("Я отвечаю картами")

    async def test_the_proof_recomputes(self, stage: Stage) -> None:
        talk = await consented(stage)
        _, text = await whole_reading(stage, talk)
        await talk.press(text, "Честность")
        (shown,) = await talk.next()
        row = await stage.value("SELECT encode(seed, 'hex') || ' ' || commitment FROM readings")
        seed, commitment = row.split()
        assert seed in shown["text"]
        assert commitment in shown["text"]
        assert buttons(shown)[0]["web_app"]["url"].endswith("/proof")


class TestSend:
    async def test_a_finished_reading_goes_into_the_chat_once(self, stage: Stage) -> None:
        talk = await consented(stage)
        person = await signed_in(stage)
        started = (await person.start("three-cards", question="Отправь меня")).json()
        path = f"/api/v1/readings/{started['id']}"
        early = await person.post(f"{path}/send")
        assert (early.status_code, early.json()["error"]) == (409, "reading_not_finished")
        await person.post(f"{path}/draw", json={"picks": [0, 1, 2]})
        await self._until_finished(person, path)
        for _ in range(3):
            assert (await person.post(f"{path}/send")).status_code == 204
        photo, text = await finished(talk)
        assert photo["photo"]
        assert "Отправь меня" in text["text"]
        await stage.idle()
        assert (await person.post(f"{path}/send")).status_code == 204
        assert await stage.value("SELECT count(*) FROM reading_chats") == 1

    async def test_a_bot_that_was_blocked_says_so(self, stage: Stage) -> None:
        talk = await consented(stage)
        person = await signed_in(stage)
        started = (await person.start("three-cards")).json()
        path = f"/api/v1/readings/{started['id']}"
        await person.post(f"{path}/draw", json={"picks": [0, 1, 2]})
        await self._until_finished(person, path)
        await stage.desk.membership(talk.bot_id, "kicked")
        async with asyncio.timeout(10):
            while not await stage.value("SELECT count(*) FROM telegram_departures"):
                await asyncio.sleep(0.05)
        refused = await person.post(f"{path}/send")
        assert (refused.status_code, refused.json()["error"]) == (409, "chat_closed")

    async def _until_finished(self, person: Person, path: str) -> None:
        async with asyncio.timeout(20):
            while (await person.get(path)).json()["state"] != "finished":
                await asyncio.sleep(0.1)


class TestDaily:
    @pytest.fixture(autouse=True)
    async def one_day(self) -> None:
        await stay_clear_of_midnight()

    async def test_the_same_card_all_day_uploaded_once(self, stage: Stage) -> None:
        talk = stage.talk()
        first = await talk.say("/daily")
        await stage.idle()
        second = await talk.say("/daily")
        await stage.idle()
        assert first["photo"][-1]["file_unique_id"] == second["photo"][-1]["file_unique_id"]
        assert first["caption"] == second["caption"]
        assert first["caption"].startswith("☀️ Карта дня: ")
        assert first["caption"].endswith("Эта карта с вами до полуночи. Завтра придёт новая.")
        assert await stage.value("SELECT count(*) FROM daily_cards") == 1
        assert await stage.value("SELECT count(*) FROM telegram_files") == 1
        assert await stage.value("SELECT balance FROM wallets WHERE unit = 'readings'") == 5

    async def test_in_english_by_the_menus_button(self, stage: Stage) -> None:
        talk = stage.talk(language="en")
        welcome = await talk.say("/start")
        assert (await talk.press(welcome, "Card of the day"))["answered"]
        (card,) = await talk.next()
        assert card["caption"].startswith("☀️ Card of the day: ")
        name = await stage.value("SELECT copies -> 'en' ->> 'name' FROM daily_cards")
        assert name in card["caption"]

    async def test_a_file_that_telegram_forgot_is_uploaded_again(self, stage: Stage) -> None:
        talk = stage.talk()
        await talk.say("/daily")
        await stage.idle()
        await stage.value("UPDATE telegram_files SET file_id = 'AgADforgotten' RETURNING true")
        assert (await talk.say("/daily"))["photo"]
        await stage.idle()
        assert await stage.value("SELECT file_id <> 'AgADforgotten' FROM telegram_files")

    async def test_each_project_has_its_own(self, stage: Stage) -> None:
        await stage.talk().say("/daily")
        await stage.talk("verbena").say("/daily")
        assert await stage.value("SELECT count(DISTINCT project_id) FROM daily_cards") == 2


@pytest.mark.parametrize(
    ("zone", "day"), [("UTC", "2026-03-01"), ("Asia/Tokyo", "2026-03-02"), ("America/New_York", "2026-03-01")]
)
async def test_today_is_the_persons_own(stage: Stage, zone: str, day: str) -> None:
    await stage.talk().say("/start")
    await stage.value("UPDATE users SET timezone = $1 RETURNING true", zone)
    project = stage.projects["luna"]
    async with stage.database.transaction() as connection:
        user = await UserRepository(connection, project.id).by_telegram_id(5)
        assert user is not None
        late = datetime(2026, 3, 1, 16, tzinfo=UTC)
        card = await card_of_the_day(connection, project, user, now=late)
        assert card.day.isoformat() == day
        assert await card_of_the_day(connection, project, user, now=late) == card
