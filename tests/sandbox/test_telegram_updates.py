"""Updates reach a bot as from the real Telegram: by polling and by webhook, until they are acknowledged."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiogram.exceptions import (
    TelegramConflictError,
    TelegramRetryAfter,
)
from aiogram.types import (
    Update,
)
from fastapi import FastAPI, Request, Response

from tests.conftest import serve
from tests.sandbox.conftest import TOKEN, Sandbox, sandbox_of


class TestPolling:
    async def test_an_offset_confirms_what_came_before(self, sandbox: Sandbox) -> None:
        for number in range(3):
            await sandbox.say(str(number))
        first = await sandbox.bot.get_updates(limit=2)
        assert [update.message.text for update in first if update.message] == ["0", "1"]
        rest = await sandbox.bot.get_updates(offset=first[-1].update_id + 1)
        assert [update.message.text for update in rest if update.message] == ["2"]
        assert await sandbox.bot.get_updates(offset=rest[-1].update_id + 1) == []

    async def test_a_poll_waits_for_an_update(self, sandbox: Sandbox) -> None:
        waiting = asyncio.create_task(sandbox.bot.get_updates(timeout=10))
        await asyncio.sleep(0.2)
        assert not waiting.done()
        await sandbox.say("hi")
        assert len(await asyncio.wait_for(waiting, 2)) == 1

    async def test_a_second_poll_ends_the_first(self, sandbox: Sandbox) -> None:
        first = asyncio.create_task(sandbox.bot.get_updates(timeout=10))
        await asyncio.sleep(0.2)
        second = asyncio.create_task(sandbox.bot.get_updates(timeout=10))
        with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
            await asyncio.wait_for(first, 2)
        await sandbox.say("hi")
        assert len(await asyncio.wait_for(second, 2)) == 1

    async def test_not_while_a_webhook_is_set(self, sandbox: Sandbox) -> None:
        await sandbox.bot.set_webhook("http://127.0.0.1:9/")
        with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
            await sandbox.bot.get_updates()

    async def test_only_allowed_kinds_come_and_the_list_is_kept(self, sandbox: Sandbox) -> None:
        await sandbox.bot.get_updates(allowed_updates=["callback_query"])
        await sandbox.say("unheard")
        assert await sandbox.bot.get_updates() == []
        assert (await sandbox.bot.get_webhook_info()).allowed_updates == ["callback_query"]


@dataclass
class Receiver:
    """A webhook that refuses as often as it is told to."""

    url: str = ""
    secrets: list[str | None] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    refuse: int = 0
    slow: float = 0.0


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    app, receiver = FastAPI(), Receiver()

    @app.post("/hook")
    async def hook(request: Request) -> Response:
        update = Update.model_validate(await request.json())
        assert update.message is not None
        receiver.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        receiver.seen.append(f"{update.message.chat.id}:{update.message.text}")
        await asyncio.sleep(receiver.slow)
        if receiver.refuse:
            receiver.refuse -= 1
            return Response(status_code=503)
        return Response()

    async with serve(app) as url:
        receiver.url = f"{url}/hook"
        yield receiver


class TestWebhook:
    async def wait(self, sandbox: Sandbox) -> None:
        async with asyncio.timeout(5):
            while (await sandbox.bot.get_webhook_info()).pending_update_count:  # over HTTP
                await asyncio.sleep(0.02)

    async def test_updates_are_delivered_with_the_secret(self, sandbox: Sandbox, receiver: Receiver) -> None:
        await sandbox.say("before")
        await sandbox.bot.set_webhook(receiver.url, secret_token="s3cret")
        await sandbox.say("after")
        await self.wait(sandbox)
        assert receiver.seen == ["5:before", "5:after"]
        assert receiver.secrets == ["s3cret", "s3cret"]

    async def test_a_refused_update_comes_again_before_the_next_of_its_chat(
        self, sandbox: Sandbox, receiver: Receiver
    ) -> None:
        receiver.refuse = 2
        await sandbox.bot.set_webhook(receiver.url)
        await sandbox.say("one")
        await sandbox.say("two")
        await self.wait(sandbox)
        assert receiver.seen == ["5:one", "5:one", "5:one", "5:two"]
        info = await sandbox.bot.get_webhook_info()
        assert info.last_error_message == "Wrong response from the webhook: 503 Service Unavailable"

    async def test_chats_do_not_wait_for_each_other(self, sandbox: Sandbox, receiver: Receiver) -> None:
        receiver.slow = 0.3
        await sandbox.bot.set_webhook(receiver.url)
        for user in range(1, 6):
            await sandbox.say("hi", user=user)
        since = asyncio.get_running_loop().time()
        await self.wait(sandbox)
        assert asyncio.get_running_loop().time() - since < 1.2

    async def test_deleting_keeps_what_waits(self, sandbox: Sandbox) -> None:
        await sandbox.bot.set_webhook("http://127.0.0.1:9/")
        await sandbox.say("hi")
        await sandbox.bot.delete_webhook()
        assert len(await sandbox.bot.get_updates()) == 1

    async def test_it_may_be_set_once_a_second(self, sandbox: Sandbox) -> None:
        await sandbox.bot.set_webhook("http://127.0.0.1:9/")
        with pytest.raises(TelegramRetryAfter):
            await sandbox.bot.set_webhook("http://127.0.0.1:9/")

    @pytest.mark.parametrize(
        ("arguments", "refusal"),
        [
            ({"url": "http://tarot.example/"}, "bad webhook: An HTTPS URL must be provided for webhook"),
            (
                {"url": "https://tarot.example:8000/"},
                "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
            ),
            ({"url": "https://127.0.0.1/"}, "bad webhook: IP address 127.0.0.1 is reserved"),
            ({"url": "https://"}, "invalid webhook URL specified"),
            (
                {"url": "https://tarot.example/", "secret_token": "a b"},
                "secret token contains unallowed characters",
            ),
            ({"url": "https://tarot.example/", "secret_token": "a" * 257}, "secret token is too long"),
        ],
    )
    async def test_refusals(self, arguments: dict[str, str], refusal: str) -> None:
        async with sandbox_of(local=False) as sandbox:
            answer = await sandbox.http.post(f"/bot{TOKEN}/setWebhook", json=arguments)
            assert answer.json()["description"] == f"Bad Request: {refusal}"
