"""How handlers answer: a command and the button that does the same differ only here."""

from collections.abc import Sequence

from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import SendMessage
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
)

Event = Message | CallbackQuery
Rows = Sequence[Sequence[InlineKeyboardButton | None]]

NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def keyboard(rows: Rows) -> InlineKeyboardMarkup | None:
    """Without the buttons that are None; None if nothing is left."""
    kept = [[button for button in row if button is not None] for row in rows]
    kept = [row for row in kept if row]
    return InlineKeyboardMarkup(inline_keyboard=kept) if kept else None


def chat_of(event: Event) -> int:
    """The private chat that an event came from."""
    if isinstance(event, Message):
        return event.chat.id
    return event.message.chat.id if event.message else event.from_user.id


def say(event: Event, text: str, rows: Rows = ()) -> SendMessage:
    """A new message below."""
    return SendMessage(chat_id=chat_of(event), text=text, reply_markup=keyboard(rows), link_preview_options=NO_PREVIEW)


async def acknowledge(event: Event, text: str | None = None, *, alert: bool = False) -> None:
    """Ends the waiting of a pressed button. An outside call: never inside a transaction."""
    if isinstance(event, CallbackQuery):
        try:
            await event.answer(text, show_alert=alert)
        except TelegramBadRequest:
            # Telegram forgets a press after a while; the person has long stopped waiting.
            return


async def change(event: Event, text: str, rows: Rows = ()) -> SendMessage | None:
    """Puts another text in place of the pressed button's message; a new message where that cannot be."""
    if not isinstance(event, CallbackQuery) or not isinstance(event.message, Message):
        return say(event, text, rows)
    try:
        await event.message.edit_text(text, reply_markup=keyboard(rows), link_preview_options=NO_PREVIEW)
    except TelegramBadRequest as error:
        # Pressed twice, and it stands there already.
        return None if "not modified" in error.message else say(event, text, rows)
    return None
