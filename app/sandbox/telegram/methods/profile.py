"""Who a bot is and how it presents itself: getMe, commands, names, descriptions, the menu button."""

import re
from typing import Any

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.links import check_link
from app.sandbox.telegram.members import ADMINISTRATOR_RIGHTS
from app.sandbox.telegram.methods.request import ApiRequest, Method

LANGUAGE_CODE = re.compile(r"[a-z]{2}|")
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
COMMANDS = 100
SCOPES: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
LENGTHS = {"name": 64, "description": 512, "short_description": 120}


async def get_me(request: ApiRequest) -> dict[str, Any]:
    return {
        **request.bot.user(),
        "can_join_groups": True,
        "can_read_all_group_messages": request.bot.reads_all,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "can_manage_bots": request.bot.manages_bots,
    }


def _scope(request: ApiRequest) -> str:
    scope = request.json("scope", what="BotCommandScope") or {"type": "default"}
    if not isinstance(scope, dict) or "type" not in scope:
        raise bad_request("Can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = str(scope["type"])
    if kind not in SCOPES:
        raise bad_request("Can't parse BotCommandScope: Unsupported type specified")
    needed = SCOPES[kind]
    for name in needed:
        if not str(scope.get(name, "")).lstrip("-").isdigit():
            raise bad_request(f"Can't parse BotCommandScope: Can't find field \"{name}\"")
    if needed:
        chat = request.desk.find_chat(request.bot, int(scope["chat_id"]))
        if chat is None:
            raise bad_request("chat not found")
        if chat.private and kind != "chat":
            raise bad_request("can't use specified scope in private chats")
    return ":".join([kind, *(str(scope[name]) for name in needed)])


def _language(request: ApiRequest) -> str:
    code = request.text("language_code")
    if not LANGUAGE_CODE.fullmatch(code):
        raise bad_request("Invalid language code specified")
    return code


async def set_my_commands(request: ApiRequest) -> bool:
    commands = request.json("commands", what="commands") or []
    if not isinstance(commands, list):
        raise bad_request("Expected an Array of BotCommand")
    if len(commands) > COMMANDS:
        raise ApiError(400, "Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not isinstance(command, dict) or not {"command", "description"} <= command.keys():
            raise bad_request("Can't parse BotCommand: expected an Object")
        name, description = str(command["command"]).removeprefix("/"), str(command["description"]).strip()
        if not name:
            raise bad_request("Command must be non-empty")
        if len(name) > 32:
            raise bad_request("Command length must not exceed 32")
        if not COMMAND.fullmatch(name):
            raise ApiError(400, "Bad Request: BOT_COMMAND_INVALID")
        if not description:
            raise bad_request("Command description must be non-empty")
        if len(description) > 256:
            raise bad_request("Command description length must not exceed 256")
    request.bot.commands[f"{_scope(request)}/{_language(request)}"] = commands
    request.desk.journal.add("commands", bot_id=request.bot.id)
    return True


async def get_my_commands(request: ApiRequest) -> list[dict[str, Any]]:
    return request.bot.commands.get(f"{_scope(request)}/{_language(request)}", [])


async def delete_my_commands(request: ApiRequest) -> bool:
    request.bot.commands.pop(f"{_scope(request)}/{_language(request)}", None)
    request.desk.journal.add("commands", bot_id=request.bot.id)
    return True


def _setter(field: str) -> Method:
    async def set_text(request: ApiRequest) -> bool:
        value = request.text(field)
        if len(value) > LENGTHS[field]:
            raise ApiError(400, f"Bad Request: BOT_{'TITLE' if field == 'name' else 'ABOUT'}_TOO_LONG")
        request.bot.texts.setdefault(field, {})[_language(request)] = value
        return True

    return set_text


def _getter(field: str) -> Method:
    async def get_text(request: ApiRequest) -> dict[str, str]:
        texts = request.bot.texts.get(field, {})
        fallback = request.bot.name if field == "name" else ""
        return {field: texts.get(_language(request)) or texts.get("", fallback)}

    return get_text


async def set_chat_menu_button(request: ApiRequest) -> bool:
    button = request.json("menu_button", what="menu button") or {"type": "default"}
    if not isinstance(button, dict):
        raise bad_request("MenuButton must be an Object")
    kind = button.get("type")
    if kind not in ("default", "commands", "web_app"):
        raise bad_request("Can't parse menu button: MenuButton has unsupported type")
    if kind == "web_app":
        if not str(button.get("text", "")).strip():
            raise bad_request("Menu button text must be non-empty")
        url = button["web_app"].get("url") if isinstance(button.get("web_app"), dict) else None
        if not isinstance(url, str):
            raise bad_request("Can't parse menu button: Can't find field \"web_app\"")
        https_only = not request.desk.test_environment
        check_link(url, what="Menu button Web App", https_only=https_only, web=True)
    chat_id = request.integer("chat_id", 0)
    if chat_id and ((chat := request.desk.find_chat(request.bot, chat_id)) is None or not chat.private):
        raise bad_request("chat not found")
    request.bot.menu_buttons[chat_id] = button
    request.desk.journal.add("menu", bot_id=request.bot.id)
    return True


async def get_chat_menu_button(request: ApiRequest) -> dict[str, Any]:
    return request.bot.menu_button(request.integer("chat_id", 0))


async def set_my_default_administrator_rights(request: ApiRequest) -> bool:
    rights = request.json("rights", what="ChatAdministratorRights") or {}
    if not isinstance(rights, dict):
        raise bad_request("ChatAdministratorRights must be an Object")
    request.bot.default_rights[request.flag("for_channels")] = rights
    return True


async def get_my_default_administrator_rights(request: ApiRequest) -> dict[str, bool]:
    rights = request.bot.default_rights.get(request.flag("for_channels"), {})
    return {right: rights.get(right, False) for right in ("is_anonymous", *ADMINISTRATOR_RIGHTS)}


async def get_user_profile_photos(request: ApiRequest) -> dict[str, Any]:
    """Nobody here has a picture."""
    if request.desk.people.get(request.integer("user_id", 0)) is None:
        raise bad_request("user not found")
    return {"total_count": 0, "photos": []}


METHODS: dict[str, Method] = {
    "getUserProfilePhotos": get_user_profile_photos,
    "setMyDefaultAdministratorRights": set_my_default_administrator_rights,
    "getMyDefaultAdministratorRights": get_my_default_administrator_rights,
    "getMe": get_me,
    "setMyCommands": set_my_commands,
    "getMyCommands": get_my_commands,
    "deleteMyCommands": delete_my_commands,
    "setMyName": _setter("name"),
    "getMyName": _getter("name"),
    "setMyDescription": _setter("description"),
    "getMyDescription": _getter("description"),
    "setMyShortDescription": _setter("short_description"),
    "getMyShortDescription": _getter("short_description"),
    "setChatMenuButton": set_chat_menu_button,
    "getChatMenuButton": get_chat_menu_button,
}
