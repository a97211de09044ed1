"""The role of whoever calls the admin API, asked of Telegram by plain HTTP: the API process does without aiogram."""

import httpx
from redis.asyncio import Redis

from app.catalogue.library import Bot
from app.crm.groups import StaffGroup
from app.crm.role import REMEMBERED_SECONDS, Role, read_remembered, remembered_name
from app.errors import Unavailable
from app.kit.redis import REDIS_LOST
from app.settings import Settings

CALL_SECONDS = 10.0


async def role(
    *, settings: Settings, redis: Redis, http: httpx.AsyncClient, bot: Bot, group: StaffGroup | None, telegram_id: int
) -> Role:
    """As `app.crm.roles`, with which it shares what is remembered. Fails closed: whoever Telegram does not name as an
    admin or member is nobody, and `Unavailable` is raised when it cannot be asked."""
    if telegram_id in settings.super_admins:
        return Role.SUPER_ADMIN
    if group is None:
        return Role.NONE
    name = remembered_name(group.project_id, group.chat_id, telegram_id)
    try:
        remembered = read_remembered(await redis.get(name))
    except REDIS_LOST:
        remembered = None
    if remembered is not None:
        return remembered
    found = await _ask(settings, http, bot, group.chat_id, telegram_id)
    try:
        await redis.set(name, int(found), ex=REMEMBERED_SECONDS)
    except REDIS_LOST:
        return found
    return found


async def _ask(settings: Settings, http: httpx.AsyncClient, bot: Bot, chat_id: int, telegram_id: int) -> Role:
    test = "/test" if settings.demo else ""
    url = f"{settings.telegram_api_url}/bot{bot.token.get_secret_value()}{test}/getChatMember"
    try:
        answer = await http.post(url, json={"chat_id": chat_id, "user_id": telegram_id}, timeout=CALL_SECONDS)
        body = answer.json()
    except (httpx.HTTPError, ValueError):
        # Its own words could quote the address, and the address holds the token.
        raise Unavailable("Telegram cannot be asked who may do this.") from None
    if not isinstance(body, dict) or answer.status_code not in (200, 400, 403, 404):
        raise Unavailable("Telegram cannot be asked who may do this.")
    member = body.get("result")
    return role_of(member) if body.get("ok") and isinstance(member, dict) else Role.NONE


def role_of(member: dict[str, object]) -> Role:
    """https://core.telegram.org/bots/api#chatmember; a status that is not known there is nobody's."""
    status = member.get("status")
    if status in ("creator", "administrator"):
        return Role.MANAGER
    if status == "member":
        return Role.STAFF
    writes = member.get("is_member") is True and member.get("can_send_messages") is True
    return Role.STAFF if status == "restricted" and writes else Role.NONE
