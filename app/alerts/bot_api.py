"""Telegram by one plain HTTP call: no queue, no Redis and no limiter may stand between an alert and its reader.

The addresses hold the bot's token, so nothing that httpx says about them is logged.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any, Literal

import httpx

from app.catalogue.library import Library, Project
from app.kit import json
from app.locales import LANGUAGES
from app.settings import Settings

TAGS = re.compile(r"<[^>]+>")
# Bots of projects that may speak when the alerts' own cannot.
MOST_BOTS = 3
LATER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`sent`: `message_id` is there. `uncertain`: it may be. `later`: surely not, try after `pause` seconds.
    `refused`: not with this bot; `reason` says why it may not be."""

    outcome: Literal["sent", "uncertain", "later", "refused"]
    message_id: int | None = None
    pause: float = 0.0
    reason: str = ""


class BotApi:
    def __init__(self, settings: Settings) -> None:
        self._base = settings.telegram_api_url
        self._test = "test/" if settings.demo else ""
        self._http = httpx.AsyncClient(timeout=httpx.Timeout(10.0, connect=5.0))

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, token: str, recipient: int, text: str) -> Answer:
        """Telegram HTML, or its bare words if Telegram cannot read it."""
        body: dict[str, Any] = {
            "chat_id": recipient,
            "text": text,
            "parse_mode": "HTML",
            "link_preview_options": {"is_disabled": True},
        }
        try:
            answer = await self._call(token, "sendMessage", body)
            if answer.status_code == 400 and b"can't parse entities" in answer.content:
                plain = {"chat_id": recipient, "text": unescape(TAGS.sub("", text))}
                answer = await self._call(token, "sendMessage", plain)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            return Answer("later", pause=LATER_SECONDS)
        except httpx.HTTPError as error:
            return Answer("uncertain", reason=type(error).__name__)
        if answer.status_code == 429:
            return Answer("later", pause=_retry_after(answer.content))
        if answer.status_code >= 500:
            return Answer("later", pause=LATER_SECONDS)
        if answer.status_code != 200:
            return Answer("refused", reason=str(answer.status_code))
        return Answer("sent", message_id=_message_id(answer.content))

    async def edit(self, token: str, chat_id: int, message_id: int, text: str) -> bool:
        """Plain text instead of what stood there; false if Telegram could not be reached."""
        try:
            answer = await self._call(
                token, "editMessageText", {"chat_id": chat_id, "message_id": message_id, "text": text}
            )
        except httpx.HTTPError:
            return False
        return answer.status_code < 429

    async def _call(self, token: str, method: str, body: dict[str, Any]) -> httpx.Response:
        return await self._http.post(
            f"{self._base}/bot{token}/{self._test}{method}",
            content=json.dumps(body),
            headers={"content-type": "application/json"},
        )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[BotApi]:
    telegram = BotApi(settings)
    try:
        yield telegram
    finally:
        await telegram.close()


def speakers(settings: Settings, library: Library, *, first: Project | None = None) -> list[str]:
    """Tokens of the bots that may speak to super-admins, the best first: of this project, the alerts' own, others."""
    own = settings.alert_bot_token.get_secret_value()
    bots = [project.bot for project in library.live_projects if project.bot]
    tokens = [first.bot.token.get_secret_value()] if first is not None and first.bot is not None else []
    tokens += [own] if own else []
    return list(dict.fromkeys([*tokens, *(bot.token.get_secret_value() for bot in bots[:MOST_BOTS])]))


def language_of(settings: Settings, library: Library, *, first: Project | None = None) -> str:
    """In which language super-admins are told: the chosen one, else of this project, else of the first live one."""
    projects = [first] if first is not None else library.live_projects
    spoken = next((project.default_language for project in projects), "en")
    return settings.alert_language or (spoken if spoken in LANGUAGES else "en")


def _retry_after(content: bytes) -> float:
    try:
        return max(1.0, float(json.loads(content)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return LATER_SECONDS


def _message_id(content: bytes) -> int | None:
    try:
        return int(json.loads(content)["result"]["message_id"])
    except (ValueError, KeyError, TypeError):
        return None
