"""Chats, their topics, and what was posted in them."""

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.sandbox.telegram.members import DEFAULT_PERMISSIONS, Member
from app.sandbox.telegram.stars import Invoice

if TYPE_CHECKING:
    from app.sandbox.telegram.crowds import Crowd

# Messages that a chat remembers; a broadcast to 100,000 chats must fit into the memory of a small machine.
REMEMBERED = 400
GENERAL_TOPIC = 1


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is that of the service message that opened it."""

    id: int
    name: str
    icon_color: int
    creator: int
    icon_custom_emoji_id: str | None = None
    closed: bool = False
    deleted: bool = False

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"message_thread_id": self.id, "name": self.name, "icon_color": self.icon_color}
        if self.icon_custom_emoji_id:
            body["icon_custom_emoji_id"] = self.icon_custom_emoji_id
        return body


@dataclass(slots=True)
class Post:
    """One message. `body` is a `Message` of the Bot API but for what differs from reader to reader.

    That is `reply_to_message`, and the ids of files, which here are the sandbox's own.
    """

    body: dict[str, Any]
    sender: int
    reply_to: int | None = None
    files: bool = False
    service: bool = False
    deleted: bool = False
    pinned: bool = False
    reactions: dict[int, list[dict[str, Any]]] | None = None
    # A reply keyboard, which lives outside the message.
    keyboard: dict[str, Any] | None = None
    invoice: Invoice | None = None
    paid: bool = False

    @property
    def id(self) -> int:
        return int(self.body["message_id"])

    @property
    def topic(self) -> int | None:
        return self.body["message_thread_id"] if self.body.get("is_topic_message") else None


@dataclass(slots=True)
class Chat:
    """`bot_id` is set for a private chat, which one person has with one bot."""

    id: int
    type: str
    about: dict[str, Any]
    bot_id: int | None = None
    posts: dict[int, Post] = field(default_factory=dict)
    # Private: the person has blocked the bot.
    blocked: bool = False
    # Groups: people and bots, those who left included.
    members: dict[int, Member] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    permissions: dict[str, bool] = field(default_factory=dict)
    # Of a group; the messages of private chats are numbered by the bot.
    message_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    # The reply keyboard and the draft that are on the person's screen.
    keyboard: dict[str, Any] | None = None
    draft: dict[str, Any] | None = None
    # The group became this supergroup.
    upgraded_to: int | None = None
    # It stands for one of very many and keeps nothing.
    crowd: "Crowd | None" = None
    _changed: asyncio.Event | None = None

    @property
    def private(self) -> bool:
        return self.type == "private"

    @property
    def forum(self) -> bool:
        return bool(self.about.get("is_forum"))

    def body(self) -> dict[str, Any]:
        return {"id": self.id, "type": self.type, **self.about}

    def post(self, message_id: int) -> Post | None:
        """A message that is still there."""
        post = self.posts.get(message_id)
        return None if post is None or post.deleted else post

    def add(self, post: Post) -> None:
        if self.crowd is not None:
            self.crowd.take(self.id)
            return
        self.posts[post.id] = post
        if len(self.posts) > REMEMBERED:
            # The oldest goes, but not what topics hang on and what is pinned.
            for message_id, old in self.posts.items():
                if message_id not in self.topics and not old.pinned:
                    del self.posts[message_id]
                    break
        self.touch()

    def touch(self) -> None:
        """Wakes those who wait for a change."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def change(self) -> None:
        if self._changed is None:
            self._changed = asyncio.Event()
        await self._changed.wait()

    def current_draft(self, now: float) -> dict[str, Any] | None:
        """The text that a bot is still writing; it disappears by itself."""
        if self.draft is None or self.draft["until"] < now:
            return None
        return {name: value for name, value in self.draft.items() if name != "until"}

    def member(self, user_id: int) -> Member | None:
        return self.members.get(user_id)

    def may(self, user_id: int, right: str) -> bool:
        """In a private chat both may do all that there is to do."""
        if self.private:
            return True
        member = self.members.get(user_id)
        return member is not None and member.may(right, permissions=self.permissions or DEFAULT_PERMISSIONS)

    def inside(self) -> list[Member]:
        return [member for member in self.members.values() if member.inside]
