"""Taking an erased person out of the group: his topic loses its name and card, and is closed."""

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.methods import CloseForumTopic, EditForumTopic, EditMessageText, SendMessage, TelegramMethod
from aiogram.methods.base import TelegramType

from app.kit.telemetry import get_logger
from app.locales import html, plain

log = get_logger("app.crm.closing")


async def close_topic(bot: Bot, *, language: str, chat_id: int, thread_id: int, card_id: int | None) -> None:
    """Each step stands for itself, and repeating them harms nothing. What he wrote there stays with the staff, who
    are told that they may delete the topic. Outages are raised."""
    if card_id is not None:
        await _try(bot, EditMessageText(chat_id=chat_id, message_id=card_id, text=html(language, "staff.erased_card")))
    renamed = await _try(
        bot,
        EditForumTopic(chat_id=chat_id, message_thread_id=thread_id, name=plain(language, "topic.erased")),
    )
    if renamed:
        text = html(language, "staff.erased")
        await _try(bot, SendMessage(chat_id=chat_id, message_thread_id=thread_id, text=text))
    await _try(bot, CloseForumTopic(chat_id=chat_id, message_thread_id=thread_id))


async def _try(bot: Bot, method: TelegramMethod[TelegramType]) -> bool:
    try:
        await bot(method)
    except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
        log.info("a step of closing a topic was refused", bot_id=bot.id, reason=error.message)
        return False
    return True
