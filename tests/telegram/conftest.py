"""A Telegram on loopback, bots of a catalogue on a shelf, and workers that share a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from aiogram import Router
from pydantic import SecretStr
from redis.asyncio import Redis

from app.bots import routers as all_routers
from app.catalogue.library import Bot, Library, Project, Theme
from app.kit.database import Connection, Database
from app.kit.telemetry import configure_logging
from app.sandbox.telegram import create_app
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.limiter import Rates
from app.telegram.registry import BotRegistry
from app.telegram.updates import inspect, keep
from app.telegram.working import UpdateWorker
from app.users.sessions import SessionService
from app.users.tokens import Tokens
from tests.conftest import serve

SECRET = "a secret of the tests, long enough"
LUNA, VERBENA = 700_000_001, 700_000_002
THEME = Theme("dark", "#000000", "#111111", "#ffffff", "#999999", "#aaaaaa", "#000000", "serif", "stars")


def token(bot_id: int, name: str = "one") -> str:
    return f"{bot_id}:SANDBOX-{name}"


@pytest.fixture(autouse=True, scope="session")
def logs() -> None:
    """As in production; structlog's own default draws tracebacks for seconds."""
    configure_logging(level="warning", style="json")


@dataclass
class Desk:
    """The sandbox through its controls, over HTTP."""

    url: str
    client: httpx.AsyncClient

    async def add_bot(self, bot_id: int, *, name: str = "one") -> None:
        body = {"token": token(bot_id, name), "username": f"bot_{bot_id}"}
        assert (await self.client.post("/sandbox/bots", json=body)).status_code == 201

    async def bot(self, bot_id: int) -> dict[str, Any]:
        body: dict[str, Any] = (await self.client.get(f"/sandbox/bots/{bot_id}")).json()
        return body

    async def say(self, bot_id: int, text: str, *, user: int = 5, language: str = "ru") -> dict[str, Any]:
        person = {"id": user, "first_name": "Анна", "language_code": language}
        answer = await self.client.post("/sandbox/messages", json={"bot": bot_id, "user": person, "text": text})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def replies(self, bot_id: int, chat: int = 5, *, count: int = 1, wait: float = 8) -> list[dict[str, Any]]:
        """What the bot said, after waiting for at least `count` messages."""
        answer = await self.client.get(
            f"/sandbox/chats/{chat}", params={"bot": bot_id, "count": count, "wait": wait}, timeout=wait + 5
        )
        return [message for message in answer.json()["messages"] if message["from"]["is_bot"]]

    async def membership(self, bot_id: int, status: str, *, user: int = 5) -> None:
        body = {"bot": bot_id, "user": {"id": user}, "status": status}
        assert (await self.client.post(f"/sandbox/chats/{user}/membership", json=body)).status_code == 200

    async def calls(self, method: str | None = None, bot_id: int | None = None) -> list[dict[str, Any]]:
        wanted = {"method": method, "bot": bot_id}
        params = {name: value for name, value in wanted.items() if value is not None}
        found: list[dict[str, Any]] = (await self.client.get("/sandbox/calls", params=params)).json()
        return found

    async def fault(self, **fault: Any) -> None:
        assert (await self.client.post("/sandbox/faults", json=fault)).status_code == 201

    async def end_faults(self) -> None:
        await self.client.delete("/sandbox/faults")

    async def order(self, path: str, *, code: int | None = None, **body: Any) -> dict[str, Any]:
        """Any order to the human side, `POST /sandbox/{path}`; without `code` it has to succeed."""
        answer = await self.client.post(f"/sandbox/{path}", json=body, timeout=15)
        assert answer.status_code == code if code else answer.is_success, answer.text
        done: dict[str, Any] = answer.json() if answer.content else {}
        return done

    async def look(self, path: str, **params: Any) -> Any:
        """What the human side shows, `GET /sandbox/{path}`."""
        wanted = {name: value for name, value in params.items() if value is not None}
        answer = await self.client.get(f"/sandbox/{path}", params=wanted)
        assert answer.is_success, answer.text
        return answer.json()

    async def group(self, bot_id: int, *, owner: int = 1, forum: bool = True, **rights: bool) -> int:
        """A group of `owner` with a bot as its administrator, with all rights unless some are named; its id."""
        person = {"id": owner, "first_name": "Ольга", "language_code": "ru"}
        made = await self.order("groups", title="Staff", is_forum=forum, owner=person)
        chat_id: int = made["chat"]["id"]
        await self.order("bot-rights", chat=chat_id, bot=bot_id, status="administrator", **rights)
        return chat_id

    async def member(self, chat: int, user: int, status: str = "member", **more: Any) -> None:
        """Somebody is in the group from now on, or has that status."""
        person = {"id": user, "first_name": f"Person {user}", "language_code": "ru"}
        await self.order("members", chat=chat, user=person, status=status, **more)

    async def write(self, chat: int, text: str, *, user: int = 1, topic: int | None = None, **more: Any) -> Any:
        """A member writes in a group; the message and so on."""
        return await self.order("say", chat=chat, user=user, text=text, topic=topic, **more)

    async def press(self, message_id: int, data: str, *, user: int, **place: int) -> dict[str, Any]:
        """Presses a button in `bot=` or `chat=` and waits for the bot's answer."""
        return await self.order("press", user=user, message_id=message_id, data=data, **place)

    async def messages(self, **place: Any) -> list[dict[str, Any]]:
        """All messages of `bot=, person=` or of `chat=, topic=`, deleted ones included."""
        found: list[dict[str, Any]] = await self.look("messages", **place)
        return found

    async def topics(self, chat: int, *, person: int = 1) -> list[dict[str, Any]]:
        """The topics of a forum as a member sees them, deleted ones included."""
        shown = await self.look("chats", person=person)
        found: list[dict[str, Any]] = next(one["topics"] for one in shown if one["chat"]["id"] == chat)
        return found


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    app = create_app(test_environment=True, resend_seconds=0.05)
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client:
        desk = Desk(url, client)
        await desk.add_bot(LUNA)
        await desk.add_bot(VERBENA)
        yield desk
        assert await desk.look("defects") == []


@dataclass
class Shelf:
    """A catalogue that a test changes by hand."""

    projects: dict[int, Project] = field(default_factory=dict)
    current: Library = field(default_factory=Library)

    def library(self) -> Library:
        return self.current

    def put(self, project: Project) -> Project:
        self.projects[project.id] = project
        self.current = Library(stamp="shelf", projects=tuple(self.projects.values()))
        return project

    def change(self, project: Project, **changes: Any) -> Project:
        return self.put(replace(self.projects[project.id], **changes))

    def remove(self, project: Project) -> None:
        del self.projects[project.id]
        self.current = Library(stamp="shelf", projects=tuple(self.projects.values()))


def bot_of(bot_id: int, name: str = "one") -> Bot:
    return Bot(bot_id, f"bot_{bot_id}", SecretStr(token(bot_id, name)))


def project_of(project_id: int, slug: str, bot_id: int, **changes: Any) -> Project:
    """A live project that speaks Russian and English."""
    values: dict[str, Any] = {
        "id": project_id,
        "key": slug,
        "slug": slug,
        "status": "live",
        "languages": ("ru", "en"),
        "name": {"ru": f"Имя {slug}", "en": f"Name {slug}"},
        "tagline": {},
        "description": {},
        "welcome": {"ru": f"Привет от {slug} <&>", "en": f"Hello from {slug} <&>"},
        "notice": None,
        "theme": THEME,
        "logo": None,
        "cover": None,
        "spreads": (),
        "decks": (),
        "packages": (),
        "free_readings": 3,
        "free_follow_ups": 2,
        "voice": {},
        "model_profile": None,
        "bot": bot_of(bot_id),
    }
    return Project(**{**values, **changes})


async def make_project(database: Database, shelf: Shelf, slug: str, bot_id: int) -> Project:
    """A live project in the database and on the shelf."""
    async with database.connection() as connection:
        project_id = await connection.fetchval(
            "INSERT INTO projects (key, slug, status, source) VALUES ($1, $1, 'live', 'demo') RETURNING id",
            slug,
        )
    return shelf.put(project_of(project_id, slug, bot_id))


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
async def luna(database: Database, shelf: Shelf) -> Project:
    return await make_project(database, shelf, "luna", LUNA)


@pytest.fixture
async def verbena(database: Database, shelf: Shelf) -> Project:
    return await make_project(database, shelf, "verbena", VERBENA)


async def inspect_and_keep(connection: Connection, project_id: int, bot_id: int, update: dict[str, Any]) -> bool:
    return await keep(connection, project_id=project_id, bot_id=bot_id, incoming=inspect(update), transport="webhook")


@dataclass
class Office:
    """Makes registries as separate processes would have them, and closes them all."""

    settings: Settings
    shelf: Shelf
    database: Database
    redis: Redis
    opened: list[BotRegistry] = field(default_factory=list)

    def bots(self, *, rates: Rates | None = None, routers: list[Router] | None = None, **settings: Any) -> BotRegistry:
        bots = BotRegistry(
            settings=self.settings.model_copy(update=settings),
            secret=SECRET,
            catalogue=self.shelf,
            database=self.database,
            redis=self.redis,
            rates=rates,
            dispatcher=build_dispatcher(self.redis, all_routers() if routers is None else routers),
        )
        self.opened.append(bots)
        return bots

    def worker(self, bots: BotRegistry | None = None, **options: Any) -> UpdateWorker:
        tokens = Tokens(SECRET, access_seconds=600)
        parts = {
            "redis": self.redis,
            "sessions": SessionService(tokens, SECRET, refresh_lifetime=timedelta(days=1)),
        }
        return UpdateWorker(bots or self.bots(), self.database, parts=parts, **options)

    async def keep(self, project: Project, update: dict[str, Any]) -> bool:
        assert project.bot is not None
        async with self.database.transaction() as connection:
            return await inspect_and_keep(connection, project.id, project.bot.id, update)

    async def row(self, update_id: int, bot_id: int = LUNA) -> dict[str, Any]:
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM telegram_updates WHERE bot_id = $1 AND update_id = $2", bot_id, update_id
            )
        return dict(row) if row else {}

    async def count(self, state: str | None = None) -> int:
        async with self.database.connection() as connection:
            found: int = await connection.fetchval(
                "SELECT count(*) FROM telegram_updates WHERE $1::text IS NULL OR state = $1", state
            )
        return found


@pytest.fixture
async def office(
    settings: Settings, desk: Desk, shelf: Shelf, database: Database, redis: Redis
) -> AsyncIterator[Office]:
    installation = settings.model_copy(update={"telegram_api_url": desk.url, "public_url": "https://tarot.example"})
    office = Office(installation, shelf, database, redis)
    yield office
    await asyncio.gather(*(bots.close() for bots in office.opened))


class Wire:
    """A TCP proxy to a server that can be cut and mended."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Wire"]:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        wire = cls(parts.hostname, parts.port)
        await wire.mend()
        wire.url = url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{wire.port}")
        yield wire
        await wire.cut()

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._open -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()


def message(update_id: int, text: str = "/start", *, chat: int = 5, language: str = "ru") -> dict[str, Any]:
    """A private message as Telegram delivers it."""
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text[0] == "/" else None
    content: dict[str, Any] = {
        "message_id": update_id,
        "date": 1_795_000_000,
        "chat": {"id": chat, "type": "private", "first_name": "Анна"},
        "from": {"id": chat, "is_bot": False, "first_name": "Анна", "language_code": language},
        "text": text,
    }
    if entities:
        content["entities"] = entities
    return {"update_id": update_id, "message": content}
