"""The sandbox's Telegram behaves as the real one: answers that aiogram reads, refusals word for word."""

from typing import Any

import pytest
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    MenuButtonWebApp,
    Message,
    WebAppInfo,
)

from app.sandbox.telegram.markup import parse_html
from tests.sandbox.conftest import BOT, TOKEN, Sandbox, keyboard, sandbox_of


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
