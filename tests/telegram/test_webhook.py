"""The address that Telegram delivers to: who is let in, what is kept, and what is said when it cannot be."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest

from app.kit import json
from app.settings import Settings
from app.telegram.directory import WebhookDirectory
from app.worker.container import open_worker_container
from tests.conftest import Api, open_api
from tests.telegram.conftest import Wire, message

SECRET = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Door:
    """The API with the demo's bots, as Telegram sees it."""

    api: Api
    webhooks: WebhookDirectory
    bot_id: int
    project_id: int

    async def deliver(self, body: bytes, *, secret: str | None = None, webhook_id: str | None = None) -> httpx.Response:
        webhook = self.webhooks.webhook(self.bot_id)
        headers = {SECRET: webhook.secret if secret is None else secret, "content-type": "application/json"}
        return await self.api.client.post(
            f"/telegram/webhook/{webhook_id or webhook.id}", content=body, headers=headers
        )

    async def kept(self) -> int:
        async with self.api.database.connection() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM telegram_updates")
        return count


@asynccontextmanager
async def door_of(settings: Settings) -> AsyncIterator[Door]:
    async with open_api(settings) as api, open_worker_container(settings) as container:
        await container.catalogue.reload()
        project = next(project for project in container.catalogue.library().projects if project.bot)
        assert project.bot is not None
        yield Door(api, container.webhooks, project.bot.id, project.id)


@pytest.fixture
async def door(settings: Settings) -> AsyncIterator[Door]:
    async with door_of(settings) as door:
        yield door


class TestAccepted:
    async def test_it_is_kept_once(self, door: Door) -> None:
        body = json.dumps(message(7, "Привет"))
        for _ in range(3):
            answer = await door.deliver(body)
            assert (answer.status_code, answer.content) == (200, b"")
        assert await door.kept() == 1
        async with door.api.database.connection() as connection:
            row = await connection.fetchrow("SELECT * FROM telegram_updates")
        assert row is not None
        assert (row["bot_id"], row["update_id"], row["chat_id"]) == (door.bot_id, 7, 5)
        assert (row["project_id"], row["state"], row["payload"]) == (
            door.project_id,
            "pending",
            message(7, "Привет"),
        )


class TestRefused:
    async def test_a_stranger_learns_nothing_and_nothing_is_kept(self, door: Door) -> None:
        body = json.dumps(message(1))
        webhook = door.webhooks.webhook(door.bot_id)
        other = door.webhooks.webhook(door.bot_id + 1)
        answers = [
            await door.deliver(body, secret="wrong"),
            await door.deliver(body, secret=""),
            await door.deliver(body, secret=other.secret),
            await door.deliver(body, webhook_id=other.id, secret=other.secret),
            await door.deliver(body, webhook_id="0" * 32, secret=webhook.secret),
            await door.api.client.post(f"/telegram/webhook/{webhook.id}", content=body),
        ]
        assert {(answer.status_code, answer.content) for answer in answers} == {
            (404, b'{"error":"not_found","detail":"There is nothing here."}')
        }
        assert await door.kept() == 0

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff\xfe",
            b'{"message": {}}',
            b'{"update_id": "7"}',
            b'{"update_id": true}',
            b'{"update_id": -1}',
            b'{"update_id": 1.5}',
            b'{"update_id": 99999999999999999999}',
            b'{"update_id": 1, "message": {"text": "a\\u0000b"}}',
            b'{"update_id": 1, "message": {"text": "\\ud800"}}',
            b'{"update_id": 1, "message": ' + b"[" * 2000 + b"]" * 2000 + b"}",
        ],
    )
    async def test_what_is_no_update_is_a_400_and_is_not_kept(self, door: Door, body: bytes) -> None:
        answer = await door.deliver(body)
        assert (answer.status_code, answer.json()["error"]) == (400, "malformed_update")
        assert await door.kept() == 0

    async def test_a_huge_body_is_refused(self, door: Door) -> None:
        answer = await door.deliver(json.dumps({"update_id": 1, "text": "x" * 250_000}))
        assert answer.status_code == 413
        assert await door.kept() == 0


async def test_without_postgres_telegram_is_asked_to_send_again(settings: Settings) -> None:
    body = json.dumps(message(1))
    async with AsyncExitStack() as stack:
        wire = await stack.enter_async_context(Wire.to(settings.database_url))
        door = await stack.enter_async_context(door_of(settings.model_copy(update={"database_url": wire.url})))
        await wire.cut()
        answer = await door.deliver(body)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        await wire.mend()
        assert (await door.deliver(body)).status_code == 200
        assert await door.kept() == 1


def test_ids_and_secrets_are_opaque_and_the_same_in_every_process(settings: Settings) -> None:
    class Empty:
        def library(self) -> object:
            raise AssertionError

    first = WebhookDirectory(secret="one", catalogue=Empty()).webhook(123456)  # type: ignore[arg-type]  # the look-up asks for no library
    again = WebhookDirectory(secret="one", catalogue=Empty()).webhook(123456)  # type: ignore[arg-type]  # the look-up asks for no library
    other = WebhookDirectory(secret="two", catalogue=Empty()).webhook(123456)  # type: ignore[arg-type]  # the look-up asks for no library
    assert first == again
    assert first.id != other.id
    assert first.secret != other.secret
    assert "123456" not in first.id + first.secret
    assert (len(first.id), len(first.secret)) == (32, 64)
