"""What the demo's Telegram is furnished with: people on both sides of the counter, and the staff's groups."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from app.catalogue.library import Library, Project
from app.catalogue.service import Catalogue
from app.kit.telemetry import get_logger

log = get_logger("app.demo")


def _person(number: int, first_name: str, last_name: str, username: str, language: str) -> dict[str, Any]:
    # Above the ids of real accounts, so that nobody is met here by accident.
    names = {"first_name": first_name, "last_name": last_name, "username": username}
    return {"id": 70_000_000_000 + number, **names, "language_code": language}


USERS = (_person(1, "Анна", "Соколова", "anna_demo", "ru"), _person(2, "Emily", "Carter", "emily_demo", "en"))
STAFF = (_person(101, "Марина", "Ветрова", "marina_demo", "ru"), _person(102, "Daniel", "Reed", "daniel_demo", "en"))
OWNER = STAFF[0]
GROUP = "Arcana Staff"
# 1 November 2025. Counted from here the numbers stay small, and no run makes more of them than it has seconds.
NUMBERS_BEGIN = 1_761_955_200
# The bots answer as soon as the worker runs, which may still be starting.
PATIENCE_SECONDS = 120.0
LOOK_SECONDS = 0.5


def first_id() -> int:
    """Where this run's messages and updates begin: after those of the last run, which our database remembers."""
    return int(time.time() - NUMBERS_BEGIN)


def page_socket(port: int) -> socket.socket:
    """The desk's page is next door to the demo, so that browsers find it again; elsewhere if somebody lives there."""
    try:
        return socket.create_server(("127.0.0.1", port + 1))
    except (OSError, OverflowError):
        return socket.create_server(("127.0.0.1", 0))


class DemoDesk:
    """Acts through the human side of the sandbox alone, as the people would."""

    def __init__(self, address: str) -> None:
        self._client = httpx.AsyncClient(base_url=f"{address}/sandbox", timeout=10)
        self._served: set[int] = set()
        self._projects: tuple[Project, ...] = ()
        self._changed = asyncio.Event()
        self._connecting: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._connecting:
            task.cancel()
        await asyncio.gather(*self._connecting, return_exceptions=True)
        await self._client.aclose()

    async def furnish(self) -> None:
        """Two users, two members of staff, and a forum of theirs for every bot."""
        for person in (*USERS, *STAFF):
            await self._post("people", person)
        await self.open_groups()

    def want(self, library: Library) -> None:
        """The projects whose bots need a group."""
        self._projects = tuple(library.projects)
        self._changed.set()

    async def run(self) -> None:
        """Serves bots that come later, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.open_groups()
            except httpx.HTTPError as error:
                log.warning("a staff group could not be opened", reason=type(error).__name__)

    async def open_groups(self) -> None:
        """A forum for every project that has none yet, with its bot as an administrator."""
        for project in self._projects:
            if project.bot is not None and project.bot.id not in self._served:
                self._served.add(project.bot.id)
                await self._open_group(project.bot.id, project.text(project.name, project.default_language))

    async def _open_group(self, bot_id: int, name: str) -> None:
        # The backend remembers the group of a bot over restarts, so it is the same one each time.
        chat = -(10**12) - bot_id
        await self._post("groups", {"id": chat, "title": f"{GROUP} · {name}", "is_forum": True, "owner": OWNER["id"]})
        for person in STAFF[1:]:
            await self._post("members", {"chat": chat, "user": person["id"], "status": "administrator"})
        await self._post("bot-rights", {"chat": chat, "bot": bot_id, "status": "administrator"})
        connecting = asyncio.create_task(self._connect(bot_id, chat))
        self._connecting.add(connecting)
        connecting.add_done_callback(self._connecting.discard)

    async def _connect(self, bot_id: int, chat: int) -> None:
        """The owner tells the bot which group is the staff's, by the bot's own menu, as he would by hand."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._post("say", {"user": OWNER["id"], "bot": bot_id, "text": "/group"})
                while (button := await self._choice(bot_id)) is None:  # noqa: ASYNC110  # another process answers
                    await asyncio.sleep(LOOK_SECONDS)
                key = {"user": OWNER["id"], "bot": bot_id, "text": button, "chat_shared": {"chat_id": chat}}
                await self._post("keyboard", key)
        except (httpx.HTTPError, TimeoutError) as error:
            log.warning("a staff group could not be connected", bot_id=bot_id, reason=type(error).__name__)

    async def _choice(self, bot_id: int) -> str | None:
        """The caption of the button that asks the owner for a group, once the bot shows it."""
        answer = (await self._client.get("chats", params={"person": OWNER["id"]})).raise_for_status()
        private: dict[str, Any] = next((row for row in answer.json() if row.get("bot") == bot_id), {})
        rows = (private.get("reply_keyboard") or {}).get("keyboard", [])
        return next((button["text"] for row in rows for button in row if "request_chat" in button), None)

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = (await self._client.post(path, json=body)).raise_for_status()
        return answer.json()


@asynccontextmanager
async def furnished(address: str, catalogue: Catalogue) -> AsyncIterator[None]:
    """People and staff groups on the desk, for bots that come later as well."""
    desk = DemoDesk(address)
    desk.want(catalogue.library())
    await desk.furnish()
    catalogue.on_change(desk.want)
    serving = asyncio.create_task(desk.run())
    try:
        yield
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await desk.close()
