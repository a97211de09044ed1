"""Words and marks under a message of the staff that did not reach its client."""

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.methods import SendMessage, SetMessageReaction
from aiogram.types import ReactionTypeEmoji, ReplyParameters

from app.crm.links import Link
from app.kit.telemetry import get_logger, redact

log = get_logger("app.crm.replies")

NOT_ARRIVED = "👎"


async def tell_staff(bot: Bot, link: Link, text: str | None) -> None:
    """Answers the message with `text` (Telegram HTML), or only marks it. What cannot be said is logged: the message
    itself has been settled before."""
    if link.group_chat_id is None or link.group_message_id is None:
        return
    try:
        if text is None:
            await bot(
                SetMessageReaction(
                    chat_id=link.group_chat_id,
                    message_id=link.group_message_id,
                    reaction=[ReactionTypeEmoji(emoji=NOT_ARRIVED)],
                )
            )
            return
        answered = ReplyParameters(message_id=link.group_message_id)
        # In a forum an answer goes to the topic of what it answers.
        await bot(SendMessage(chat_id=link.group_chat_id, text=text, reply_parameters=answered))
    except TelegramAPIError as error:
        log.warning("the staff could not be told", project_id=link.project_id, reason=redact(str(error)))
