"""Reactions to messages, whoever sets them."""

import time
from typing import Any

from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.state import Desk

# core.telegram.org/bots/api#reactiontypeemoji
LISTED = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 "
    "💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ "
    "🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 "
    "👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 "
    "🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)
EMOJI = frozenset(LISTED.split())


def react(desk: Desk, chat: Chat, post: Post, user: dict[str, Any], reactions: list[dict[str, Any]]) -> None:
    """Replaces what `user` thinks of a message; bots are told of people, and only where they administer."""
    known = post.reactions or {}
    old = known.get(user["id"], [])
    if old == reactions:
        return
    post.reactions = {**known, user["id"]: reactions}
    if not reactions:
        del post.reactions[user["id"]]
    chat.touch()
    desk.journal.add("reaction", chat=chat, post=post)
    if user["is_bot"]:
        return
    content = {
        "chat": chat.body(),
        "message_id": post.id,
        "user": user,
        "date": int(time.time()),
        "old_reaction": old,
        "new_reaction": reactions,
    }
    if chat.bot_id is not None:
        if (bot := desk.bot(chat.bot_id)) is not None:
            desk.push(bot, "message_reaction", content)
        return
    for member in chat.inside():
        bot = desk.bot(member.user["id"])
        if bot is not None and member.administrator:
            desk.push(bot, "message_reaction", content)


def counts(post: Post) -> list[dict[str, Any]]:
    """How often each reaction stands under a message, with whose it is."""
    found: dict[str, list[int]] = {}
    for user_id, reactions in (post.reactions or {}).items():
        for reaction in reactions:
            found.setdefault(reaction.get("emoji") or "⭐", []).append(user_id)
    return [{"emoji": emoji, "count": len(users), "users": users} for emoji, users in found.items()]
