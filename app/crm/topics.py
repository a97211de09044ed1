"""Topics of the staff's group: made once, found again when somebody deleted them, and written into."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
)
from aiogram.methods import TelegramMethod
from aiogram.types import Message

from app.catalogue.library import Project
from app.crm.checks import check_later
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.topic_rows import Topic, TopicRepository
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.locales import plain, texts
from app.users.repository import User, UserRepository

log = get_logger("app.crm.topics")

CLIENT = "client"
# Telegram cuts longer names off.
NAME_CHARACTERS = 128
# Another process makes the topic; it takes as long as one call, or its turn among many.
PATIENCE_SECONDS = 25.0
LOOK_SECONDS = 0.1
# How often a topic may vanish under one message.
ATTEMPTS = 3
COLOURS = {"client": 7322096, "leads": 16766590, "safety": 16478047, "orders": 9367192, "broadcasts": 13338331}

Answer = TypeVar("Answer")


class GroupUnusable(Exception):
    """The connected group does not take what we send: a right is missing, or it is no forum. It is being looked at,
    and the staff are told."""


class ClientErased(Exception):
    """The client has left for good; nothing is kept of him, and nothing more is carried."""


class Topics:
    """`bot` must be the project's own. Without a connected group there is nothing to do, and the answers are None."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def thread(self, bot: Bot, project: Project, *, kind: str, user: User | None = None) -> int | None:
        """The thread id of the topic, which is made once, also for two who ask at once in two processes.

        Raises `GroupUnusable`, and `Unavailable` when another process has been making it for too long. Two
        topics arise only if a process dies, or Telegram's answer is lost, between the making and the recording.
        """
        group = await self._group(project)
        return None if group is None else (await self.open(bot, project, group, kind=kind, user=user)).thread_id

    async def post(
        self,
        bot: Bot,
        project: Project,
        kind: str,
        make: Callable[[int, int], TelegramMethod[Message]],
        user: User | None = None,
    ) -> Message | None:
        """Sends what `make` gives for the chat and thread id.

        A topic that was deleted is made again and the message sent again, a closed one is opened. Raises as `thread`.
        """
        group = await self._group(project)
        if group is None:
            return None
        return (await self.put(bot, project, group, make, kind=kind, user=user))[0]

    async def put(
        self,
        bot: Bot,
        project: Project,
        group: StaffGroup,
        make: Callable[[int, int], TelegramMethod[Answer]],
        *,
        kind: str,
        user: User | None = None,
    ) -> tuple[Answer, Topic]:
        """As `post`, for any method, with the topic that it went to."""
        for _ in range(ATTEMPTS):
            topic = await self.open(bot, project, group, kind=kind, user=user)
            assert topic.thread_id is not None  # noqa: S101  # an open topic has one
            try:
                if topic.is_closed:
                    await self._reopen(bot, topic, topic.thread_id)
                return await bot(make(group.chat_id, topic.thread_id)), topic
            except (TelegramBadRequest, TelegramNotFound) as error:
                if is_missing_topic(error):
                    log.info("a topic was deleted; it is made again", project=project.key, kind=kind)
                    await self._lost(topic, topic.thread_id)
                elif "TOPIC_CLOSED" in error.message:
                    await self._reopen(bot, topic, topic.thread_id)
                else:
                    raise await self._blame(group, error) from error
            except (TelegramForbiddenError, TelegramMigrateToChat) as error:
                raise await self._blame(group, error) from error
        raise Unavailable("The topic vanished again and again.")

    async def open(
        self, bot: Bot, project: Project, group: StaffGroup, *, kind: str, user: User | None = None
    ) -> Topic:
        """The topic with its thread. Raises as `thread`."""
        user_id = user.id if user else None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            async with self._database.transaction() as connection:
                # An erased person gets no topic: whoever erases him waits for this, or this sees that he has gone.
                if user_id is not None:
                    current = await UserRepository(connection, project.id).get(user_id, lock="KEY SHARE")
                    if current is None or current.state == "erased":
                        raise ClientErased
                topic, ours = await TopicRepository(connection, project.id).claim(
                    group.chat_id, kind=kind, user_id=user_id
                )
            if topic.thread_id is not None:
                return topic
            if ours:
                return await self._make(bot, group, topic, topic_name(kind, user, group.language))
            if time.monotonic() > deadline:
                raise Unavailable("Another process has been making this topic for too long.")
            await asyncio.sleep(LOOK_SECONDS)

    async def _make(self, bot: Bot, group: StaffGroup, topic: Topic, name: str) -> Topic:
        try:
            made = await bot.create_forum_topic(
                group.chat_id, name, icon_color=COLOURS.get(topic.kind), request_timeout=25
            )
        except (TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat, TelegramNotFound) as error:
            await self._release(topic)
            raise await self._blame(group, error, always=True) from error
        except BaseException:  # also when cancelled: whoever waits for this topic may make it
            await asyncio.shield(self._release(topic))
            raise
        async with self._database.connection() as connection:
            topics = TopicRepository(connection, topic.project_id)
            await topics.made(topic.id, thread_id=made.message_thread_id, name=name)
            settled = await topics.by_thread(group.chat_id, made.message_thread_id)
        if settled is None:
            raise ClientErased
        return settled

    async def _reopen(self, bot: Bot, topic: Topic, thread_id: int) -> None:
        try:
            await bot.reopen_forum_topic(topic.chat_id, thread_id)
        except TelegramBadRequest as error:
            if "TOPIC_NOT_MODIFIED" not in error.message:
                raise
        async with self._database.connection() as connection:
            await TopicRepository(connection, topic.project_id).closed(topic.chat_id, thread_id, is_closed=False)

    async def _lost(self, topic: Topic, thread_id: int) -> None:
        async with self._database.connection() as connection:
            await TopicRepository(connection, topic.project_id).lost(topic.id, thread_id=thread_id)

    async def _release(self, topic: Topic) -> None:
        async with self._database.connection() as connection:
            await TopicRepository(connection, topic.project_id).release(topic.id)

    async def _group(self, project: Project) -> StaffGroup | None:
        async with self._database.connection() as connection:
            return await GroupRepository(connection, project.id).get()

    async def _blame(self, group: StaffGroup, error: Exception, *, always: bool = False) -> Exception:
        """`GroupUnusable` if it is the group's fault, whose rights are then looked at; else the error itself."""
        if not always and not is_groups_fault(error):
            return error
        async with self._database.transaction() as connection:
            await check_later(connection, project_id=group.project_id)
        return GroupUnusable(str(error))


def client_name(user: User) -> str:
    """What his topic is called."""
    name = " ".join(part for part in (user.first_name, user.last_name) if part) or f"#{user.telegram_id}"
    return (f"{name} @{user.username}" if user.username else name)[:NAME_CHARACTERS]


def topic_name(kind: str, user: User | None, language: str) -> str:
    """A client's name, or the words of the locale key `topic.<kind>`; a kind without words goes by its own name."""
    if user is not None:
        return client_name(user)
    key = f"topic.{kind}"
    return plain(language, key)[:NAME_CHARACTERS] if key in texts(language) else kind[:NAME_CHARACTERS]


def is_missing_topic(error: Exception) -> bool:
    """Telegram's three ways to say that a topic was deleted."""
    words = str(error).lower()
    return any(part in words for part in ("message thread not found", "topic_deleted", "topic_id_invalid"))


def is_groups_fault(error: Exception) -> bool:
    if isinstance(error, (TelegramForbiddenError, TelegramMigrateToChat)):
        return True
    words = str(error).lower()
    parts = (
        "not enough rights",
        "chat_admin_required",
        "chat not found",
        "not a forum",
        "have no rights",
        "need admin",
    )
    return any(part in words for part in parts)
