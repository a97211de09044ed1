"""What the sandbox remembers: bots, chats with their messages, updates that wait, calls that were made."""

import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.telegram.faults import Faults
from app.sandbox.telegram.markup import find_plain_entities

# Telegram's own default leaves these out until a bot asks for them.
OPT_IN_UPDATES = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
UPDATE_LIFETIME_SECONDS = 24 * 3600


@dataclass(slots=True)
class Webhook:
    url: str
    secret_token: str
    max_connections: int = 40
    last_error: str | None = None
    last_error_date: int | None = None


@dataclass(slots=True)
class Chat:
    """`bot_id` is set for a private chat, which one person has with one bot."""

    id: int
    type: str
    about: dict[str, Any]
    bot_id: int | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    # The reason why a bot may not write here, in the words of the 403.
    closed: dict[int, str] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def private(self) -> bool:
        return self.type == "private"

    def body(self) -> dict[str, Any]:
        return {"id": self.id, "type": self.type, **self.about}

    def add(self, message: dict[str, Any]) -> None:
        self.messages.append(message)
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass(slots=True)
class Bot:
    id: int
    token: str
    username: str
    name: str
    webhook: Webhook | None = None
    allowed_updates: list[str] | None = None
    updates: dict[int, dict[str, Any]] = field(default_factory=dict)
    update_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(100_000_001))
    message_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    commands: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    menu_buttons: dict[int, dict[str, Any]] = field(default_factory=dict)
    # Set when an update arrives; the poll that waits is replaced by a newer one with a conflict.
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    poll: "asyncio.Future[str] | None" = None
    next_webhook_at: float = 0.0

    def user(self) -> dict[str, Any]:
        """As it stands in `from` of the bot's messages."""
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}

    def wants(self, kind: str) -> bool:
        return kind in self.allowed_updates if self.allowed_updates else kind not in OPT_IN_UPDATES


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a bot; `outcome` is the HTTP status it was answered with."""

    at: float
    bot_id: int
    method: str
    parameters: dict[str, Any]
    outcome: int


class Desk:
    """All state of one sandbox. `test_environment` and `local` as in server.create_app."""

    def __init__(self, *, test_environment: bool, local: bool, resend_seconds: float, limits: bool) -> None:
        self.test_environment = test_environment
        self.local = local
        self.resend_seconds = resend_seconds
        self.limits = limits
        self.bots: dict[str, Bot] = {}
        self.chats: dict[tuple[int | None, int], Chat] = {}
        self.calls: deque[Call] = deque(maxlen=10_000)
        self.faults = Faults()

    def bot(self, bot_id: int) -> Bot | None:
        return next((bot for bot in self.bots.values() if bot.id == bot_id), None)

    def add_bot(self, token: str, *, username: str, name: str) -> Bot:
        """Registers a token, or renames its bot; a new token of a known bot revokes the old one."""
        bot_id = int(token.partition(":")[0])
        known = self.bot(bot_id)
        if known is None:
            known = Bot(bot_id, token, username, name)
        else:
            del self.bots[known.token]
            known.token, known.username, known.name = token, username, name
        self.bots[token] = known
        return known

    def private_chat(self, bot: Bot, user: dict[str, Any]) -> Chat:
        about = {name: user[name] for name in ("first_name", "last_name", "username") if user.get(name)}
        chat = self.chats.get((bot.id, user["id"]))
        if chat is None:
            chat = self.chats[(bot.id, user["id"])] = Chat(user["id"], "private", about, bot.id)
        chat.about = about
        return chat

    def group(self, chat_id: int, *, title: str, kind: str) -> Chat:
        chat = self.chats.get((None, chat_id))
        if chat is None:
            chat = self.chats[(None, chat_id)] = Chat(chat_id, kind, {"title": title})
        return chat

    def find_chat(self, bot: Bot, chat_id: int) -> Chat | None:
        return self.chats.get((bot.id, chat_id)) or self.chats.get((None, chat_id))

    def push(self, bot: Bot, kind: str, content: dict[str, Any]) -> int | None:
        """Queues an update; None if the bot did not ask for this kind."""
        if not bot.wants(kind):
            return None
        update_id = next(bot.update_ids)
        bot.updates[update_id] = {"update_id": update_id, kind: content}
        self.wake(bot)
        return update_id

    def wake(self, bot: Bot) -> None:
        bot.arrived.set()
        bot.arrived = asyncio.Event()

    def say(self, bot: Bot, chat: Chat, user: dict[str, Any], text: str) -> tuple[dict[str, Any], int | None]:
        """A person writes; the message and its update id."""
        message = {
            "message_id": next(bot.message_ids),
            "from": {"is_bot": False, **user},
            "chat": chat.body(),
            "date": int(time.time()),
            "text": text,
        }
        if entities := find_plain_entities(text):
            message["entities"] = entities
        chat.add(message)
        return message, self.push(bot, "message", message)

    def set_membership(self, bot: Bot, chat: Chat, user: dict[str, Any], *, status: str) -> int | None:
        """The bot is blocked (`kicked`), let in (`member`) or put out, and told so."""
        words = "bot was blocked by the user" if chat.private else "bot was kicked from the group chat"
        old = "kicked" if bot.id in chat.closed else "member"
        if status in ("kicked", "left"):
            chat.closed[bot.id] = words
        else:
            chat.closed.pop(bot.id, None)

        def member(state: str) -> dict[str, Any]:
            body: dict[str, Any] = {"user": bot.user(), "status": state}
            return {**body, "until_date": 0} if state == "kicked" else body

        return self.push(
            bot,
            "my_chat_member",
            {
                "chat": chat.body(),
                "from": {"is_bot": False, **user},
                "date": int(time.time()),
                "old_chat_member": member(old),
                "new_chat_member": member(status),
            },
        )
