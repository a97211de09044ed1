"""A message appears in a chat: everybody who may see it is told, in the form that is his."""

import time
from typing import Any

from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.files import localize
from app.sandbox.telegram.state import Desk


def post(
    desk: Desk,
    chat: Chat,
    sender: dict[str, Any],
    content: dict[str, Any],
    *,
    topic: int | None = None,
    reply_to: int | None = None,
    service: bool = False,
    files: bool = False,
    keyboard: dict[str, Any] | None = None,
    opens_topic: bool = False,
) -> Post:
    """Puts a message into a chat and tells those who look on, but no bot yet (see `announce`).

    `opens_topic`: it is the service message that a new topic hangs on.
    """
    message_id = next(chat.message_ids if chat.bot_id is None else desk.bots_by_id[chat.bot_id].message_ids)
    body: dict[str, Any] = {
        "message_id": message_id,
        "from": sender,
        "chat": chat.body(),
        "date": int(time.time()),
        **content,
    }
    replied = chat.post(reply_to) if reply_to else None
    if topic is not None or opens_topic:
        body["message_thread_id"] = message_id if opens_topic else topic
        body["is_topic_message"] = True
    elif replied is not None and chat.type == "supergroup":
        # A thread of replies: no topic, though the field is the same.
        body["message_thread_id"] = replied.body.get("message_thread_id", replied.id)
    made = Post(body, sender["id"], replied.id if replied else None, files, service, keyboard=keyboard)
    chat.add(made)
    if chat.crowd is None:
        desk.journal.add("message", chat=chat, post=made)
    return made


def render(made: Post, chat: Chat, bot_id: int | None, *, reply: bool = True) -> dict[str, Any]:
    """The message as one bot reads it, or a person (None). What is returned is not to be changed."""
    body, files = made.body, made.files
    if reply and (replied := _replied(made, chat)) is not None:
        body = {**body, "reply_to_message": replied.body}
        files = files or replied.files
    return localize(body, bot_id) if files and bot_id is not None else body


def _replied(made: Post, chat: Chat) -> Post | None:
    """What it answers; a message of a topic that answers nothing answers the one that opened the topic."""
    root = made.reply_to or made.topic
    return chat.post(root) if root is not None and root < made.id else None


def announce(desk: Desk, chat: Chat, made: Post, *, kind: str = "message", always: Bot | None = None) -> int | None:
    """Sends the update to every bot that sees the message; the id of the update for `always`, who sees all."""
    told = None
    for bot in _bots(desk, chat):
        if bot is always or sees(bot, chat, made):
            update_id = desk.push(bot, kind, render(made, chat, bot.id))
            told = update_id if bot is always else told
    return told


def _bots(desk: Desk, chat: Chat) -> list[Bot]:
    if chat.bot_id is not None:
        return [desk.bots_by_id[chat.bot_id]] if chat.bot_id in desk.bots_by_id else []
    ids = [member.user["id"] for member in chat.inside() if member.user["is_bot"]]
    return [desk.bots_by_id[bot_id] for bot_id in ids if bot_id in desk.bots_by_id]


def sees(bot: Bot, chat: Chat, made: Post) -> bool:
    """Privacy mode (core.telegram.org/bots/features#privacy-mode). A bot reads neither itself nor other bots."""
    if made.service:
        return True
    if made.body["from"]["is_bot"]:
        return False
    if chat.private or bot.reads_all:
        return True
    member = chat.members.get(bot.id)
    if member is not None and member.administrator:
        return True
    replied = chat.posts.get(made.reply_to) if made.reply_to else None
    if replied is not None and replied.sender == bot.id:
        return True
    text = str(made.body.get("text") or made.body.get("caption") or "")
    command, _, addressee = text.partition(" ")[0].partition("@")
    return command.startswith("/") and addressee.lower() in ("", bot.username.lower())


def edit(desk: Desk, chat: Chat, made: Post, changes: dict[str, Any], *, by: int, visibly: bool = True) -> None:
    """Replaces parts of a message (None removes one); bots are told when a person did it.

    `visibly`: the message shows that it was edited, which a new keyboard alone does not.
    """
    body = {**made.body, **changes}
    if visibly:
        body["edit_date"] = int(time.time())
    made.body = {name: value for name, value in body.items() if value is not None}
    chat.touch()
    desk.journal.add("edited", chat=chat, post=made)
    if by not in desk.bots_by_id:
        announce(desk, chat, made, kind="edited_message")


def delete(desk: Desk, chat: Chat, made: Post) -> None:
    """Takes a message away. Bots are not told, as with Telegram; those who look on still see that it was there."""
    made.deleted = True
    made.pinned = False
    chat.touch()
    desk.journal.add("deleted", chat=chat, post=made)


def service(desk: Desk, chat: Chat, sender: dict[str, Any], content: dict[str, Any], **more: Any) -> Post:
    """A service message, which also the bot reads that caused it."""
    made = post(desk, chat, sender, content, service=True, **more)
    announce(desk, chat, made)
    return made


def pin(desk: Desk, chat: Chat, made: Post, by: dict[str, Any], *, pinned: bool) -> None:
    """Pins with a service message, or takes the pin away without one."""
    made.pinned = pinned
    chat.touch()
    desk.journal.add("pinned", chat=chat, post=made)
    if pinned:
        service(desk, chat, by, {"pinned_message": made.body}, topic=made.topic, files=made.files)
