"""Messages carried between a client's private chat and his topic, in order, each once.

A message is queued in the transaction that reads its update, marked before Telegram is called, and settled after. What
cannot be known stays: if a process dies, or Telegram's answer is lost, between the call and its record, a client's
message is carried again (the staff may see it twice), and one of the staff is marked `uncertain` and never sent
again by itself; its author is told.
"""

import asyncio
from datetime import timedelta
from typing import cast

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
)
from aiogram.methods import CopyMessage, CopyMessages, ForwardMessage, SendMediaGroup, SendMessage
from aiogram.types import MessageId, ReplyParameters

from app.catalogue.library import Project
from app.crm import notices
from app.crm.albums import Part, parts_of
from app.crm.contact import ContactCards
from app.crm.groups import StaffGroup
from app.crm.links import Lane, Link, LinkRepository
from app.crm.replies import tell_staff
from app.crm.topic_rows import Topic, TopicRepository
from app.crm.topics import CLIENT, ClientErased, GroupUnusable, Topics
from app.kit.database import Connection, Database
from app.kit.telemetry import get_logger
from app.locales import html
from app.telegram.session import never_sent
from app.users.repository import User, UserRepository
from app.worker.port import enqueue

log = get_logger("app.crm.mirror")

JOB = "crm.carry"


async def carry_later(connection: Connection, lane: Lane, *, reason: object, delay: timedelta = timedelta(0)) -> None:
    """Has a worker carry what waits in the lane; once for all who ask for the same reason meanwhile."""
    payload = {
        "project": lane.project_id,
        "bot": lane.bot_id,
        "chat": lane.private_chat_id,
        "direction": lane.direction,
    }
    await enqueue(connection, JOB, payload, dedupe_key=f"{JOB}:{lane.name}:{reason}", delay=delay)


class Mirror:
    """Of one client: `bot` is the project's, `group` its connected group."""

    def __init__(self, database: Database, *, bot: Bot, project: Project, group: StaffGroup, user: User) -> None:
        assert user.telegram_id is not None  # noqa: S101  # nobody writes who was erased
        self._database = database
        self._bot = bot
        self._project = project
        self._group = group
        self._user = user
        self._chat_id = user.telegram_id
        self._topics = Topics(database)
        self._cards = ContactCards(database)

    def lane(self, direction: str) -> Lane:
        return Lane(self._project.id, self._bot.id, self._chat_id, "in" if direction == "in" else "out")

    async def carry_in(self) -> int:
        """Copies the client's waiting messages into his topic; how many. Telegram's outages are raised, and what was
        not sent goes on waiting; so it does, without an error, while the group takes nothing."""
        return await self._carry(self.lane("in"))

    async def carry_out(self) -> int:
        """Copies the staff's waiting messages to the client; how many. Raises as `carry_in`."""
        return await self._carry(self.lane("out"))

    async def _carry(self, lane: Lane) -> int:
        carried = 0
        while links := await self._claim(lane):
            try:
                carried += await (self._bring(links) if lane.direction == "in" else self._deliver(links))
            except GroupUnusable as error:
                log.warning("a staff group takes no messages", project=self._project.key, reason=str(error))
                await self._settle(links, "waiting")
                return carried
            except ClientErased:
                return carried
            except asyncio.CancelledError:
                if lane.direction == "in":
                    await asyncio.shield(self._settle(links, "waiting"))
                # What the staff wrote stays leased: it may have left, and the sweep says so when the lease ends.
                raise
            except Exception:  # whatever it was, nothing was recorded: the message waits for its next turn
                await self._settle(links, "waiting")
                raise
        return carried

    async def _claim(self, lane: Lane) -> list[Link]:
        async with self._database.transaction() as connection:
            return await LinkRepository(connection, lane.project_id).claim(lane)

    async def _settle(self, links: list[Link], state: str) -> None:
        async with self._database.connection() as connection:
            await LinkRepository(connection, self._project.id).settle(links, state)

    async def _sent(self, link: Link, chat_id: int, message_id: int) -> None:
        async with self._database.connection() as connection:
            await LinkRepository(connection, self._project.id).sent(link, chat_id=chat_id, message_id=message_id)

    # From the client to the group

    async def _bring(self, links: list[Link]) -> int:
        topic = await self._topics.open(self._bot, self._project, self._group, kind=CLIENT, user=self._user)
        if topic.card_message_id is None:
            await self._cards.keep(self._bot, self._project, self._group, self._user)
        try:
            copies, topic = await self._copy_in(links)
        except (TelegramBadRequest, TelegramNotFound) as error:
            log.info("a message cannot be shown to the staff", project=self._project.key, reason=error.message)
            await self._settle(links, "failed")
            await self._say_in_topic("staff.cannot_be_shown", reason=error.message)
            return 0
        for link, copy in zip(links, copies, strict=False):
            await self._sent(link, self._group.chat_id, copy)
        if len(copies) < len(links):
            await self._settle(links[len(copies) :], "failed")
            await self._say_in_topic("staff.album_incomplete")
        if links[0].note is not None:
            await self._say_in_topic(f"staff.{links[0].note}", reply_to=copies[0])
        if topic.card_message_id is None:
            await self._cards.keep(self._bot, self._project, self._group, self._user)
        return len(copies)

    async def _copy_in(self, links: list[Link]) -> tuple[list[int], Topic]:
        answered = await self._counterpart(links[0])
        if len(links) > 1:
            parts = await self._parts(links) if answered else None
            if parts is not None:
                sent, topic = await self._topics.put(
                    self._bot, self._project, self._group,
                    lambda chat, thread: SendMediaGroup(
                        chat_id=chat, message_thread_id=thread, media=list(parts), reply_parameters=answered
                    ),
                    kind=CLIENT, user=self._user,
                )  # fmt: skip
                return [message.message_id for message in sent], topic
            ids = [link.source_id for link in links]
            made, topic = await self._topics.put(
                self._bot, self._project, self._group,
                lambda chat, thread: CopyMessages(
                    chat_id=chat, message_thread_id=thread, from_chat_id=self._chat_id, message_ids=ids
                ),
                kind=CLIENT, user=self._user,
            )  # fmt: skip
            return [copy.message_id for copy in made], topic
        (link,) = links
        try:
            copy, topic = await self._topics.put(
                self._bot, self._project, self._group,
                lambda chat, thread: CopyMessage(
                    chat_id=chat, message_thread_id=thread, from_chat_id=self._chat_id, message_id=link.source_id,
                    reply_parameters=answered,
                ),
                kind=CLIENT, user=self._user,
            )  # fmt: skip
        except TelegramBadRequest as error:
            if "can't be copied" not in error.message:
                raise
            forwarded, topic = await self._topics.put(
                self._bot, self._project, self._group,
                lambda chat, thread: ForwardMessage(
                    chat_id=chat, message_thread_id=thread, from_chat_id=self._chat_id, message_id=link.source_id
                ),
                kind=CLIENT, user=self._user,
            )  # fmt: skip
            return [forwarded.message_id], topic
        return [copy.message_id], topic

    async def _say_in_topic(self, text_key: str, *, reply_to: int | None = None, **values: object) -> None:
        text = html(self._group.language, text_key, **values)
        await self._topics.put(
            self._bot, self._project, self._group,
            lambda chat, thread: SendMessage(
                chat_id=chat, message_thread_id=thread, text=text, reply_parameters=_answering(reply_to)
            ),
            kind=CLIENT, user=self._user,
        )  # fmt: skip

    # From the group to the client

    async def _deliver(self, links: list[Link]) -> int:
        if self._user.state == "blocked":
            return await self._refused(links, "staff.blocked_by_us")
        try:
            copies = await self._copy_out(links)
        except TelegramForbiddenError as error:
            return await self._gone(links, error.message)
        except (TelegramBadRequest, TelegramNotFound) as error:
            return await self._refused(links, "staff.not_sent", reason=error.message)
        except TelegramNetworkError as error:
            if never_sent(error):
                raise
            return await self._uncertain(links)
        async with self._database.transaction() as connection:
            # The person first, as whoever erases him does.
            current = await UserRepository(connection, self._project.id).get(self._user.id, lock="KEY SHARE")
            for link, copy in zip(links, copies, strict=False):
                await LinkRepository(connection, self._project.id).sent(link, chat_id=self._chat_id, message_id=copy)
            if current is not None:
                await notices.carried(connection, user_id=current.id, links=links[: len(copies)])
        if len(copies) < len(links):
            return len(copies) + await self._refused(links[len(copies) :], "staff.album_incomplete")
        return len(copies)

    async def _copy_out(self, links: list[Link]) -> list[int]:
        source, answered = links[0].group_chat_id, await self._counterpart(links[0])
        if len(links) > 1:
            if answered and (parts := await self._parts(links)) is not None:
                album = SendMediaGroup(chat_id=self._chat_id, media=list(parts), reply_parameters=answered)
                return [message.message_id for message in await self._bot(album)]
            ids = [link.source_id for link in links]
            made = await self._bot(CopyMessages(chat_id=self._chat_id, from_chat_id=cast(int, source), message_ids=ids))
            return [copy.message_id for copy in made]
        copy: MessageId = await self._bot(
            CopyMessage(
                chat_id=self._chat_id,
                from_chat_id=cast(int, source),
                message_id=links[0].source_id,
                reply_parameters=answered,
            )
        )
        return [copy.message_id]

    async def _refused(self, links: list[Link], text_key: str, **values: object) -> int:
        await self._settle(links, "failed")
        await tell_staff(self._bot, links[0], html(self._group.language, text_key, **values))
        return 0

    async def _uncertain(self, links: list[Link]) -> int:
        await self._settle(links, "uncertain")
        await tell_staff(self._bot, links[0], html(self._group.language, "staff.uncertain"))
        return 0

    async def _gone(self, links: list[Link], reason: str) -> int:
        """The staff are told once in words, and after that by a mark on each message that did not arrive."""
        await self._settle(links, "failed")
        async with self._database.transaction() as connection:
            topics = TopicRepository(connection, self._project.id)
            topic = await topics.get(self._group.chat_id, kind=CLIENT, user_id=self._user.id)
            first = topic is not None and await topics.tell_gone(topic.id)
        await tell_staff(
            self._bot, links[0], html(self._group.language, "staff.gone", reason=reason) if first else None
        )
        return 0

    async def give_up_expired(self, direction: str) -> None:
        """After a process died: a client's messages wait again, those of the staff are uncertain, and they are told."""
        lane = self.lane(direction)
        async with self._database.transaction() as connection:
            links = LinkRepository(connection, self._project.id)
            expired = await links.expired(lane)
            await links.settle(expired, "waiting" if direction == "in" else "uncertain")
        if direction == "out":
            for link in expired:
                await tell_staff(self._bot, link, html(self._group.language, "staff.uncertain"))

    async def _parts(self, links: list[Link]) -> list[Part] | None:
        async with self._database.connection() as connection:
            return await parts_of(connection, links)

    async def _counterpart(self, link: Link) -> ReplyParameters | None:
        """What the copy answers, if its source answers something that we carried."""
        if link.reply_to is None:
            return None
        async with self._database.connection() as connection:
            links = LinkRepository(connection, self._project.id)
            if link.direction == "in":
                answered = await links.by_private(self._bot.id, self._chat_id, link.reply_to)
                same = answered is not None and answered.group_chat_id == self._group.chat_id
                return _answering(answered.group_message_id) if answered is not None and same else None
            answered = await links.by_group(self._group.chat_id, link.reply_to)
            same = answered is not None and answered.private_chat_id == self._chat_id
            return _answering(answered.private_message_id) if answered is not None and same else None


def _answering(message_id: int | None) -> ReplyParameters | None:
    return ReplyParameters(message_id=message_id, allow_sending_without_reply=True) if message_id else None
