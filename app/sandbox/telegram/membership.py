"""People and bots come, go and get rights; bots are told by `my_chat_member` and `chat_member`."""

import time
from typing import Any

from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.members import Member, Status
from app.sandbox.telegram.posting import service
from app.sandbox.telegram.state import Desk


def set_member(
    desk: Desk,
    chat: Chat,
    user: dict[str, Any],
    *,
    status: Status,
    by: dict[str, Any],
    rights: dict[str, bool] | None = None,
    custom_title: str | None = None,
) -> int | None:
    """Changes who somebody is in a group. Returns the id of the `my_chat_member` update, if there was one.

    Without `rights` an administrator gets all, and a restricted member none.
    """
    old = chat.members.get(user["id"])
    before = old.body() if old else Member(user, "left").body()
    was_inside = old.inside if old else False
    if rights is None and status == "administrator":
        rights = desk.all_rights()
    member = chat.members[user["id"]] = Member(user, status, rights or {}, custom_title)
    told = _tell(desk, chat, user, by=by, before=before, after=member.body(), was_inside=was_inside)
    if member.inside and not was_inside:
        service(desk, chat, by, {"new_chat_members": [user]})
    elif was_inside and not member.inside:
        service(desk, chat, by, {"left_chat_member": user})
    desk.journal.add("member", chat=chat, user=user["id"])
    return told


def _tell(
    desk: Desk,
    chat: Chat,
    user: dict[str, Any],
    *,
    by: dict[str, Any],
    before: dict[str, Any],
    after: dict[str, Any],
    was_inside: bool,
) -> int | None:
    if before == after:
        return None
    content = {
        "chat": chat.body(),
        "from": by,
        "date": int(time.time()),
        "old_chat_member": before,
        "new_chat_member": after,
    }
    told = None
    if (bot := desk.bot(user["id"])) is not None:
        told = desk.push(bot, "my_chat_member", content)
    for member in chat.inside():
        other = desk.bot(member.user["id"])
        if other is not None and other.id != user["id"] and member.administrator:
            desk.push(other, "chat_member", content)
    return told


def set_blocked(desk: Desk, chat: Chat, user: dict[str, Any], *, blocked: bool) -> int | None:
    """A person blocks a bot or lets it write again; the update's id."""
    if chat.bot_id is None or (bot := desk.bot(chat.bot_id)) is None:
        return None
    old, new = ("kicked" if flag else "member" for flag in (chat.blocked, blocked))
    chat.blocked = blocked
    desk.journal.add("member", chat=chat, user=user["id"])

    def member(status: str) -> dict[str, Any]:
        body: dict[str, Any] = {"user": bot.user(), "status": status}
        return {**body, "until_date": 0} if status == "kicked" else body

    return desk.push(
        bot,
        "my_chat_member",
        {
            "chat": chat.body(),
            "from": user,
            "date": int(time.time()),
            "old_chat_member": member(old),
            "new_chat_member": member(new),
        },
    )


def upgrade(desk: Desk, chat: Chat, owner: dict[str, Any]) -> Chat:
    """Makes a supergroup of a simple group; the old one refuses calls from then on, naming the new one."""
    successor = desk.new_group(owner, title=str(chat.about["title"]), forum=False)
    successor.members = dict(chat.members)
    service(desk, chat, owner, {"migrate_to_chat_id": successor.id})
    service(desk, successor, owner, {"migrate_from_chat_id": chat.id})
    chat.upgraded_to = successor.id
    desk.journal.add("chat", chat=chat)
    return successor
