"""What goes wrong with Telegram, on demand; and orders to the sandbox that make no sense."""

from typing import Any

import pytest
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramNetworkError,
    TelegramRetryAfter,
)

from tests.sandbox.conftest import BOT, Sandbox, sandbox_of


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
    ],
)
async def test_bad_orders_are_refused(sandbox: Sandbox, path: str, body: dict[str, Any]) -> None:
    assert (await sandbox.http.post(path, json=body)).status_code == 422


async def test_unknown_bots_and_chats_are_404(sandbox: Sandbox) -> None:
    person = {"bot": 1, "user": {"id": 1}, "text": "x"}
    assert (await sandbox.http.post("/sandbox/messages", json=person)).status_code == 404
    assert (await sandbox.http.get("/sandbox/chats/9", params={"bot": BOT})).status_code == 404
    assert (await sandbox.http.get("/sandbox/bots/9")).status_code == 404
