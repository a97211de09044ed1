"""What a group still lacks, as Telegram tells it; each lack has a code, and words under `staff.problem.<code>`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from aiogram import Bot
from aiogram.enums import ChatMemberStatus, ChatType
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat, TelegramNotFound
from aiogram.types import ChatMemberAdministrator, ResultChatMemberUnion

from app.kit.database import Connection
from app.locales import html
from app.worker.port import enqueue, release

JOB = "crm.check_group"
AFTER_ANOTHER = timedelta(seconds=1)
# The rights that the staff's work needs, each asked for by its own name.
RIGHTS = ("can_manage_topics", "can_pin_messages", "can_delete_messages")
UNREACHABLE = (TelegramForbiddenError, TelegramBadRequest, TelegramNotFound)


@dataclass(frozen=True, slots=True)
class Findings:
    """`chat_id` differs from the one asked for when the group became a supergroup meanwhile."""

    chat_id: int
    title: str | None
    problems: tuple[str, ...]


async def inspect(bot: Bot, chat_id: int) -> Findings:
    """Looks at the group and at the bot's rights in it. Telegram's outages are raised."""
    try:
        chat = await bot.get_chat(chat_id)
        member = await bot.get_chat_member(chat_id, bot.id)
    except TelegramMigrateToChat as error:
        return await inspect(bot, error.migrate_to_chat_id)
    except UNREACHABLE:
        return Findings(chat_id, None, ("not_member",))
    problems = [*_of_chat(chat.type, is_forum=bool(chat.is_forum)), *_of_member(member)]
    return Findings(chat_id, chat.title, tuple(problems))


def _of_chat(kind: str, *, is_forum: bool) -> list[str]:
    """A small group turns into a supergroup when its topics are switched on, so that it is one lack, not two."""
    if kind not in (ChatType.GROUP, ChatType.SUPERGROUP):
        return ["not_group"]
    return [] if is_forum else ["not_forum"]


def _of_member(member: ResultChatMemberUnion) -> list[str]:
    if member.status in (ChatMemberStatus.LEFT, ChatMemberStatus.KICKED):
        return ["not_member"]
    if not isinstance(member, ChatMemberAdministrator):
        return ["not_admin"]
    return [right for right in RIGHTS if not getattr(member, right)]


def in_words(problems: tuple[str, ...], language: str) -> str:
    """Telegram HTML, a line a problem."""
    return "\n".join("• " + html(language, f"staff.problem.{problem}") for problem in problems)


async def check_later(connection: Connection, *, project_id: int, delay: timedelta | None = None) -> None:
    """Has a worker look at the project's group, once for all who ask before it looks."""
    await enqueue(connection, JOB, {"project": project_id}, dedupe_key=_key(project_id), delay=delay)


@asynccontextmanager
async def looking(connection: Connection, *, project_id: int) -> AsyncIterator[bool]:
    """Whatever changes from now on is looked at once more. False if somebody is looking: then it is done after that."""
    key = _key(project_id)
    await release(connection, key)
    lock = f"arcana {key}"
    if not await connection.fetchval("SELECT pg_try_advisory_lock(hashtextextended($1, 0))", lock):
        await check_later(connection, project_id=project_id, delay=AFTER_ANOTHER)
        yield False
        return
    try:
        yield True
    finally:
        await connection.execute("SELECT pg_advisory_unlock(hashtextextended($1, 0))", lock)


def _key(project_id: int) -> str:
    return f"{JOB}:{project_id}"
