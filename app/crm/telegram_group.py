"""What happens to the group itself: rights, members, topics that are closed, the move to a supergroup."""

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.types import ChatMemberUpdated, Message
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm.checks import check_later
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.roles import Roles
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection, Database
from app.settings import Settings
from app.users.repository import User


def router() -> Router:
    router = Router(name="crm group")
    router.my_chat_member.register(bot_changed, F.chat.type != ChatType.PRIVATE)
    router.my_chat_member.register(client_came_back, F.chat.type == ChatType.PRIVATE)
    router.chat_member.register(member_changed)
    router.message.register(migrated, F.migrate_to_chat_id)
    router.message.register(topic_switched, F.forum_topic_closed | F.forum_topic_reopened)
    router.message.register(renamed, F.new_chat_title)
    return router


async def bot_changed(event: ChatMemberUpdated, staff: StaffGroup | None, database: Database) -> None:
    if staff is not None:
        async with database.transaction() as connection:
            await check_later(connection, project_id=staff.project_id)
    # Others too want to know where the bot is.
    raise SkipHandler


async def client_came_back(event: ChatMemberUpdated, project: Project, user: User | None, database: Database) -> None:
    if user is not None and event.new_chat_member.status == "member":
        async with database.connection() as connection:
            await TopicRepository(connection, project.id).back(user.id)
    raise SkipHandler


async def member_changed(
    event: ChatMemberUpdated, bot: Bot, staff: StaffGroup | None, redis: Redis, settings: Settings
) -> None:
    if staff is not None:
        await Roles(redis, settings).forget(staff, event.new_chat_member.user.id)


async def migrated(message: Message, project: Project, staff: StaffGroup | None, connection: Connection) -> None:
    if staff is None or message.migrate_to_chat_id is None:
        return
    await GroupRepository(connection, project.id).migrate(staff.chat_id, message.migrate_to_chat_id)
    await check_later(connection, project_id=project.id)


async def topic_switched(message: Message, project: Project, staff: StaffGroup | None, connection: Connection) -> None:
    """Known beforehand, so that the next message opens the topic instead of failing first."""
    if staff is not None and message.message_thread_id is not None:
        await TopicRepository(connection, project.id).closed(
            staff.chat_id, message.message_thread_id, is_closed=message.forum_topic_closed is not None
        )


async def renamed(message: Message, staff: StaffGroup | None, connection: Connection) -> None:
    if staff is not None:
        await check_later(connection, project_id=staff.project_id)
