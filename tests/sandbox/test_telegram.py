"""The sandbox's Telegram behaves as the real one: answers that aiogram reads, refusals word for word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    MenuButtonWebApp,
    Message,
    Update,
    WebAppInfo,
)
from fastapi import FastAPI, Request, Response

from app.sandbox.telegram import create_app
from app.sandbox.telegram.markup import parse_html
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


class TestAccess:
    @pytest.mark.parametrize(
        ("path", "status", "description"),
        [
            ("/bot700000001:SANDBOX-other/getMe", 401, "Unauthorized"),
            ("/bot12/getMe", 404, "Not Found"),
            ("/botnonsense/getMe", 404, "Not Found"),
            (f"/bot{TOKEN}", 404, "Not Found"),
            (f"/bot{TOKEN}/getNothing", 404, "Not Found: method not found"),
            (f"/bot{TOKEN}/test/getMe", 404, "Not Found: method not found"),
        ],
    )
    async def test_refusals(self, sandbox: Sandbox, path: str, status: int, description: str) -> None:
        answer = await sandbox.http.post(path)
        assert answer.status_code == status
        assert answer.json() == {"ok": False, "error_code": status, "description": description}

    async def test_a_new_token_revokes_the_old_one(self, sandbox: Sandbox) -> None:
        await sandbox.http.post("/sandbox/bots", json={"token": f"{BOT}:SANDBOX-two"})
        with pytest.raises(TelegramUnauthorizedError):
            await sandbox.bot.get_me()

    async def test_arguments_come_by_query_form_multipart_and_json(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        address = f"/bot{TOKEN}/sendMessage"
        values = {"chat_id": "5", "text": "Привет"}
        answers = [
            await sandbox.http.get(address, params=values),
            await sandbox.http.post(address, data=values),
            await sandbox.http.post(address, files={name: (None, value) for name, value in values.items()}),
            await sandbox.http.post(address, json={**values, "chat_id": 5}),
        ]
        assert [answer.json()["result"]["text"] for answer in answers] == ["Привет"] * 4


class TestProfile:
    async def test_commands_texts_and_menu_button_are_kept(self, sandbox: Sandbox) -> None:
        bot = sandbox.bot
        me = await bot.get_me()
        assert (me.id, me.username, me.first_name) == (BOT, "luna_bot", "Luna")
        await bot.set_my_commands([BotCommand(command="start", description="Begin")], language_code="en")
        assert [command.command for command in await bot.get_my_commands(language_code="en")] == ["start"]
        assert await bot.get_my_commands() == []
        await bot.set_my_name("Луна", language_code="ru")
        assert (await bot.get_my_name(language_code="ru")).name == "Луна"
        assert (await bot.get_my_name()).name == "Luna"
        await bot.set_my_description("About")
        assert (await bot.get_my_description(language_code="ru")).description == "About"
        await bot.set_my_short_description("Short")
        assert (await bot.get_my_short_description()).short_description == "Short"
        button = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="https://tarot.example/luna/"))
        await bot.set_chat_menu_button(menu_button=button)
        assert (await bot.get_chat_menu_button()).model_dump() == button.model_dump()

    @pytest.mark.parametrize(
        ("command", "refusal"),
        [
            ({"command": "", "description": "x"}, "command must be non-empty"),
            ({"command": "x" * 33, "description": "x"}, "command length must not exceed 32"),
            ({"command": "Start", "description": "x"}, "BOT_COMMAND_INVALID"),
            ({"command": "start", "description": " "}, "command description must be non-empty"),
            (
                {"command": "start", "description": "x" * 257},
                "command description length must not exceed 256",
            ),
        ],
    )
    async def test_bad_commands(self, sandbox: Sandbox, command: dict[str, str], refusal: str) -> None:
        answer = await sandbox.http.post(f"/bot{TOKEN}/setMyCommands", json={"commands": [command]})
        assert answer.json()["description"] == f"Bad Request: {refusal}"

    async def test_the_menu_button_opens_https_only(self, sandbox: Sandbox) -> None:
        button = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="http://127.0.0.1:8000/luna/"))
        with pytest.raises(TelegramBadRequest) as refused:
            await sandbox.bot.set_chat_menu_button(menu_button=button)
        assert refused.value.message == (
            "Bad Request: menu button Web App URL 'http://127.0.0.1:8000/luna/' is invalid: "
            "Only HTTPS links are allowed"
        )


class TestMessages:
    async def test_an_answer_is_a_message_that_aiogram_reads(self, sandbox: Sandbox) -> None:
        said = await sandbox.say("/start abc")
        read = Message.model_validate(said["message"])
        assert read.entities is not None
        assert (read.entities[0].type, read.entities[0].length) == ("bot_command", 6)
        markup = keyboard(web_app=WebAppInfo(url="https://tarot.example/luna/"))
        sent = await sandbox.bot.send_message(5, "<b>Привет 🙂</b>!", parse_mode="HTML", reply_markup=markup)
        assert sent.text == "Привет 🙂!"
        assert sent.entities is not None
        assert [(entity.type, entity.offset, entity.length) for entity in sent.entities] == [("bold", 0, 9)]
        assert sent.reply_markup is not None
        assert sent.reply_markup.model_dump() == markup.model_dump()
        chat = (await sandbox.http.get("/sandbox/chats/5", params={"bot": BOT})).json()
        assert [message["text"] for message in chat["messages"]] == ["/start abc", "Привет 🙂!"]

    @pytest.mark.parametrize(
        ("arguments", "refusal"),
        [
            ({"text": "x"}, "chat_id is empty"),
            ({"chat_id": 6, "text": "x"}, "chat not found"),
            ({"chat_id": "nonsense", "text": "x"}, "chat not found"),
            ({"chat_id": 5}, "message text is empty"),
            ({"chat_id": 5, "text": " \n"}, "message text is empty"),
            ({"chat_id": 5, "text": "я" * 4097}, "message is too long"),
            ({"chat_id": 5, "text": "я" * 20000}, "text is too long"),
            ({"chat_id": 5, "text": "x", "parse_mode": "Wiki"}, "unsupported parse_mode"),
            (
                {"chat_id": 5, "text": "x", "reply_markup": "{"},
                "can't parse reply keyboard markup JSON object",
            ),
            ({"chat_id": 5, "text": "x", "reply_markup": []}, "object expected as reply markup"),
        ],
    )
    async def test_refusals(self, sandbox: Sandbox, arguments: dict[str, Any], refusal: str) -> None:
        await sandbox.say("hi")
        answer = await sandbox.http.post(f"/bot{TOKEN}/sendMessage", json=arguments)
        assert answer.json() == {"ok": False, "error_code": 400, "description": f"Bad Request: {refusal}"}

    @pytest.mark.parametrize(
        ("button", "refusal"),
        [
            (
                {"text": "x", "web_app": {"url": "http://tarot.example/"}},
                "inline keyboard button Web App URL 'http://tarot.example/' is invalid: Only HTTPS links are allowed",
            ),
            (
                {"text": "x", "url": "http://localhost:8000/"},
                "inline keyboard button URL 'http://localhost:8000/' is invalid: Wrong HTTP URL",
            ),
            ({"text": "x", "url": "http://127.0.0.1:8000/"}, "BUTTON_URL_INVALID"),
            ({"text": "x", "callback_data": "я" * 33}, "BUTTON_DATA_INVALID"),
            ({"text": "", "url": "https://a.example/"}, "inline keyboard button text must be non-empty"),
            (
                {"text": "x"},
                "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
            ),
        ],
    )
    async def test_refused_buttons(self, sandbox: Sandbox, button: dict[str, Any], refusal: str) -> None:
        await sandbox.say("hi")
        body = {"chat_id": 5, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
        answer = await sandbox.http.post(f"/bot{TOKEN}/sendMessage", json=body)
        assert answer.json()["description"] == f"Bad Request: {refusal}"

    async def test_mini_apps_open_in_private_chats_only(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi", chat={"id": -100, "title": "Staff"})
        with pytest.raises(TelegramBadRequest, match="BUTTON_TYPE_INVALID"):
            markup = keyboard(web_app=WebAppInfo(url="https://tarot.example/"))
            await sandbox.bot.send_message(-100, "x", reply_markup=markup)

    async def test_the_test_environment_opens_http(self) -> None:
        async with sandbox_of(test_environment=True) as sandbox:
            await sandbox.say("hi")
            button = {"text": "x", "web_app": {"url": "http://127.0.0.1:8000/luna/"}}
            body = {"chat_id": 5, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
            answer = await sandbox.http.post(f"/bot{TOKEN}/test/sendMessage", json=body)
            assert answer.json()["result"]["reply_markup"] == body["reply_markup"]

    async def test_a_bot_that_was_blocked_is_refused(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        body = {"bot": BOT, "user": {"id": 5}, "status": "kicked"}
        await sandbox.http.post("/sandbox/chats/5/membership", json=body)
        with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
            await sandbox.bot.send_message(5, "hello")
        updates = await sandbox.bot.get_updates()
        assert updates[-1].my_chat_member is not None
        assert updates[-1].my_chat_member.new_chat_member.status == "kicked"


class TestMarkup:
    def test_entities(self) -> None:
        text, entities = parse_html(
            'a &lt;<b>b<i>c</i></b> <a href="https://x.example/?a=1&amp;b=2">d</a> <code>e</code> '
            '<tg-spoiler>f</tg-spoiler> <a href="nonsense">g</a>'
        )
        assert text == "a <bc d e f g"
        assert entities == [
            {"type": "bold", "offset": 3, "length": 2},
            {"type": "italic", "offset": 4, "length": 1},
            {"type": "text_link", "offset": 6, "length": 1, "url": "https://x.example/?a=1&b=2"},
            {"type": "code", "offset": 8, "length": 1},
            {"type": "spoiler", "offset": 10, "length": 1},
        ]

    @pytest.mark.parametrize(
        ("source", "refusal"),
        [
            ("я<q>", 'Unsupported start tag "q" at byte offset 2'),
            ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
            ("x</b>", "Unexpected end tag at byte offset 1"),
            ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
            ("1 < 2", "Unclosed start tag at byte offset 2"),
        ],
    )
    def test_refusals(self, source: str, refusal: str) -> None:
        with pytest.raises(Exception, match="can't parse entities") as refused:
            parse_html(source)
        assert str(refused.value) == f"Bad Request: can't parse entities: {refusal}"


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
