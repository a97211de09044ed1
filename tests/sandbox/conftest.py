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
)

from app.sandbox.telegram import create_app
from tests.conftest import serve

BOT = 700_000_001
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


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with sandbox_of(resend_seconds=0.05) as sandbox:
        yield sandbox


def keyboard(**action: Any) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Open", **action)]])
