"""Edits and reactions of a message, carried over to its copy."""

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramNotFound
from aiogram.methods import (
    EditMessageCaption,
    EditMessageMedia,
    EditMessageText,
    SetMessageReaction,
    TelegramMethod,
)
from aiogram.types import (
    InputMediaAnimation,
    InputMediaAudio,
    InputMediaDocument,
    InputMediaPhoto,
    InputMediaVideo,
    Message,
    MessageReactionUpdated,
    ReactionTypeEmoji,
)

from app.kit.telemetry import get_logger

log = get_logger("app.crm.edits")


def edit_of(message: Message, *, chat_id: int, message_id: int) -> TelegramMethod[Message | bool] | None:
    """What makes the copy say what the edited message says now; None for kinds that have nothing to edit."""
    if message.text is not None:
        return EditMessageText(
            chat_id=chat_id,
            message_id=message_id,
            text=message.text,
            entities=message.entities,
            parse_mode=None,
            link_preview_options=message.link_preview_options,
        )
    media = _media(message)
    if media is not None:
        return EditMessageMedia(chat_id=chat_id, message_id=message_id, media=media)
    if message.voice is not None:
        return EditMessageCaption(
            chat_id=chat_id,
            message_id=message_id,
            caption=message.caption,
            caption_entities=message.caption_entities,
            parse_mode=None,
        )
    return None


def _media(
    message: Message,
) -> InputMediaPhoto | InputMediaVideo | InputMediaAnimation | InputMediaAudio | InputMediaDocument | None:
    """Its file may have been replaced, which nothing tells; sending it again with its words is right in both cases."""
    words = {"caption": message.caption, "caption_entities": message.caption_entities, "parse_mode": None}
    looks = {
        "has_spoiler": message.has_media_spoiler,
        "show_caption_above_media": message.show_caption_above_media,
    }
    if message.photo:
        return InputMediaPhoto(media=message.photo[-1].file_id, **words, **looks)  # type: ignore[arg-type]  # by name
    if message.video is not None:
        return InputMediaVideo(media=message.video.file_id, **words, **looks)  # type: ignore[arg-type]  # by name
    # An animation comes with a document of the same file.
    if message.animation is not None:
        return InputMediaAnimation(media=message.animation.file_id, **words, **looks)  # type: ignore[arg-type]  # by name
    if message.audio is not None:
        return InputMediaAudio(media=message.audio.file_id, **words)  # type: ignore[arg-type]  # by name
    if message.document is not None:
        return InputMediaDocument(media=message.document.file_id, **words)  # type: ignore[arg-type]  # by name
    return None


async def carry_edit(bot: Bot, message: Message, *, chat_id: int, message_id: int) -> bool:
    """False if the copy could not be changed: it is gone, or of a kind that Telegram does not let us edit."""
    method = edit_of(message, chat_id=chat_id, message_id=message_id)
    if method is None:
        # A live location moves many times a minute; its copy stays where it was.
        return message.location is not None
    try:
        await bot(method)
    except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
        return "message is not modified" in error.message
    return True


async def carry_reaction(bot: Bot, event: MessageReactionUpdated, *, chat_id: int, message_id: int) -> None:
    """A bot has one reaction a message: the last one chosen. Custom emoji are for Premium and stay behind."""
    chosen = [reaction for reaction in event.new_reaction if isinstance(reaction, ReactionTypeEmoji)]
    if event.new_reaction and not chosen:
        return
    try:
        await bot(
            SetMessageReaction(
                chat_id=chat_id,
                message_id=message_id,
                reaction=[ReactionTypeEmoji(emoji=chosen[-1].emoji)] if chosen else [],
            )
        )
    except (TelegramBadRequest, TelegramForbiddenError, TelegramNotFound) as error:
        log.info("a reaction could not be carried over", bot_id=bot.id, reason=error.message)
