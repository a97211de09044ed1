"""A whole installation in one loop: the demo's two projects, their staff groups on the desk, people, and the queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.bots import routers
from app.catalogue.library import Project
from app.crm.groups import GroupRepository
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.pump import UpdatePump
from app.telegram.registry import BotRegistry
from app.telegram.working import UpdateWorker
from app.users.init_data import TelegramPerson
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.jobs import build_registry
from app.worker.runner import Consumer
from tests.crm.conftest import FAST
from tests.telegram.conftest import Desk, inspect_and_keep

OWNER, MEMBER, STRANGER, SUPER = 1, 2, 3, 4
# Luna's staff speak Russian, Verbena's English.
LANGUAGES = {"luna": "ru", "verbena": "en"}


@dataclass
class Crew:
    """`groups` by slug; 1 owns both of them, 2 is a member of both, 3 is nobody, 4 is a super-admin."""

    desk: Desk
    container: WorkerContainer
    groups: dict[str, int] = field(default_factory=dict)

    def project(self, slug: str = "luna") -> Project:
        project = self.container.catalogue.library().project_by_slug(slug)
        assert project is not None
        return project

    def bot_id(self, slug: str = "luna") -> int:
        bot = self.project(slug).bot
        assert bot is not None
        return bot.id

    async def meet(self, telegram_id: int, name: str = "Анна", *, slug: str = "luna", **more: Any) -> UUID:
        """A person who has written to the bot before."""
        person = {"id": telegram_id, "first_name": name, "language_code": LANGUAGES[slug], **more}
        await self.desk.order("people", **person)
        async with self.container.database.transaction() as connection:
            known = TelegramPerson(telegram_id, name, more.get("last_name"), more.get("username"), LANGUAGES[slug])
            user = await self.container.sessions.meet(connection, project=self.project(slug), person=known)
        # The bot may write to whoever has opened the chat.
        await self.private("/start", user=telegram_id, slug=slug)
        return user.id

    async def command(
        self, text: str, *, user: int = OWNER, slug: str = "luna", topic: int | None = None, **more: Any
    ) -> dict[str, Any]:
        """What the bot answers to a member who writes this in the group."""
        chat = self.groups[slug]
        said = await self.desk.write(chat, text, user=user, topic=topic, **more)
        return await self.answer(said["message"]["message_id"], chat=chat)

    async def private(self, text: str, *, user: int = SUPER, slug: str = "luna") -> dict[str, Any]:
        said = await self.desk.order("say", bot=self.bot_id(slug), user=user, text=text)
        return await self.answer(said["message"]["message_id"], bot=self.bot_id(slug), person=user)

    async def answer(self, after: int, **place: Any) -> dict[str, Any]:
        """The bot's first message after that one."""
        return await self.until(lambda message: message["message_id"] > after and message["from"]["is_bot"], **place)

    async def until(self, wanted: Any, **place: Any) -> dict[str, Any]:
        """The first message of the place that is as wanted; waits for it."""
        async with asyncio.timeout(10):
            while True:
                for message in await self.desk.messages(**place):
                    if wanted(message):
                        return message
                await asyncio.sleep(0.05)

    async def says(self, words: str, **place: Any) -> dict[str, Any]:
        return await self.until(lambda message: words in (message.get("text") or message.get("caption") or ""), **place)

    async def thread(self, name: str, *, slug: str = "luna") -> int:
        async with asyncio.timeout(10):
            while True:
                for topic in await self.desk.topics(self.groups[slug]):
                    if name in topic["name"]:
                        found: int = topic["message_thread_id"]
                        return found
                await asyncio.sleep(0.05)

    async def press(self, message: dict[str, Any], caption: str, *, user: int = OWNER, **place: Any) -> dict[str, Any]:
        """Presses the button with these words on it."""
        rows = message["reply_markup"]["inline_keyboard"]
        data = next(button["callback_data"] for row in rows for button in row if caption in button["text"])
        place = place or {"chat": message["chat"]["id"]}
        return await self.desk.press(message["message_id"], data, user=user, **place)

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.container.database.connection() as connection:
            return await connection.fetchval(query, *arguments)


@asynccontextmanager
async def opened(settings: Settings, desk: Desk) -> AsyncIterator[Crew]:
    here = settings.model_copy(update={"telegram_api_url": desk.url, "super_admins": (SUPER,)})
    async with open_worker_container(here) as container:
        await container.catalogue.reload()
        slow, container.bots = (
            container.bots,
            BotRegistry(
                settings=here,
                secret=container.secret,
                catalogue=container.catalogue,
                database=container.database,
                redis=container.redis,
                rates=FAST,
                dispatcher=build_dispatcher(container.redis, routers()),
            ),
        )
        await slow.close()
        crew = Crew(desk, container)
        for slug, language in LANGUAGES.items():
            project = crew.project(slug)
            assert project.bot is not None
            body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
            assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            chat = crew.groups[slug] = await desk.group(project.bot.id, owner=OWNER)
            await desk.member(chat, MEMBER)
            async with container.database.transaction() as connection:
                await GroupRepository(connection, project.id).connect(
                    chat, title="Staff", language=language, connected_by=OWNER, problems=()
                )
        for person in (STRANGER, SUPER):
            await desk.order("people", id=person, first_name=f"Person {person}", language_code="ru")
        updates = UpdateWorker(container.bots, container.database, parts=container.parts())
        tasks = [
            asyncio.create_task(UpdatePump(updates, container.database).run()),
            asyncio.create_task(Consumer(container, build_registry(here)).run()),
            asyncio.create_task(_fetch(crew)),
            asyncio.create_task(container.publisher.run()),
            asyncio.create_task(container.writer.run()),
        ]
        try:
            yield crew
        finally:
            broken = [task.exception() for task in tasks if task.done()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert not broken, broken


async def _fetch(crew: Crew) -> None:
    """Takes the updates of both bots as a poller does."""
    bots = {slug: crew.project(slug).bot for slug in LANGUAGES}
    tokens = {crew.project(slug).id: bot.token.get_secret_value() for slug, bot in bots.items() if bot is not None}
    offsets = {crew.project(slug).id: (crew.bot_id(slug), 0) for slug in LANGUAGES}
    while True:
        for project_id, (bot_id, offset) in list(offsets.items()):
            asked = {"offset": offset, "timeout": 0, "allowed_updates": crew.container.bots.allowed_updates}
            answer = await crew.desk.client.post(f"/bot{tokens[project_id]}/test/getUpdates", json=asked)
            for update in answer.json()["result"]:
                async with crew.container.database.transaction() as connection:
                    await inspect_and_keep(connection, project_id, bot_id, update)
                offsets[project_id] = (bot_id, update["update_id"] + 1)
        await asyncio.sleep(0.03)
