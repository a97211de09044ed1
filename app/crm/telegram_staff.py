"""What the staff write in a client's topic goes to him; `//` in front, General and all other topics stay inside."""

from aiogram import Bot, F, Router
from aiogram.types import Message, MessageReactionUpdated
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm import notices
from app.crm.edits import carry_edit, carry_reaction
from app.crm.filters import InStaffGroup
from app.crm.groups import StaffGroup
from app.crm.links import ALBUM_PAUSE, LinkRepository
from app.crm.mirror import Mirror, carry_later
from app.crm.replies import tell_staff
from app.crm.telegram_clients import CONTENT, spoke
from app.crm.topic_rows import TopicRepository
from app.crm.topics import CLIENT
from app.errors import Unavailable
from app.kit.database import Database
from app.locales import html
from app.users.repository import UserRepository

NOTE = "//"


def router() -> Router:
    router = Router(name="crm staff")
    router.message.filter(InStaffGroup())
    router.edited_message.filter(InStaffGroup())
    router.message_reaction.filter(InStaffGroup())
    # General has threads of its own: an answer there carries a thread id that is no topic's.
    in_topic = F.is_topic_message.is_(True)
    router.message.register(said, in_topic, F.content_type.in_(CONTENT), ~F.text.startswith("/"))
    router.message.register(noted, in_topic, F.text.startswith(NOTE))
    router.edited_message.register(edited, in_topic)
    router.message_reaction.register(reacted)
    return router


async def noted(message: Message) -> None:
    """A note of the staff for themselves."""


async def said(
    message: Message, bot: Bot, project: Project, staff: StaffGroup, database: Database, redis: Redis
) -> None:
    thread_id = message.message_thread_id or 0
    async with database.transaction() as connection:
        topic = await TopicRepository(connection, project.id).by_thread(staff.chat_id, thread_id)
        if topic is None or topic.kind != CLIENT or topic.user_id is None:
            return
        client = await UserRepository(connection, project.id).get(topic.user_id, lock="KEY SHARE")
        if client is None or client.telegram_id is None:
            return
        inside = (message.caption or "").startswith(NOTE)
        if inside and message.media_group_id is None:
            return
        mirror = Mirror(database, bot=bot, project=project, group=staff, user=client)
        answered = message.reply_to_message.message_id if message.reply_to_message else None
        await LinkRepository(connection, project.id).queue_out(
            mirror.lane("out"),
            staff.chat_id,
            message.message_id,
            media_group_id=message.media_group_id,
            # What answers nothing answers the message that opened the topic.
            reply_to=None if answered == thread_id else answered,
            says=notices.says(message),
            keep=inside,
        )
        if message.media_group_id is not None:
            # One for each part: only the last one knows that no other follows.
            await carry_later(connection, mirror.lane("out"), reason=message.message_id, delay=ALBUM_PAUSE)
    if message.media_group_id is None:
        await mirror.carry_out()
    await spoke(redis, project, client)


async def edited(message: Message, bot: Bot, project: Project, staff: StaffGroup, database: Database) -> None:
    async with database.connection() as connection:
        link = await LinkRepository(connection, project.id).by_group(staff.chat_id, message.message_id)
    if link is None or link.direction != "out":
        return
    if link.state == "sending":
        raise Unavailable("The message is being copied right now.")
    if link.private_message_id is None:
        return
    if (message.text or message.caption or "").startswith(NOTE):
        await tell_staff(bot, link, html(staff.language, "staff.note_too_late"))
        return
    if not await carry_edit(bot, message, chat_id=link.private_chat_id, message_id=link.private_message_id):
        await tell_staff(bot, link, html(staff.language, "staff.edit_not_carried"))
        return
    async with database.transaction() as connection:
        client = await UserRepository(connection, project.id).by_telegram_id(link.private_chat_id)
        if client is not None:
            await notices.corrected(connection, user_id=client.id, link=link, message=message)


async def reacted(
    event: MessageReactionUpdated, bot: Bot, project: Project, staff: StaffGroup, database: Database
) -> None:
    async with database.connection() as connection:
        link = await LinkRepository(connection, project.id).by_group(staff.chat_id, event.message_id)
    if link is not None and link.private_message_id is not None:
        await carry_reaction(bot, event, chat_id=link.private_chat_id, message_id=link.private_message_id)
