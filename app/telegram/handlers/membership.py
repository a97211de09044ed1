"""A person blocks the bot or lets it in again; a group puts it out or takes it back."""

from aiogram import Bot, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import ChatMemberUpdated

from app.catalogue.library import Project
from app.kit.database import Connection
from app.telegram.departures import DepartureRepository


def router() -> Router:
    router = Router(name="membership")
    router.my_chat_member.register(membership_changed)
    return router


async def membership_changed(event: ChatMemberUpdated, bot: Bot, project: Project, connection: Connection) -> None:
    departures = DepartureRepository(connection, project.id)
    status = event.new_chat_member.status
    if status in (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT):
        await departures.add(bot.id, event.chat.id, reason=f"membership: {status}")
    else:
        await departures.remove(bot.id, event.chat.id)
