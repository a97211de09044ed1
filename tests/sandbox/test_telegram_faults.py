"""What goes wrong with Telegram, on demand; and orders to the sandbox that make no sense."""

import asyncio
from typing import Any

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
)

from app.sandbox.telegram.methods import METHODS
from app.sandbox.telegram.schema import signature
from tests.sandbox.conftest import BOT, TOKEN, Sandbox, sandbox_of


class TestFaults:
    async def test_they_hit_what_they_are_meant_for_and_end(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.fault(method="sendMessage", chat_id=6, status=500)
        await sandbox.fault(method="sendMessage", chat_id=5, status=429, retry_after=7, times=2)
        await sandbox.bot.get_me()
        for _ in range(2):
            with pytest.raises(TelegramRetryAfter) as refused:
                await sandbox.bot.send_message(5, "x")
            assert refused.value.retry_after == 7
        await sandbox.bot.send_message(5, "x")

    @pytest.mark.parametrize(("cut", "said"), [("before", 0), ("after", 1)])
    async def test_a_cut_connection(self, sandbox: Sandbox, cut: str, said: int) -> None:
        await sandbox.say("hi")
        await sandbox.fault(method="sendMessage", cut=cut)
        with pytest.raises(TelegramNetworkError):
            await sandbox.bot.send_message(5, "x")
        chat = (await sandbox.http.get("/sandbox/chats/5", params={"bot": BOT})).json()
        assert sum(message["from"]["is_bot"] for message in chat["messages"]) == said

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("flood", "Too Many Requests: retry after 1"),
            ("blocked", "Forbidden: bot was blocked by the user"),
            ("deactivated", "Forbidden: user is deactivated"),
            ("topic_deleted", "Bad Request: TOPIC_DELETED"),
            ("thread_not_found", "Bad Request: message thread not found"),
            ("chat_not_found", "Bad Request: chat not found"),
            ("unavailable", "Bad Gateway"),
        ],
    )
    async def test_by_name(self, sandbox: Sandbox, kind: str, expected: str) -> None:
        await sandbox.say("hi")
        await sandbox.fault(kind=kind, method="sendMessage", chat_id=5)
        assert await sandbox.refusal("sendMessage", chat_id=5, text="x") == expected

    async def test_slow_and_down(self, sandbox: Sandbox) -> None:
        await sandbox.fault(kind="slow", delay=0.3)
        since = asyncio.get_running_loop().time()
        await sandbox.bot.get_me()
        assert asyncio.get_running_loop().time() - since >= 0.3
        await sandbox.fault(kind="down")
        for _ in range(3):
            with pytest.raises(TelegramNetworkError):
                await sandbox.bot.get_me()
        await sandbox.http.delete("/sandbox/faults")
        await sandbox.bot.get_me()

    async def test_flood_limits(self) -> None:
        async with sandbox_of(limits=True) as sandbox:
            await sandbox.say("hi")
            refused = 0
            for _ in range(8):
                try:
                    await sandbox.bot.send_message(5, "x")
                except TelegramRetryAfter as error:
                    assert error.retry_after == 1
                    refused += 1
            assert refused >= 3

    async def test_calls_are_recorded_with_their_outcome(self, sandbox: Sandbox) -> None:
        await sandbox.fault(method="getMe", status=401)
        with pytest.raises(TelegramAPIError):
            await sandbox.bot.get_me()
        await sandbox.bot.get_me()
        calls = (await sandbox.http.get("/sandbox/calls", params={"method": "getMe"})).json()
        assert [(call["bot"], call["outcome"]) for call in calls] == [(BOT, 401), (BOT, 200)]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/bots", {"token": "nonsense"}),
        ("/sandbox/messages", {"bot": BOT, "user": {"id": -1}, "text": "x"}),
        ("/sandbox/messages", {"bot": BOT, "user": {"id": 1}, "text": ""}),
        ("/sandbox/faults", {"cut": "somewhere"}),
        ("/sandbox/faults", {"kind": "earthquake"}),
        (f"/sandbox/bots/{BOT}/repeat", {"update": {}}),
        ("/sandbox/say", {"user": 1, "bot": BOT, "text": "x" * 4097}),
        ("/sandbox/crowds", {"bot": BOT, "first": 1, "count": 0}),
    ],
)
async def test_bad_orders_are_refused(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    assert (await sandbox.http.post(path, json=body)).status_code == 422


class TestCrowds:
    async def test_they_are_counted_and_not_remembered(self, sandbox: Sandbox) -> None:
        crowd = await sandbox.post("crowds", bot=BOT, first=1_000_000, count=1000, blocked_every=10)
        assert (crowd["count"], crowd["blocked"]) == (1000, 100)
        for person in (1_000_001, 1_000_002, 1_000_002):
            sent = await sandbox.bot.send_message(person, "Новости")
            assert (sent.chat.id, sent.text) == (person, "Новости")
        with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
            await sandbox.bot.send_message(1_000_010, "Новости")
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await sandbox.bot.send_message(1_001_000, "Новости")
        found = await sandbox.get(f"crowds/{crowd['id']}")
        assert (found["messages"], found["reached"], found["repeated_people"]) == (3, 2, [1_000_002])
        assert (await sandbox.get("changes", after=0, wait=0))["changes"] == []
        await sandbox.post("crowds", bot=BOT, first=1_000_999, count=5, code=409)
        await sandbox.http.delete(f"/sandbox/crowds/{crowd['id']}")
        with pytest.raises(TelegramBadRequest, match="chat not found"):
            await sandbox.bot.send_message(1_000_001, "x")


async def test_unknown_bots_and_chats_are_404(sandbox: Sandbox) -> None:
    person = {"bot": 1, "user": {"id": 1}, "text": "x"}
    assert (await sandbox.http.post("/sandbox/messages", json=person)).status_code == 404
    assert (await sandbox.http.get("/sandbox/chats/9", params={"bot": BOT})).status_code == 404
    assert (await sandbox.http.get("/sandbox/bots/9")).status_code == 404


ODD = [
    None,
    "",
    -1,
    10**20,
    True,
    1.5,
    "<b>",
    "{",
    [],
    [None],
    [[]],
    {},
    {"type": "photo"},
    [{"type": "photo", "media": 5}],
]


async def test_odd_arguments_are_refused_in_words(sandbox: Sandbox) -> None:
    """Whatever is passed to whichever method, the answer is the Bot API's, and never a 500."""
    for method in sorted(METHODS.keys() - {"getupdates", "setwebhook"}):
        said = (await sandbox.say("hi"))["message"]["message_id"]
        names = sorted(signature(method).names)
        known = {"chat_id": 5, "from_chat_id": 5, "message_id": said}
        for odd in ODD:
            for place in ({}, known):
                arguments = {name: place.get(name, odd) for name in names}
                answer = await sandbox.http.post(f"/bot{TOKEN}/{method}", json=arguments)
                assert answer.status_code < 500, (arguments, answer.text)
                assert answer.json()["ok"] is (answer.status_code == 200)


async def test_the_human_side_is_documented(sandbox: Sandbox) -> None:
    paths = (await sandbox.get("openapi.json"))["paths"]
    assert {"/sandbox/say", "/sandbox/press", "/sandbox/pay", "/sandbox/chats", "/sandbox/open-app"} <= paths.keys()
