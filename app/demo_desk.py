"""What the demo's Telegram is furnished with: people on both sides of the counter, and the staff's group."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import httpx

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
        self._group = 0
        self._bots: set[int] = set()
        self._wanted: asyncio.Event = asyncio.Event()

    async def close(self) -> None:
        await self._client.aclose()

    async def furnish(self) -> None:
        """Two users, two members of staff, and their forum."""
        for person in (*USERS, *STAFF):
            await self._post("people", person)
        made = await self._post("groups", {"title": GROUP, "is_forum": True, "owner": OWNER["id"]})
        self._group = made["chat"]["id"]
        for person in STAFF[1:]:
            await self._post("members", {"chat": self._group, "user": person["id"], "status": "administrator"})
        await self.seat_bots()

    def bots_changed(self) -> None:
        """The catalogue has other bots than before."""
        self._wanted.set()

    async def run(self) -> None:
        """Seats bots that join later, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.seat_bots()
            except httpx.HTTPError as error:
                log.warning("a bot could not be seated in the staff's group", reason=type(error).__name__)

    async def seat_bots(self) -> None:
        """Makes every bot an administrator of the staff's group."""
        bots = (await self._client.get("bots")).raise_for_status().json()
        for bot_id in self._strangers(bot["id"] for bot in bots):
            await self._post("bot-rights", {"chat": self._group, "bot": bot_id, "status": "administrator"})
            self._bots.add(bot_id)

    def _strangers(self, bots: Iterable[int]) -> list[int]:
        return [bot_id for bot_id in bots if bot_id not in self._bots]

    async def _post(self, path: str, body: dict[str, Any]) -> Any:
        answer = (await self._client.post(path, json=body)).raise_for_status()
        return answer.json()


@asynccontextmanager
async def furnished(address: str, catalogue: Catalogue) -> AsyncIterator[None]:
    """People and a staff group on the desk, and bots that come later among them."""
    desk = DemoDesk(address)
    await desk.furnish()
    catalogue.on_change(lambda _: desk.bots_changed())
    seating = asyncio.create_task(desk.run())
    try:
        yield
    finally:
        seating.cancel()
        await asyncio.gather(seating, return_exceptions=True)
        await desk.close()
