"""Who may do what: asked of Telegram, remembered for a minute, and nobody when in doubt."""

from aiogram import Bot
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat, TelegramNotFound
from aiogram.types import ChatMemberRestricted, ResultChatMemberUnion
from redis.asyncio import Redis

from app.crm.groups import StaffGroup
from app.crm.role import REMEMBERED_SECONDS, Role, read_remembered, remembered_name
from app.kit.redis import REDIS_LOST
from app.settings import Settings

__all__ = ["NOBODY", "Role", "Roles", "role_of"]

# Telegram's own words that this is nobody there, or that the bot cannot know. Anything else is an outage.
NOBODY = (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound, TelegramMigrateToChat)


class Roles:
    def __init__(self, redis: Redis, settings: Settings) -> None:
        self._redis = redis
        self._super_admins = settings.super_admins

    async def role(self, bot: Bot, group: StaffGroup | None, telegram_id: int) -> Role:
        """In this project. Whoever Telegram does not name as a member is nobody.

        When Telegram cannot be asked its error is raised, and the update waits: nothing is done meanwhile.
        """
        if telegram_id in self._super_admins:
            return Role.SUPER_ADMIN
        if group is None:
            return Role.NONE
        name = _name(group, telegram_id)
        try:
            remembered = read_remembered(await self._redis.get(name))
        except REDIS_LOST:
            remembered = None
        if remembered is not None:
            return remembered
        try:
            role = role_of(await bot.get_chat_member(group.chat_id, telegram_id))
        except NOBODY:
            return Role.NONE
        try:
            await self._redis.set(name, int(role), ex=REMEMBERED_SECONDS)
        except REDIS_LOST:
            return role
        return role

    async def forget(self, group: StaffGroup, telegram_id: int) -> None:
        """Somebody came, left or was promoted: Telegram is asked anew."""
        try:
            await self._redis.delete(_name(group, telegram_id))
        except REDIS_LOST:
            return


def role_of(member: ResultChatMemberUnion) -> Role:
    if member.status in (ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR):
        return Role.MANAGER
    if member.status == ChatMemberStatus.MEMBER:
        return Role.STAFF
    # Whoever may not even write in the group does not write to clients either.
    if isinstance(member, ChatMemberRestricted) and member.is_member and member.can_send_messages:
        return Role.STAFF
    return Role.NONE


def _name(group: StaffGroup, telegram_id: int) -> str:
    return remembered_name(group.project_id, group.chat_id, telegram_id)
