"""People talking with the demo's two bots over real servers: Telegram on the desk, the API, a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.catalogue.library import Project
from app.kit.database import Database
from app.settings import Settings
from app.worker.container import open_worker_container
from tests.conftest import Api, open_api, open_worker
from tests.telegram.conftest import Desk

Message = dict[str, Any]


def buttons(message: Message) -> list[dict[str, Any]]:
    """All inline buttons under a message."""
    rows = (message.get("reply_markup") or {}).get("inline_keyboard") or []
    return [button for row in rows for button in row]


def captions(message: Message) -> list[str]:
    return [button["text"] for button in buttons(message)]


@dataclass
class Talk:
    """One person's private chat with one bot."""

    desk: Desk
    project: Project
    user: int
    language: str = "ru"
    # Messages of the bot that the test has looked at.
    seen: set[int] = field(default_factory=set)

    @property
    def bot_id(self) -> int:
        assert self.project.bot is not None
        return self.project.bot.id

    async def all(self) -> list[Message]:
        """What the bot has said and not deleted."""
        messages = await self.desk.messages(bot=self.bot_id, person=self.user)
        return [message for message in messages if message["from"]["is_bot"] and not message.get("deleted")]

    async def next(self, *, count: int = 1, wait: float = 15) -> list[Message]:
        """New messages of the bot, at least so many."""
        async with asyncio.timeout(wait):
            while True:
                fresh = [message for message in await self.all() if message["message_id"] not in self.seen]
                if len(fresh) >= count:
                    self.seen |= {message["message_id"] for message in fresh}
                    return fresh
                await asyncio.sleep(0.03)

    async def tell(self, text: str) -> int:
        """Says something without waiting; the update's id."""
        said = await self.desk.say(self.bot_id, text, user=self.user, language=self.language)
        update_id: int = said["update_id"]
        return update_id

    async def say(self, text: str) -> Message:
        """Says something; the bot's first answer."""
        await self.tell(text)
        return (await self.next())[0]

    async def press(self, message: Message, caption: str) -> dict[str, Any]:
        """Presses the first button whose caption contains this, once it is there; how the bot answered the press."""
        async with asyncio.timeout(10):
            while True:
                current = await self.get(message)
                button = next((button for button in buttons(current) if caption in button["text"]), None)
                if button is not None:
                    break
                await asyncio.sleep(0.03)
        return await self.desk.press(message["message_id"], button["callback_data"], user=self.user, bot=self.bot_id)

    async def get(self, message: Message) -> Message:
        """The message as it stands now."""
        return next(found for found in await self.all() if found["message_id"] == message["message_id"])

    async def becomes(self, message: Message, part: str, *, wait: float = 10) -> Message:
        """Waits until the message holds this text."""
        async with asyncio.timeout(wait):
            while True:
                current = await self.get(message)
                if part in str(current.get("text") or current.get("caption")):
                    return current
                await asyncio.sleep(0.03)


@dataclass
class Stage:
    desk: Desk
    api: Api
    settings: Settings
    projects: dict[str, Project]

    @property
    def database(self) -> Database:
        return self.api.database

    def talk(self, slug: str = "luna", *, user: int = 5, language: str = "ru") -> Talk:
        return Talk(self.desk, self.projects[slug], user, language)

    async def value(self, query: str, *values: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(query, *values)

    async def idle(self, *, wait: float = 10) -> None:
        """Waits until every update was worked on, and that none of them failed."""
        async with asyncio.timeout(wait):
            while await self.value("SELECT count(*) FROM telegram_updates WHERE state = 'pending'"):
                await asyncio.sleep(0.03)
        assert await self.value("SELECT string_agg(error, ' / ') FROM telegram_updates WHERE failures > 0") is None


@asynccontextmanager
async def open_stage(settings: Settings, desk: Desk, *, workers: int = 1) -> AsyncIterator[Stage]:
    """On a database that has the demo catalogue; the desk delivers by webhook."""
    settings = settings.model_copy(update={"telegram_api_url": desk.url})
    async with open_api(settings) as api:
        here = settings.model_copy(update={"public_url": api.url})
        async with open_worker_container(here) as container:
            await container.catalogue.reload()
            projects = {project.slug: project for project in container.catalogue.library().projects if project.bot}
            for project in projects.values():
                assert project.bot is not None
                body = {"token": project.bot.token.get_secret_value(), "username": project.bot.username}
                assert (await desk.client.post("/sandbox/bots", json=body)).status_code == 201
            await container.onboarding.run()
        stage = Stage(desk, api, here, projects)
        running = [open_worker(here) for _ in range(workers)]
        for worker in running:
            await worker.__aenter__()
        yield stage
        for worker in running:
            await worker.__aexit__(None, None, None)


@pytest.fixture
async def stage(stocked_settings: Settings, desk: Desk) -> AsyncIterator[Stage]:
    async with open_stage(stocked_settings, desk) as stage:
        yield stage
