"""Telegram on the desk, and a bot of aiogram that talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Update,
)

from app.sandbox.telegram import create_app
from tests.conftest import serve

BOT = 700_000_001
ALL_UPDATES = [name for name in Update.model_fields if name != "update_id"]
TOKEN = f"{BOT}:SANDBOX-one"


@dataclass
class Sandbox:
    url: str
    http: httpx.AsyncClient
    bot: Bot

    async def say(self, text: str, *, user: int = 5, **more: Any) -> dict[str, Any]:
        body = {"bot": BOT, "user": {"id": user, "first_name": "Анна"}, "text": text, **more}
        answer = await self.http.post("/sandbox/messages", json=body)
        assert answer.status_code == 201, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def post(self, path: str, *, code: int | None = None, **body: Any) -> dict[str, Any]:
        """An order to the desk; without `code` it has to succeed."""
        answer = await self.http.post(f"/sandbox/{path}", json=body)
        assert answer.status_code == code if code else answer.is_success, answer.text
        said: dict[str, Any] = answer.json() if answer.content else {}
        return said

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.http.get(f"/sandbox/{path}", params=params)
        assert answer.is_success, answer.text
        return answer.json()

    async def refusal(self, method: str, **arguments: Any) -> str:
        """The words in which a call of the bot is refused."""
        answer = await self.http.post(f"/bot{TOKEN}/{method}", json=arguments)
        assert answer.status_code != 200, answer.text
        description: str = answer.json()["description"]
        return description

    async def updates(self, *kinds: str) -> list[Update]:
        """All that came since the last time."""
        updates = await self.bot.get_updates(allowed_updates=[*kinds] or ALL_UPDATES)
        if updates:
            await self.bot.get_updates(offset=updates[-1].update_id + 1)
        return updates

    async def staff(self, *, forum: bool = True, **rights: bool) -> int:
        """A group of person 1, with the bot as an administrator; without named rights he has all."""
        await self.bot.get_updates(allowed_updates=ALL_UPDATES)
        owner = {"id": 1, "first_name": "Ольга"}
        group = await self.post("groups", title="Staff", is_forum=forum, owner=owner)
        chat_id: int = group["chat"]["id"]
        await self.post("bot-rights", chat=chat_id, bot=BOT, status="administrator", **rights)
        await self.updates()
        return chat_id

    async def fault(self, **fault: Any) -> None:
        assert (await self.http.post("/sandbox/faults", json=fault)).status_code == 201


@asynccontextmanager
async def sandbox_of(**options: Any) -> AsyncIterator[Sandbox]:
    async with serve(create_app(**options)) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
        session = AiohttpSession(api=TelegramAPIServer.from_base(url))
        answer = await http.post("/sandbox/bots", json={"token": TOKEN, "username": "luna_bot", "name": "Luna"})
        assert answer.status_code == 201
        yield Sandbox(url, http, Bot(TOKEN, session=session))
        await session.close()
        assert (await http.get("/sandbox/defects")).json() == []


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with sandbox_of(resend_seconds=0.05) as sandbox:
        yield sandbox


def keyboard(**action: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Open", **action)]])
