"""The reply keyboard: words, and what else its buttons hand over."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram import managed, posting
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.human.common import Place, desk_of, find_bot, find_group, find_person, find_place, view
from app.sandbox.telegram.markup import plain_text
from app.sandbox.telegram.membership import set_member
from app.sandbox.telegram.state import Desk

router = APIRouter()


class SharedChat(BaseModel):
    chat_id: int


class SharedUsers(BaseModel):
    user_ids: list[int]


class ManagedBot(BaseModel):
    """A bot to be made; without names those that the button suggests."""

    name: str | None = Field(None, min_length=1, max_length=64)
    username: str | None = Field(None, pattern=r"^[A-Za-z][A-Za-z0-9_]{1,28}[Bb][Oo][Tt]$")


class Key(Place):
    """What a button asks for goes with it: a group, people, a new bot, or (for a contact) the person's number."""

    text: str
    chat_shared: SharedChat | None = None
    users_shared: SharedUsers | None = None
    managed_bot: ManagedBot | None = None
    contact: bool = False
    phone_number: str | None = None


@router.post("/keyboard", status_code=201)
async def press_key(request: Request, key: Key) -> dict[str, Any]:
    """Presses a button of the reply keyboard."""
    desk = desk_of(request)
    user, chat = find_place(desk, key)
    if chat.blocked:
        raise HTTPException(409, "the person has blocked this bot")
    button = _button(chat, key.text)
    service = False
    if "request_chat" in button:
        if key.chat_shared is None:
            raise HTTPException(422, "the button asks for a chat")
        bot = find_bot(desk, chat.bot_id or 0)
        content = _share_chat(desk, bot, user, button["request_chat"], key.chat_shared.chat_id)
        service = True
    elif "request_users" in button:
        if key.users_shared is None:
            raise HTTPException(422, "the button asks for people")
        content, service = _share_users(desk, button["request_users"], key.users_shared.user_ids), True
    elif "request_managed_bot" in button:
        if key.managed_bot is None:
            raise HTTPException(422, "the button asks for a new bot")
        bot = find_bot(desk, chat.bot_id or 0)
        content, service = _make_bot(desk, bot, user, button["request_managed_bot"], key.managed_bot), True
    elif button.get("request_contact"):
        if not key.contact:
            raise HTTPException(422, "the button asks for the phone number")
        content = {"contact": _contact(user, key.phone_number)}
    else:
        content = plain_text(button["text"])
    if chat.keyboard is not None and chat.keyboard.get("one_time_keyboard"):
        chat.keyboard = None
        desk.journal.add("keyboard", chat=chat)
    made = posting.post(desk, chat, user, content, service=service)
    return {"message": view(made, chat), "update_id": posting.announce(desk, chat, made, always=desk.bot_of(chat))}


def _button(chat: Chat, text: str) -> dict[str, Any]:
    rows = (chat.keyboard or {}).get("keyboard") or []
    for button in (button for row in rows for button in row):
        if button["text"] == text:
            found: dict[str, Any] = button
            return found
    raise HTTPException(404, "no such button")


def _contact(user: dict[str, Any], phone_number: str | None) -> dict[str, Any]:
    names = {name: user[name] for name in ("first_name", "last_name") if user.get(name)}
    number = phone_number or f"+7999{user['id'] % 10**7:07d}"
    return {"phone_number": number, "user_id": user["id"], **names}


def _share_users(desk: Desk, request: dict[str, Any], user_ids: list[int]) -> dict[str, Any]:
    if not 1 <= len(user_ids) <= (request.get("max_quantity") or 1):
        raise HTTPException(422, "so many people cannot be shared")
    shared: list[dict[str, Any]] = []
    for user_id in user_ids:
        user = find_person(desk, user_id)
        named = {"first_name", "last_name"} if request.get("request_name") else set()
        named |= {"username"} if request.get("request_username") else set()
        shared.append({"user_id": user_id, **{name: user[name] for name in sorted(named) if user.get(name)}})
    return {"users_shared": {"request_id": request["request_id"], "users": shared, "user_ids": user_ids}}


def _make_bot(
    desk: Desk, manager: Bot, owner: dict[str, Any], request: dict[str, Any], wanted: ManagedBot
) -> dict[str, Any]:
    name = wanted.name or request.get("suggested_name")
    username = wanted.username or request.get("suggested_username")
    if not name or not username:
        raise HTTPException(422, "the bot needs a name and a username")
    if any(bot.username.lower() == username.lower() for bot in desk.bots.values()):
        raise HTTPException(409, "this username is taken")
    return {"managed_bot_created": {"bot": managed.create(desk, manager, owner, name=name, username=username).user()}}


def _share_chat(desk: Desk, bot: Bot, user: dict[str, Any], request: dict[str, Any], chat_id: int) -> dict[str, Any]:
    """Refuses what the person's client would not offer; gives the bot the rights that were asked for."""
    chat = find_group(desk, chat_id)
    member = chat.members.get(user["id"])
    if member is None or not member.inside:
        raise HTTPException(403, "the person is not in this group")
    if request.get("chat_is_channel"):
        raise HTTPException(409, "the button asks for a channel")
    if (wanted := request.get("chat_is_forum")) is not None and wanted != chat.forum:
        raise HTTPException(409, f"the button asks for a group {'with' if wanted else 'without'} topics")
    if request.get("chat_is_created") and member.status != "creator":
        raise HTTPException(409, "the button asks for a group of the person's own")
    if request.get("chat_has_username"):
        raise HTTPException(409, "the button asks for a public group")
    for right, needed in (request.get("user_administrator_rights") or {}).items():
        if needed and not (member.administrator and member.may(right, permissions={})):
            raise HTTPException(409, f"the person lacks the right {right}")
    rights = {right: True for right, needed in (request.get("bot_administrator_rights") or {}).items() if needed}
    present = chat.members.get(bot.id)
    if any(not (present and present.administrator and present.may(right, permissions={})) for right in rights):
        if not member.may("can_promote_members", permissions={}):
            raise HTTPException(409, "the person lacks the right can_promote_members")
        kept = present.rights if present is not None and present.administrator else {}
        set_member(desk, chat, bot.user(), status="administrator", by=user, rights={**kept, **rights})
    elif request.get("bot_is_member") and (present is None or not present.inside):
        set_member(desk, chat, bot.user(), status="member", by=user)
    shared: dict[str, Any] = {"request_id": request["request_id"], "chat_id": chat.id}
    if request.get("request_title"):
        shared["title"] = chat.about["title"]
    return {"chat_shared": shared}
