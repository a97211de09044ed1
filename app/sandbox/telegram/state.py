"""What the sandbox remembers: bots, people, chats, updates that wait, calls that were made."""

import asyncio
import itertools
import logging
import random
from collections import deque
from dataclasses import dataclass
from typing import Any

from app.sandbox.telegram import schema
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.crowds import Crowds
from app.sandbox.telegram.faults import Faults
from app.sandbox.telegram.files import FileStore
from app.sandbox.telegram.journal import Journal
from app.sandbox.telegram.members import ADMINISTRATOR_RIGHTS, DEFAULT_PERMISSIONS, Member
from app.sandbox.telegram.people import People, about
from app.sandbox.telegram.queries import Queries
from app.sandbox.telegram.stars import Stars

log = logging.getLogger("app.sandbox.telegram")


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

    def __init__(
        self,
        *,
        test_environment: bool,
        local: bool,
        resend_seconds: float,
        limits: bool,
        checkout_seconds: float,
        first_id: int = 1,
    ) -> None:
        self.test_environment = test_environment
        self.local = local
        self.resend_seconds = resend_seconds
        self.limits = limits
        self.first_id = first_id
        self.checkout_seconds = checkout_seconds
        self.bots: dict[str, Bot] = {}
        self.bots_by_id: dict[int, Bot] = {}
        self.people = People()
        self.files = FileStore()
        self.journal = Journal()
        self.queries = Queries()
        self.stars = Stars()
        self.crowds = Crowds()
        self.chats: dict[tuple[int | None, int], Chat] = {}
        # Bots that share a private chat with a person.
        self.contacts: dict[int, dict[int, Chat]] = {}
        self.calls: deque[Call] = deque(maxlen=10_000)
        self.faults = Faults()
        # Where the sandbox itself broke the Bot API's schema, which is a defect of the sandbox.
        self.defects: list[str] = []
        self.random = random.SystemRandom()
        self._group_ids = itertools.count(1_002_000_000_001)

    def bot(self, bot_id: int) -> Bot | None:
        return self.bots_by_id.get(bot_id)

    def bot_of(self, chat: Chat) -> Bot | None:
        """The one bot of a private chat."""
        return None if chat.bot_id is None else self.bots_by_id.get(chat.bot_id)

    def add_bot(self, token: str, *, username: str, name: str) -> Bot:
        """Registers a token, or renames its bot; a new token of a known bot revokes the old one."""
        bot_id = int(token.partition(":")[0])
        known = self.bots_by_id.get(bot_id)
        if known is None:
            known = self.bots_by_id[bot_id] = Bot(bot_id, token, username, name)
            known.update_ids = itertools.count(100_000_000 + self.first_id)
            known.message_ids = itertools.count(self.first_id)
        else:
            del self.bots[known.token]
            known.rename(token=token, username=username, name=name)
        self.bots[token] = known
        return known

    def remove_bot(self, bot: Bot) -> None:
        self.bots.pop(bot.token, None)
        self.bots_by_id.pop(bot.id, None)

    def private_chat(self, bot: Bot, user: dict[str, Any]) -> Chat:
        """The chat of a person with a bot, made when there is none."""
        chat = self.chats.get((bot.id, user["id"]))
        if chat is None:
            chat = self.chats[(bot.id, user["id"])] = Chat(user["id"], "private", about(user), bot.id)
            self.contacts.setdefault(user["id"], {})[bot.id] = chat
        else:
            chat.about = about(user)
        return chat

    def group(self, chat_id: int, *, title: str, kind: str, forum: bool = False) -> Chat:
        """A group by its id, made when there is none."""
        chat = self.chats.get((None, chat_id))
        if chat is None:
            details: dict[str, Any] = {"title": title, "is_forum": True} if forum else {"title": title}
            chat = self.chats[(None, chat_id)] = Chat(chat_id, kind, details)
            chat.permissions = dict(DEFAULT_PERMISSIONS)
            chat.message_ids = itertools.count(self.first_id)
        return chat

    def new_group(
        self, owner: dict[str, Any], *, title: str, forum: bool, kind: str = "supergroup", number: int | None = None
    ) -> Chat:
        """A group of one person. `number`: its id without the sign, for whom it has to be the same in every run."""
        if number is None:
            number = next(number for number in self._group_ids if (None, -number) not in self.chats)
        # Simple groups have short ids.
        chat = self.group(-number if kind == "supergroup" else -(number % 10**9), title=title, kind=kind, forum=forum)
        chat.members[owner["id"]] = Member(owner, "creator")
        return chat

    def groups(self) -> list[Chat]:
        return [chat for (bot_id, _), chat in self.chats.items() if bot_id is None]

    def join(self, chat: Chat, bot: Bot) -> Member:
        """Lets a bot into a group without a word; one who is in stays as he is."""
        member = chat.members.get(bot.id)
        if member is None:
            member = chat.members[bot.id] = Member(bot.user())
        return member

    def all_rights(self) -> dict[str, bool]:
        return dict.fromkeys(ADMINISTRATOR_RIGHTS, True)

    def find_chat(self, bot: Bot, chat_id: int) -> Chat | None:
        """A chat that the bot has been in."""
        if chat := self.chats.get((bot.id, chat_id)):
            return chat
        chat = self.chats.get((None, chat_id))
        if chat is not None:
            return chat if bot.id in chat.members else None
        return self.crowds.chat(bot.id, chat_id)

    def push(self, bot: Bot, kind: str, content: dict[str, Any]) -> int | None:
        """Queues an update; None if the bot did not ask for this kind.

        Raises SchemaError for what is no update of the Bot API.
        """
        if not bot.wants(kind):
            return None
        update_id = next(bot.update_ids)
        update = {"update_id": update_id, kind: content}
        try:
            schema.check_update(update)
        except schema.SchemaError as error:
            self.defect(str(error))
            raise
        self.queue(bot, update)
        return update_id

    def queue(self, bot: Bot, update: dict[str, Any]) -> None:
        """Puts an update, with its id, among those that wait to be taken."""
        bot.updates[update["update_id"]] = update
        bot.fresh.append(update["update_id"])
        arrived, bot.arrived = bot.arrived, asyncio.Event()
        arrived.set()

    def defect(self, problem: str) -> None:
        log.error("the Telegram sandbox breaks the Bot API: %s", problem)
        self.defects.append(problem)
