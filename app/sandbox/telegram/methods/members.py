"""What a bot learns of a chat and of who is in it; leaving it."""

from typing import Any

from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.members import DEFAULT_PERMISSIONS, Member
from app.sandbox.telegram.membership import set_member
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.posting import render

NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


async def get_chat(request: ApiRequest) -> dict[str, Any]:
    chat = request.chat()
    body = {**chat.body(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": NO_GIFTS}
    if not chat.private:
        body["permissions"] = chat.permissions or DEFAULT_PERMISSIONS
    elif chat.about.get("username"):
        body["active_usernames"] = [chat.about["username"]]
    if pinned := [post for post in chat.posts.values() if post.pinned]:
        body["pinned_message"] = render(pinned[-1], chat, request.bot.id, reply=False)
    return body


def _user_id(request: ApiRequest) -> int:
    user_id = request.integer("user_id", 0)
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    return user_id


def _member(chat: Chat, user_id: int, request: ApiRequest) -> Member | None:
    if not chat.private:
        return chat.members.get(user_id)
    user = request.bot.user() if user_id == request.bot.id else request.desk.people.get(user_id)
    return Member(user) if user is not None and user_id in (chat.id, request.bot.id) else None


async def get_chat_member(request: ApiRequest) -> dict[str, Any]:
    chat = request.chat()
    user_id = _user_id(request)
    member = _member(chat, user_id, request)
    if member is None:
        known = request.desk.people.get(user_id)
        if known is None:
            raise ApiError(400, "Bad Request: PARTICIPANT_ID_INVALID")
        # Somebody who has never been there reads as one who left.
        member = Member(known, "left")
    return member.body()


async def get_chat_administrators(request: ApiRequest) -> list[dict[str, Any]]:
    chat = request.chat()
    if chat.private:
        raise bad_request("there are no administrators in the private chat")
    # Other bots are left out, as documented.
    return [
        member.body()
        for member in chat.inside()
        if member.administrator and (not member.user["is_bot"] or member.user["id"] == request.bot.id)
    ]


async def get_chat_member_count(request: ApiRequest) -> int:
    chat = request.chat()
    return 2 if chat.private else len(chat.inside())


async def leave_chat(request: ApiRequest) -> bool:
    chat = request.chat()
    if chat.private:
        raise bad_request("chat member status can't be changed in private chats")
    set_member(request.desk, chat, request.bot.user(), status="left", by=request.bot.user())
    return True


async def restrict_chat_member(request: ApiRequest) -> bool:
    chat, member = _to_change(request)
    permissions = request.json("permissions", what="permissions") or {}
    if all(permissions.get(name, False) for name, given in DEFAULT_PERMISSIONS.items() if given):
        set_member(request.desk, chat, member.user, status="member", by=request.bot.user())
    else:
        set_member(request.desk, chat, member.user, status="restricted", by=request.bot.user(), rights=permissions)
    return True


async def ban_chat_member(request: ApiRequest) -> bool:
    chat, member = _to_change(request)
    set_member(request.desk, chat, member.user, status="kicked", by=request.bot.user())
    return True


async def unban_chat_member(request: ApiRequest) -> bool:
    chat, member = _to_change(request)
    if member.status == "kicked" or not request.flag("only_if_banned"):
        set_member(request.desk, chat, member.user, status="left", by=request.bot.user())
    return True


def _to_change(request: ApiRequest) -> tuple[Chat, Member]:
    chat = request.chat()
    if chat.private:
        raise bad_request("method is available for supergroup and channel chats only")
    if not chat.may(request.bot.id, "can_restrict_members"):
        raise bad_request("not enough rights to restrict/unrestrict chat member")
    user_id = _user_id(request)
    member = chat.members.get(user_id)
    if member is None:
        known = request.desk.people.get(user_id)
        if known is None:
            raise ApiError(400, "Bad Request: PARTICIPANT_ID_INVALID")
        member = Member(known, "left")
    if member.status == "creator":
        raise bad_request("can't remove chat owner")
    if member.status == "administrator":
        raise bad_request("user is an administrator of the chat")
    return chat, member


METHODS: dict[str, Method] = {
    "getChat": get_chat,
    "getChatMember": get_chat_member,
    "getChatAdministrators": get_chat_administrators,
    "getChatMemberCount": get_chat_member_count,
    "leaveChat": leave_chat,
    "restrictChatMember": restrict_chat_member,
    "banChatMember": ban_chat_member,
    "unbanChatMember": unban_chat_member,
}
