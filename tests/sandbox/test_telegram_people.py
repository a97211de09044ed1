"""People at the desk: reply keyboards and what they hand over, drafts, menus, changes, Mini Apps."""

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramUnauthorizedError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeChatAdministrators,
    ChatAdministratorRights,
    KeyboardButton,
    KeyboardButtonRequestChat,
    KeyboardButtonRequestManagedBot,
    KeyboardButtonRequestUsers,
    MenuButtonWebApp,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    WebAppInfo,
)
from aiogram.utils.web_app import safe_parse_webapp_init_data

from tests.sandbox.conftest import BOT, TOKEN, Sandbox, sandbox_of


def keys(*buttons: KeyboardButton, once: bool = False) -> ReplyKeyboardMarkup:
    return ReplyKeyboardMarkup(keyboard=[[button] for button in buttons], one_time_keyboard=once)


def rights(*given: str) -> ChatAdministratorRights:
    required = [name for name, field in ChatAdministratorRights.model_fields.items() if field.is_required()]
    return ChatAdministratorRights(**(dict.fromkeys(required, False) | dict.fromkeys(given, True)))


async def chat_of(sandbox: Sandbox, person: int = 5) -> dict[str, Any]:
    """The private chat with the bot as the person sees it."""
    shown: list[dict[str, Any]] = await sandbox.get("chats", person=person)
    return next(chat for chat in shown if chat.get("bot") == BOT)


class TestKeyboards:
    async def test_words_and_contact(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        keyboard = keys(KeyboardButton(text="Расклад"), KeyboardButton(text="Телефон", request_contact=True))
        sent = await sandbox.bot.send_message(5, "Menu", reply_markup=keyboard)
        assert sent.reply_markup is None
        assert (await chat_of(sandbox))["reply_keyboard"]["keyboard"][0] == [{"text": "Расклад"}]
        await sandbox.updates()
        await sandbox.post("keyboard", user=5, bot=BOT, text="Расклад")
        await sandbox.post("keyboard", user=5, bot=BOT, text="Телефон", code=422)
        await sandbox.post("keyboard", user=5, bot=BOT, text="Телефон", contact=True)
        await sandbox.post("keyboard", user=5, bot=BOT, text="Нет такой", code=404)
        words, contact = [update.message for update in await sandbox.updates()]
        assert words is not None
        assert contact is not None
        assert contact.contact is not None
        assert (words.text, contact.contact.user_id) == ("Расклад", 5)
        await sandbox.bot.send_message(5, "Gone", reply_markup=ReplyKeyboardRemove())
        assert (await chat_of(sandbox))["reply_keyboard"] is None

    async def test_a_group_is_shared_and_the_bot_let_in(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi", user=1)
        owner = {"id": 1, "first_name": "Ольга"}
        forum = (await sandbox.post("groups", title="Staff", is_forum=True, owner=owner))["chat"]["id"]
        plain = (await sandbox.post("groups", title="Plain", owner=owner))["chat"]["id"]
        foreign = (await sandbox.post("groups", title="Other", is_forum=True, owner={"id": 2}))["chat"]["id"]
        wanted = KeyboardButtonRequestChat(
            request_id=7,
            chat_is_channel=False,
            chat_is_forum=True,
            bot_administrator_rights=rights("can_manage_topics", "can_pin_messages"),
            user_administrator_rights=rights("can_manage_topics", "can_pin_messages", "can_promote_members"),
            request_title=True,
        )
        keyboard = keys(KeyboardButton(text="Выбрать группу", request_chat=wanted), once=True)
        await sandbox.bot.send_message(1, "Connect", reply_markup=keyboard)
        await sandbox.updates()
        body = {"user": 1, "bot": BOT, "text": "Выбрать группу"}
        await sandbox.post("keyboard", **body, chat_shared={"chat_id": plain}, code=409)
        await sandbox.post("keyboard", **body, chat_shared={"chat_id": foreign}, code=403)
        await sandbox.post("members", chat=foreign, user=1, status="administrator", rights={"can_manage_topics": True})
        await sandbox.post("keyboard", **body, chat_shared={"chat_id": foreign}, code=409)
        await sandbox.post("keyboard", **body, chat_shared={"chat_id": forum})
        updates = await sandbox.updates()
        shared = updates[-1].message
        assert shared is not None
        assert shared.chat_shared is not None
        assert (shared.chat_shared.chat_id, shared.chat_shared.request_id, shared.chat_shared.title) == (
            forum,
            7,
            "Staff",
        )
        assert updates[0].my_chat_member is not None
        mine = await sandbox.bot.get_chat_member(forum, BOT)
        assert mine.model_dump(include={"status", "can_manage_topics", "can_pin_messages", "can_delete_messages"}) == {
            "status": "administrator",
            "can_manage_topics": True,
            "can_pin_messages": True,
            "can_delete_messages": False,
        }
        assert (await chat_of(sandbox, 1))["reply_keyboard"] is None

    async def test_people_are_shared(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.post("people", id=6, first_name="Маша", username="masha")
        wanted = KeyboardButtonRequestUsers(request_id=1, max_quantity=2, request_name=True)
        await sandbox.bot.send_message(5, "Whom?", reply_markup=keys(KeyboardButton(text="Друг", request_users=wanted)))
        await sandbox.updates()
        await sandbox.post("keyboard", user=5, bot=BOT, text="Друг", users_shared={"user_ids": [6]})
        (update,) = await sandbox.updates()
        assert update.message is not None
        assert update.message.users_shared is not None
        (shared,) = update.message.users_shared.users
        assert (shared.user_id, shared.first_name, shared.username) == (6, "Маша", None)

    async def test_a_bot_is_made_to_be_managed(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        wanted = KeyboardButtonRequestManagedBot(request_id=1, suggested_name="Нова", suggested_username="nova_bot")
        keyboard = keys(KeyboardButton(text="Новый бот", request_managed_bot=wanted))
        await sandbox.bot.send_message(5, "Make one", reply_markup=keyboard)
        await sandbox.updates()
        await sandbox.post("keyboard", user=5, bot=BOT, text="Новый бот", managed_bot={})
        made, told = await sandbox.updates()
        assert made.managed_bot is not None
        assert told.message is not None
        assert told.message.managed_bot_created is not None
        new = made.managed_bot.bot_user
        assert (new.username, made.managed_bot.user.id) == ("nova_bot", 5)
        token = await sandbox.bot.get_managed_bot_token(new.id)
        assert (await sandbox.http.get(f"/bot{token}/getMe")).json()["result"]["first_name"] == "Нова"
        replaced = await sandbox.bot.replace_managed_bot_token(new.id)
        assert (await sandbox.http.get(f"/bot{token}/getMe")).status_code == 401
        assert (await sandbox.http.get(f"/bot{replaced}/getMe")).status_code == 200
        assert [update.managed_bot is not None for update in await sandbox.updates()] == [True]
        assert await sandbox.refusal("getManagedBotToken", user_id=BOT) == "Bad Request: BOT_INVALID"
        await sandbox.post("keyboard", user=5, bot=BOT, text="Новый бот", managed_bot={}, code=409)

    @pytest.mark.parametrize(
        ("button", "refusal"),
        [
            ({"text": " "}, "keyboard button text must be non-empty"),
            ({"text": "x", "request_contact": True}, "phone number can be requested in private chats only"),
            (
                {"text": "x", "request_chat": {"request_id": 1, "chat_is_channel": False}},
                "chats can be requested in private chats only",
            ),
        ],
    )
    async def test_refusals(self, sandbox: Sandbox, button: dict[str, Any], refusal: str) -> None:
        staff = await sandbox.staff()
        words = await sandbox.refusal("sendMessage", chat_id=staff, text="x", reply_markup={"keyboard": [[button]]})
        assert words == f"Bad Request: {refusal}"

    async def test_rights_of_the_bot_are_among_those_of_the_person(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        wanted = KeyboardButtonRequestChat(
            request_id=7, chat_is_channel=False, bot_administrator_rights=rights("can_manage_topics")
        )
        with pytest.raises(TelegramBadRequest, match="not so: can_manage_topics"):
            await sandbox.bot.send_message(5, "x", reply_markup=keys(KeyboardButton(text="x", request_chat=wanted)))


class TestDrafts:
    async def test_a_draft_is_shown_until_the_message_comes(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        for text in ("Кар", "Карты"):
            await sandbox.bot.send_message_draft(5, 3, text=text)
        draft = (await chat_of(sandbox))["draft"]
        assert (draft["draft_id"], draft["text"]) == (3, "Карты")
        await sandbox.bot.send_message(5, "Карты легли.")
        assert (await chat_of(sandbox))["draft"] is None
        staff = await sandbox.staff()
        assert "private chats" in await sandbox.refusal("sendMessageDraft", chat_id=staff, draft_id=1, text="x")
        assert await sandbox.refusal("sendMessageDraft", chat_id=5, text="x") == "Bad Request: RANDOM_ID_EMPTY"


class TestMenus:
    async def test_commands_by_scope(self, sandbox: Sandbox) -> None:
        staff = await sandbox.staff()
        await sandbox.say("hi")
        for scope, name in (
            (None, "default"),
            (BotCommandScopeAllPrivateChats(), "private"),
            (BotCommandScopeChat(chat_id=5), "five"),
            (BotCommandScopeChatAdministrators(chat_id=staff), "admin"),
        ):
            await sandbox.bot.set_my_commands([BotCommand(command=name, description="x")], scope=scope)
        assert [(await chat_of(sandbox, person))["commands"][0]["command"] for person in (5, 6)] == ["five", "private"]
        await sandbox.bot.delete_my_commands(scope=BotCommandScopeChat(chat_id=5))
        assert (await chat_of(sandbox))["commands"][0]["command"] == "private"
        words = await sandbox.refusal("setMyCommands", commands=[], scope={"type": "chat", "chat_id": 99})
        assert words == "Bad Request: chat not found"
        many = [{"command": f"c{number}", "description": "x"} for number in range(101)]
        assert await sandbox.refusal("setMyCommands", commands=many) == "Bad Request: BOT_COMMANDS_TOO_MUCH"

    async def test_default_rights_and_menu_buttons_of_one_chat(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.bot.set_my_default_administrator_rights(rights("can_manage_topics"))
        given = await sandbox.bot.get_my_default_administrator_rights()
        assert (given.can_manage_topics, given.can_pin_messages) == (True, False)
        button = MenuButtonWebApp(text="Open", web_app=WebAppInfo(url="https://tarot.example/luna/"))
        await sandbox.bot.set_chat_menu_button(5, button)
        assert ((await chat_of(sandbox))["menu_button"]["text"]) == "Open"
        assert ((await chat_of(sandbox, 6))["menu_button"]["type"]) == "commands"


class TestChanges:
    async def test_a_poll_waits_and_names_what_came(self, sandbox: Sandbox) -> None:
        seq = (await sandbox.get("changes", after=0, wait=0))["seq"]
        waiting = asyncio.create_task(sandbox.get("changes", after=seq, wait=10))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await sandbox.say("hi")
        (change,) = (await asyncio.wait_for(waiting, 3))["changes"]
        assert (change["kind"], change["bot"], change["chat"], change["message"]["text"]) == ("message", BOT, 5, "hi")
        await sandbox.bot.send_message_draft(5, 1, text="x")
        later = await sandbox.get("changes", after=change["seq"], wait=0)
        assert [change["kind"] for change in later["changes"]] == ["draft"]
        assert (await sandbox.get("changes", after=10**6, wait=0))["reset"] is True

    async def test_a_stream_of_events(self, sandbox: Sandbox) -> None:
        async with sandbox.http.stream("GET", "/sandbox/events", params={"after": 0}) as stream:
            lines = stream.aiter_lines()
            await sandbox.say("hi")
            async for line in lines:
                if line.startswith("data: "):
                    assert json.loads(line.removeprefix("data: "))["message"]["text"] == "hi"
                    break


class TestBlocking:
    async def test_a_blocked_bot_may_not_write_and_nobody_writes_to_it(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.post("block", user=5, bot=BOT, blocked=True)
        assert await sandbox.refusal("sendMessage", chat_id=5, text="x") == "Forbidden: bot was blocked by the user"
        await sandbox.post("say", user=5, bot=BOT, text="x", code=409)
        await sandbox.post("block", user=5, bot=BOT, blocked=False)
        await sandbox.bot.send_message(5, "x")
        changes = [update.my_chat_member for update in await sandbox.updates() if update.my_chat_member]
        assert [change.new_chat_member.status for change in changes] == ["kicked", "member"]


class TestApps:
    async def test_launch_data_is_signed(self) -> None:
        async with sandbox_of(test_environment=True) as sandbox:
            person = {"id": 5, "first_name": "Анна", "language_code": "ru"}
            body = {"user": person, "bot": BOT, "url": "http://127.0.0.1:8000/luna/?a=1", "start_param": "r_5"}
            opened = await sandbox.post("open-app", **body)
            parts = urlsplit(opened["url"])
            assert parse_qs(parts.query) == {"a": ["1"], "tgWebAppStartParam": ["r_5"]}
            launch = parse_qs(parts.fragment)
            assert {"tgWebAppVersion", "tgWebAppPlatform", "tgWebAppThemeParams"} <= launch.keys()
            data = safe_parse_webapp_init_data(TOKEN, launch["tgWebAppData"][0])
            assert data.user is not None
            assert (data.user.id, data.user.language_code, data.start_param) == (5, "ru", "r_5")
            with pytest.raises(ValueError, match="Invalid init data signature"):
                safe_parse_webapp_init_data(f"{BOT}:SANDBOX-other", launch["tgWebAppData"][0])
            await sandbox.post("open-app", user=5, bot=BOT, url="javascript:alert(1)", code=422)

    async def test_data_of_an_app(self, sandbox: Sandbox) -> None:
        await sandbox.say("hi")
        await sandbox.updates()
        await sandbox.post("web-app-data", user=5, bot=BOT, button_text="Open", data="42")
        (update,) = await sandbox.updates()
        assert update.message is not None
        assert update.message.web_app_data is not None
        assert update.message.web_app_data.data == "42"


async def test_a_revoked_token_of_a_managed_bot_is_refused(sandbox: Sandbox) -> None:
    await sandbox.http.delete(f"/sandbox/bots/{BOT}")
    with pytest.raises(TelegramUnauthorizedError):
        await sandbox.bot.get_me()


async def test_a_wrong_answer_of_the_sandbox_is_loud(sandbox: Sandbox) -> None:
    """What is pushed word for word has to be an update; what the sandbox itself gets wrong is a defect."""
    order = {"bot": BOT, "kind": "message", "content": {"message_id": 1}}
    answer = await sandbox.http.post("/sandbox/updates", json=order)
    assert answer.status_code == 422
    assert "message.date" in answer.text
