"""Broadcasts from the staff group, over real servers: a manager writes and presses, a worker sends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from app.bots import routers
from app.broadcasts.sending import Broadcaster
from app.catalogue.library import Project
from app.crm.groups import GroupRepository
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.limiter import Rate, Rates
from app.telegram.onboarding import Onboarding
from app.telegram.registry import BotRegistry
from app.worker.beat import Scheduler
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.jobs import build_registry
from app.worker.runner import work
from tests.conftest import open_api
from tests.telegram.conftest import Desk
from tests.weather import until

# Telegram's limits make a group wait for seconds; their keeping has tests of its own.
FAST = Rates(bot=Rate(10_000, 1.0, 1000), chat=Rate(10_000, 1.0, 1000), group=Rate(10_000, 1.0, 1000))
MANAGER, MEMBER = 31, 33
READERS = range(700, 706)


@dataclass
class Room:
    """Luna's staff group with its topic of broadcasts."""

    desk: Desk
    container: WorkerContainer
    project: Project
    bot_id: int
    chat: int

    async def topic(self) -> int | None:
        for topic in await self.desk.topics(self.chat, person=MANAGER):
            if topic["name"] == "Рассылки":
                return int(topic["message_thread_id"])
        return None

    async def panel(self, words: str, *, but_not: str = "\n\n\n", seconds: float = 15) -> dict[str, Any]:
        """The bot's newest message in the topic that says this."""

        async def look() -> dict[str, Any] | None:
            topic = await self.topic()
            if topic is None:
                return None
            for message in reversed(await self.desk.messages(chat=self.chat, topic=topic)):
                said = str(message.get("text") or message.get("caption"))
                ours = message["from"]["is_bot"] and not message.get("deleted")
                if ours and words in said and but_not not in said:
                    return message
            return None

        found = await until(look, seconds=seconds, what=words)
        assert found is not None
        return found

    async def open(self) -> dict[str, Any]:
        await self.desk.write(self.chat, "/broadcast", user=MANAGER)
        return await self.panel("пока нет")

    async def press(self, message: dict[str, Any], words: str, *, user: int = MANAGER) -> dict[str, Any]:
        rows = message["reply_markup"]["inline_keyboard"]
        found = [button for row in rows for button in row if words in button["text"]]
        assert found, (words, rows)
        return await self.desk.press(message["message_id"], found[0]["callback_data"], user=user, chat=self.chat)

    async def write(self, text: str | None = None, *, user: int = MANAGER, **more: Any) -> None:
        content = {"text": text} if text is not None else {}
        await self.desk.order("say", chat=self.chat, user=user, topic=await self.topic(), **content, **more)

    async def heard(self, user: int) -> list[dict[str, Any]]:
        messages = await self.desk.messages(bot=self.bot_id, person=user)
        return [one for one in messages if one["from"]["is_bot"] and not one.get("deleted")]


@asynccontextmanager
async def open_room(settings: Settings, desk: Desk) -> AsyncIterator[Room]:
    async with open_api(settings) as api:
        here = settings.model_copy(
            update={
                "telegram_api_url": desk.url,
                "public_url": api.url,
                "telegram_messages_per_second": 500,
                "broadcast_messages_per_second": 400,
            }
        )
        async with open_worker_container(here) as container:
            await container.catalogue.reload()
            await container.bots.close()
            container.bots = BotRegistry(
                settings=here,
                secret=container.secret,
                catalogue=container.catalogue,
                database=container.database,
                redis=container.redis,
                dispatcher=build_dispatcher(container.redis, routers()),
                rates=FAST,
            )
            container.broadcaster = Broadcaster(
                settings=here, database=container.database, redis=container.redis, bots=container.bots
            )
            project = container.catalogue.library().project_by_slug("luna")
            assert project is not None
            assert project.bot is not None
            body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
            assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            container.onboarding = Onboarding(container.bots, container.database, container.keyring)
            await container.onboarding.run()
            registry = build_registry(here)
            scheduler = Scheduler(container.database, registry)
            scheduler.start()
            working = asyncio.create_task(work(container, registry))
            try:
                chat = await desk.group(project.bot.id, owner=MANAGER)
                await desk.member(chat, MEMBER)
                async with container.database.transaction() as connection:
                    await GroupRepository(connection, project.id).connect(
                        chat, title="Staff", language="ru", connected_by=MANAGER, problems=()
                    )
                for number in READERS:
                    await desk.say(project.bot.id, "привет", user=number)
                    await desk.replies(project.bot.id, number)
                async with container.database.connection() as connection:
                    await connection.execute(
                        "INSERT INTO notification_settings (project_id, user_id) SELECT project_id, id FROM users"
                    )
                yield Room(desk, container, project, project.bot.id, chat)
            finally:
                scheduler.stop()
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
async def room(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Room]:
    async with open_room(stocked_settings, desk) as room:
        yield room


async def test_whoever_asks_elsewhere_is_led_to_the_topic(room: Room) -> None:
    await room.open()

    async def led() -> str | None:
        for message in await room.desk.messages(chat=room.chat):
            if "Новая рассылка" in message.get("text", "") and not message.get("message_thread_id"):
                url: str = message["reply_markup"]["inline_keyboard"][0][0]["url"]
                return url
        return None

    url = await until(led, seconds=15, what="the way to the topic")
    assert url == f"https://t.me/c/{str(room.chat).removeprefix('-100')}/{await room.topic()}"


async def test_a_broadcast_from_the_first_word_to_the_last_deletion(room: Room) -> None:
    panel = await room.open()
    # A member of the group who is no admin cannot do anything.
    assert (await room.press(panel, "RU", user=MEMBER))["show_alert"]
    await room.press(panel, "RU")
    await room.panel("Пришлите или перешлите")
    await room.write("Новый расклад", user=MEMBER)
    await room.write("Новый расклад")
    panel = await room.panel("Версия RU: Новый расклад")
    await room.press(panel, "Кнопки")
    await room.panel("Каждая с новой строки")
    await room.write("без адреса")
    await room.panel("Не разобрать")
    await room.write("Открыть - приложение\nО раскладе - https://tarot.example/spring")
    panel = await room.panel("2 кнопки")
    await room.press(panel, "Кому")
    segment = await room.panel("Кому отправить")
    await room.press(segment, "были за 7 дней")
    segment = await room.panel("заходили за последние 7 дней")
    await room.press(segment, "Назад")
    panel = await room.panel("Кому: заходили за последние 7 дней")
    await room.press(panel, "Показать")
    sample = await room.panel("Новый расклад", but_not="Версия")
    assert sample["from"]["is_bot"]
    await room.press(panel, "Сколько")
    panel = await room.panel("Сейчас получат 6 человек")
    alert = await room.press(panel, "Мне")
    assert "Бот ещё не может вам писать" in alert["text"]
    await room.press(panel, "Отправить")
    when = await room.panel("Когда отправить")
    await room.press(when, "Сейчас")
    sure = await room.panel("Получат 6 человек")
    await room.press(sure, "Да")
    done = await room.panel("Завершена", seconds=25)
    assert "Отправка: 6 из 6" in done["text"]
    assert "доставлено: 6" in done["text"]
    for number in READERS:
        *_, message = await room.heard(number)
        assert message["text"] == "Новый расклад"
        (first,), (second,) = message["reply_markup"]["inline_keyboard"]
        assert first["text"] == "Открыть"
        assert second["url"] == "https://tarot.example/spring"
    await room.press(done, "Исправить")
    await room.panel("Пришлите новый текст")
    await room.write("Новый весенний расклад")
    done = await room.panel("исправлено: 6", seconds=25)
    assert (await room.heard(700))[-1]["text"] == "Новый весенний расклад"
    await room.press(done, "Удалить")
    sure = await room.panel("Удалить сообщение у всех")
    await room.press(sure, "Да")
    await room.panel("удалено: 6", seconds=25)
    assert all("весенний" not in message["text"] for message in await room.heard(700))


async def test_a_photo_at_a_time_and_taken_back(room: Room) -> None:
    drawn = BytesIO()
    Image.new("RGB", (64, 48), "#604080").save(drawn, "JPEG")
    answer = await room.desk.client.post("/sandbox/files", files={"file": ("card.jpg", drawn.getvalue(), "image/jpeg")})
    panel = await room.open()
    await room.press(panel, "EN")
    await room.panel("Пришлите или перешлите")
    await room.write(photo=answer.json()["file_id"], caption="Spring")
    panel = await room.panel("Версия EN: Spring, с фото")
    await room.press(panel, "Показать")
    assert (await room.panel("Spring", but_not="Версия"))["photo"]
    await room.press(panel, "Отправить")
    await room.press(await room.panel("Когда отправить"), "В назначенное")
    await room.panel("Часовой пояс: UTC")
    await room.write("завтра вечером")
    await room.panel("Не похоже на дату")
    moment = (datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=3)).replace(hour=18, minute=0)
    await room.write(f"{moment:%d.%m} 18:00 Europe/Nowhere")
    await room.panel("Нет такого часового пояса: Europe/Nowhere")
    await room.write(f"{moment:%d.%m} 18:00 Europe/Berlin")
    sure = await room.panel("Получат 6 человек")
    assert f"({moment.astimezone(UTC):%d.%m.%Y %H:%M} UTC)" in sure["text"]
    await room.press(sure, "Да")
    waiting = await room.panel("Ждёт своего часа")
    await room.press(waiting, "Вернуть в черновик")
    panel = await room.panel("Версия EN: Spring, с фото")
    await room.press(panel, "Выбросить")
    await room.panel("Прекращена")
    assert len(await room.heard(READERS[0])) == 1


async def test_only_managers_open_the_panel(room: Room) -> None:
    await room.desk.write(room.chat, "/broadcast", user=MEMBER)

    async def refused() -> bool:
        messages = await room.desk.messages(chat=room.chat)
        return any("администраторы этой группы" in str(one.get("text")) for one in messages)

    await until(refused, what="the refusal")
    assert await room.topic() is None
