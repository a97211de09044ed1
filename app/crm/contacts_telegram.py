"""A client shares his number: it is kept, and the cards that asked for it show it."""

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.enums import ChatType
from aiogram.types import Message, ReplyKeyboardRemove

from app.catalogue.library import Project
from app.crm.cards.render import CONTACT
from app.crm.cards.store import CardRepository
from app.crm.cards.telegram import refresh
from app.crm.contacts import ContactRepository
from app.crm.groups import GroupRepository
from app.kit.database import Database
from app.leads import phones
from app.leads.errors import PhoneInvalid
from app.locales import Words
from app.users.repository import User


def router() -> Router:
    router = Router(name="contacts")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(shared, F.contact)
    return router


async def shared(
    message: Message, bot: Bot, project: Project, user: User | None, words: Words, database: Database
) -> None:
    """Only his own: Telegram says so by the id in the contact. The message goes its way to the staff as well."""
    contact = message.contact
    if user is None or contact is None or contact.user_id != user.telegram_id:
        raise SkipHandler
    number = contact.phone_number
    try:
        phone = phones.normalise(number if number.startswith("+") else f"+{number}", language=user.language)
    except PhoneInvalid:
        raise SkipHandler from None
    async with database.transaction() as connection:
        await ContactRepository(connection, project.id).put(user.id, phone)
        cards = await CardRepository(connection, project.id).of_user(user.id, action=CONTACT)
        group = await GroupRepository(connection, project.id).get()
    await bot.send_message(message.chat.id, words.html("contact.thanks"), reply_markup=ReplyKeyboardRemove())
    if group is None:
        return
    for card in cards:
        await refresh(card, bot=bot, project=project, database=database, staff=group)
    raise SkipHandler
