"""What a client writes in his private chat goes to his topic. Without a group the next handler answers him."""

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType, ContentType
from aiogram.methods import SendMessage
from aiogram.types import Message, MessageReactionUpdated, ReplyParameters
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.crm.danger import crisis, help_text, tell_staff
from app.crm.edits import carry_edit, carry_reaction
from app.crm.groups import GroupRepository, StaffGroup
from app.crm.links import ALBUM_PAUSE, Link, LinkRepository
from app.crm.mirror import Mirror, carry_later
from app.crm.topics import CLIENT, ClientErased, GroupUnusable, Topics
from app.errors import Unavailable
from app.kit.database import Database
from app.kit.redis import REDIS_LOST, key
from app.locales import Words, html
from app.settings import Settings
from app.telegram.menu import menu
from app.telegram.replies import say
from app.users.repository import User, UserRepository

# What people say, as opposed to what Telegram notes in a chat.
CONTENT = {
    ContentType.TEXT, ContentType.PHOTO, ContentType.VIDEO, ContentType.VOICE, ContentType.VIDEO_NOTE,
    ContentType.STICKER, ContentType.DOCUMENT, ContentType.ANIMATION, ContentType.AUDIO, ContentType.CONTACT,
    ContentType.LOCATION, ContentType.VENUE, ContentType.DICE, ContentType.POLL, ContentType.STORY,
    ContentType.PAID_MEDIA, ContentType.CHECKLIST, ContentType.GAME,
}  # fmt: skip
# A conversation under way needs no word that it is under way.
ACKNOWLEDGED_SECONDS = 12 * 3600


def router() -> Router:
    router = Router(name="crm clients")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.edited_message.filter(F.chat.type == ChatType.PRIVATE)
    router.message_reaction.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(said, F.content_type.in_(CONTENT), ~F.text.startswith("/"))
    router.edited_message.register(edited)
    router.message_reaction.register(reacted)
    return router


async def said(
    message: Message,
    bot: Bot,
    project: Project,
    user: User | None,
    words: Words,
    settings: Settings,
    database: Database,
    redis: Redis,
) -> SendMessage | None:
    if user is None or not project.live:
        raise SkipHandler
    danger = crisis(message)
    async with database.transaction() as connection:
        help_now = danger is not None and await tell_staff(connection, project, user, message)
        group = await GroupRepository(connection, project.id).get()
    comfort = None
    if danger is not None and help_now:
        formal = words.address == "formal"
        text = help_text(danger, language=words.language, formal=formal, first_name=user.first_name)
        comfort = say(message, text)
    if group is None:
        # Whoever is in danger is not told that cards are all that is spoken of here.
        if danger is None:
            raise SkipHandler
        return comfort
    async with database.transaction() as connection:
        current = await UserRepository(connection, project.id).get(user.id, lock="KEY SHARE")
        if current is None or current.telegram_id is None:
            return None
        mirror = Mirror(database, bot=bot, project=project, group=group, user=current)
        own = message.contact is not None and message.contact.user_id == message.chat.id
        await LinkRepository(connection, project.id).queue_in(
            mirror.lane("in"),
            message.message_id,
            media_group_id=message.media_group_id,
            reply_to=message.reply_to_message.message_id if message.reply_to_message else None,
            note=None if message.contact is None else "contact_own" if own else "contact_other",
        )
        if message.media_group_id is not None:
            # One for each part: only the last one knows that no other follows.
            await carry_later(connection, mirror.lane("in"), reason=message.message_id, delay=ALBUM_PAUSE)
        elif comfort is not None:
            # The numbers first: making a topic and a contact card may take Telegram seconds.
            await carry_later(connection, mirror.lane("in"), reason=message.message_id)
    if message.media_group_id is None and comfort is None:
        await mirror.carry_in()
    first = await first_in_a_while(redis, project, user)
    if comfort is not None or not first:
        return comfort
    return say(message, words.html("staff.received"), menu(words, project, settings))


async def edited(message: Message, bot: Bot, project: Project, user: User | None, database: Database) -> None:
    """A copy that cannot be changed gets the new words beneath it."""
    group, link = await _carried(database, project, bot, message.chat.id, message.message_id)
    if user is None or group is None or link is None or link.group_message_id is None:
        return
    if await carry_edit(bot, message, chat_id=group.chat_id, message_id=link.group_message_id):
        return
    words = html(group.language, "staff.edited", text=(message.text or message.caption or "")[:3000])
    answered = ReplyParameters(message_id=link.group_message_id, allow_sending_without_reply=True)
    try:
        await Topics(database).post(
            bot, project, CLIENT,
            lambda chat, thread: SendMessage(
                chat_id=chat, message_thread_id=thread, text=words, reply_parameters=answered
            ),
            user=user,
        )  # fmt: skip
    except (GroupUnusable, ClientErased):
        return


async def reacted(event: MessageReactionUpdated, bot: Bot, project: Project, database: Database) -> None:
    group, link = await _carried(database, project, bot, event.chat.id, event.message_id)
    if group is not None and link is not None and link.group_message_id is not None:
        await carry_reaction(bot, event, chat_id=group.chat_id, message_id=link.group_message_id)


async def _carried(
    database: Database, project: Project, bot: Bot, chat_id: int, message_id: int
) -> tuple[StaffGroup | None, Link | None]:
    """The present group and the message's copy in it, if it has one there."""
    async with database.connection() as connection:
        group = await GroupRepository(connection, project.id).get()
        link = await LinkRepository(connection, project.id).by_private(bot.id, chat_id, message_id)
    if link is not None and link.state == "sending":
        raise Unavailable("The message is being copied right now.")
    if group is None or link is None or link.group_chat_id != group.chat_id:
        return group, None
    return group, link


async def first_in_a_while(redis: Redis, project: Project, user: User) -> bool:
    """True at most once in twelve hours, and not while the staff are answering."""
    try:
        return bool(await redis.set(_spoken(project, user), 1, nx=True, ex=ACKNOWLEDGED_SECONDS))
    except REDIS_LOST:
        return False


async def spoke(redis: Redis, project: Project, user: User) -> None:
    """The staff wrote to him: he knows that he is heard."""
    try:
        await redis.set(_spoken(project, user), 1, ex=ACKNOWLEDGED_SECONDS)
    except REDIS_LOST:
        return


def _spoken(project: Project, user: User) -> str:
    return key("crm", "spoken", project.id, user.id)
