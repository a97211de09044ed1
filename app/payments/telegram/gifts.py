"""`/start gift_…`: a gift is opened in the chat."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import CommandObject, CommandStart
from aiogram.methods import SendMessage
from aiogram.types import Message

from app.catalogue.library import Project
from app.kit.database import Database
from app.locales import Words
from app.payments.errors import AlreadySubscribed, GiftNotFound, GiftTaken
from app.payments.gifts.service import GiftService
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.menu import menu
from app.telegram.replies import say
from app.users.referrals import GIFT
from app.users.repository import User
from app.users.sessions import SessionService


def router() -> Router:
    """Asked before the plain `/start`."""
    router = Router(name="gifts")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(open_gift, CommandStart(deep_link=True, magic=F.args.startswith(GIFT)))
    return router


async def open_gift(
    message: Message,
    command: CommandObject,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    sessions: SessionService,
    gifts: GiftService,
    database: Database,
) -> SendMessage:
    """Whoever came by a gift sees what was in it, and the menu to use it."""
    code = (command.args or "").removeprefix(GIFT)
    if user.source is None:
        async with database.transaction() as connection:
            await sessions.arrive(connection, project=project, user=user, payload=None, otherwise="gift")
    try:
        async with database.transaction() as connection:
            redeemed = await gifts.redeem(connection, project_id=project.id, user_id=user.id, code=code)
    except GiftNotFound:
        text = words.html("gift.not_found")
    except GiftTaken as error:
        text = words.html("gift.mine" if error.facts["mine"] else "gift.taken")
    except AlreadySubscribed:
        text = words.html("gift.subscribed")
    else:
        text = words.html("gift.redeemed", name=project.text(redeemed.package["name"], words.language))
    return say(message, text, menu(words, project, settings))
