"""The whole way: Telegram on the desk delivers to the API by webhook, and a worker works, jobs included."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from app.bots import routers
from app.catalogue.library import Project
from app.crm.groups import GroupRepository, StaffGroup
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.limiter import Rate, Rates
from app.telegram.onboarding import Onboarding
from app.telegram.pump import UpdatePump
from app.telegram.registry import BotRegistry
from app.telegram.working import UpdateWorker
from app.users.repository import User, UserRepository
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.jobs import build_registry
from app.worker.runner import Consumer
from tests.conftest import open_api
from tests.telegram.conftest import Desk

# Telegram's limits make a group wait for seconds; their keeping has tests of its own.
FAST = Rates(bot=Rate(10_000, 1.0, 1000), chat=Rate(10_000, 1.0, 1000), group=Rate(10_000, 1.0, 1000))
OWNER, CLIENT, SUPER_ADMIN = 1, 5, 42


def _picture() -> bytes:
    drawn = BytesIO()
    Image.new("RGB", (64, 48), "#604080").save(drawn, "JPEG")
    return drawn.getvalue()


PICTURE = _picture()


@dataclass
class Stage:
    """Two projects of the demo, each with its bot. People speak by `client_says` and `staff_says`; `settle` waits
    until everything that was said has been worked on."""

    desk: Desk
    container: WorkerContainer
    luna: Project
    verbena: Project

    def bot_id(self, project: Project | None = None) -> int:
        bot = (project or self.luna).bot
        assert bot is not None
        return bot.id

    async def client_says(
        self,
        text: str | None = None,
        *,
        user: int = CLIENT,
        language: str = "ru",
        project: Project | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        person = {"id": user, "first_name": "Анна", "username": f"anna{user}", "language_code": language}
        content = {"text": text} if text is not None else {}
        said = await self.desk.order("say", bot=self.bot_id(project), user=person, **content, **more)
        await self.settle()
        return said

    async def staff_says(
        self, chat: int, text: str | None = None, *, topic: int | None, user: int = OWNER, **more: Any
    ) -> dict[str, Any]:
        content = {"text": text} if text is not None else {}
        said = await self.desk.order("say", chat=chat, user=user, topic=topic, **content, **more)
        await self.settle()
        return said

    async def settle(self, *, within: float = 20) -> None:
        """Until no update and no job of ours is left that is due within two seconds."""
        deadline, quiet, busy = time.monotonic() + within, 0, ["?"]
        while quiet < 2:
            assert time.monotonic() < deadline, busy
            busy = [f"{bot['id']} has updates" for bot in await self.desk.look("bots") if bot["pending_updates"]]
            async with self.container.database.connection() as connection:
                rows = await connection.fetch(
                    """
                    SELECT coalesce(error, payload::text) FROM telegram_updates WHERE state = 'pending'
                    UNION ALL
                    SELECT entrypoint || ' ' || status FROM pgqueuer
                    WHERE execute_after < now() + interval '2 seconds' AND entrypoint LIKE 'crm.%'
                    """
                )
            busy += [row[0] for row in rows]
            quiet = 0 if busy else quiet + 1
            await asyncio.sleep(0.03)

    async def waiting(self, job: str) -> int:
        """How many jobs of this name wait or run."""
        async with self.container.database.connection() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = $1", job)
        return count

    async def job(self, name: str, **payload: Any) -> None:
        """Runs a job of the beat, or any other, now."""
        await build_registry(self.container.settings).jobs[name].handler(self.container, payload)
        await self.settle()

    async def group(self, project: Project | None = None, *, owner: int = OWNER, language: str = "ru") -> int:
        """A connected group whose bot may do everything, as if its manager had connected it."""
        project = project or self.luna
        chat_id = await self.desk.group(self.bot_id(project), owner=owner)
        await self.settle()
        async with self.container.database.transaction() as connection:
            await GroupRepository(connection, project.id).connect(
                chat_id, title="Staff", language=language, connected_by=owner, problems=()
            )
        return chat_id

    async def connected(self, project: Project | None = None) -> StaffGroup | None:
        async with self.container.database.connection() as connection:
            return await GroupRepository(connection, (project or self.luna).id).get()

    async def client(self, user: int = CLIENT, project: Project | None = None) -> User:
        async with self.container.database.connection() as connection:
            found = await UserRepository(connection, (project or self.luna).id).by_telegram_id(user)
        assert found is not None
        return found

    async def thread(self, chat: int, number: int = -1) -> int:
        """The thread of a topic that is still there, the newest one without a number."""
        threads = [topic["message_thread_id"] for topic in await self.desk.topics(chat) if not topic["deleted"]]
        thread: int = threads[number]
        return thread

    async def in_topic(self, chat: int, topic: int | None = None) -> list[dict[str, Any]]:
        """What stands in a topic, without Telegram's own notes and without the card."""
        messages = await self.desk.messages(chat=chat, topic=topic or await self.thread(chat))
        return [one for one in messages if not one["service"] and not one["pinned"] and not one["deleted"]]

    async def with_client(self, user: int = CLIENT, project: Project | None = None) -> list[dict[str, Any]]:
        """What the bot has written to a client."""
        messages = await self.desk.messages(bot=self.bot_id(project), person=user)
        return [one for one in messages if one["from"]["is_bot"]]

    async def links(self) -> list[tuple[str, str]]:
        async with self.container.database.connection() as connection:
            rows = await connection.fetch("SELECT direction, state FROM message_links ORDER BY id")
        return [tuple(row) for row in rows]

    async def upload(self, name: str = "card.jpg") -> str:
        answer = await self.desk.client.post("/sandbox/files", files={"file": (name, PICTURE, "image/jpeg")})
        file_id: str = answer.json()["file_id"]
        return file_id

    async def execute(self, statement: str, *values: Any) -> None:
        async with self.container.database.connection() as connection:
            await connection.execute(statement, *values)


@asynccontextmanager
async def open_stage(settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    async with open_api(settings) as api:
        here = settings.model_copy(
            update={"telegram_api_url": desk.url, "public_url": api.url, "super_admins": (SUPER_ADMIN,)}
        )
        async with open_worker_container(here) as container:
            await container.catalogue.reload()
            swift = BotRegistry(
                settings=here,
                secret=container.secret,
                catalogue=container.catalogue,
                database=container.database,
                redis=container.redis,
                dispatcher=build_dispatcher(container.redis, routers()),
                rates=FAST,
            )
            await container.bots.close()
            container.bots = swift
            projects = [project for project in container.catalogue.library().projects if project.bot]
            for project in projects:
                assert project.bot is not None
                body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
                assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            onboarding = Onboarding(swift, container.database, container.keyring)
            async with asyncio.timeout(60):
                # Once more if Telegram did not answer in time; when nothing is left to be said it talks to nobody.
                while await onboarding.run():
                    async with container.database.connection() as connection:
                        await connection.execute(
                            "UPDATE bots SET next_check_at = now() WHERE next_check_at IS NOT NULL"
                        )
            updates = UpdateWorker(swift, container.database, parts=container.parts())
            working = [
                asyncio.create_task(Consumer(container, build_registry(here)).run()),
                asyncio.create_task(UpdatePump(updates, container.database).run()),
            ]
            by_slug = {project.slug: project for project in projects}
            try:
                yield Stage(desk, container, by_slug["luna"], by_slug["verbena"])
            finally:
                for task in working:
                    task.cancel()
                await asyncio.gather(*working, return_exceptions=True)
