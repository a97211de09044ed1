"""The button under a client's card that asks for a draft."""

from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from app.crm.contact_facts import ContactFacts
from app.locales import plain


class DraftAsk(CallbackData, prefix="draft_for"):
    user: UUID


def ask_row(client: ContactFacts, language: str) -> list[InlineKeyboardButton]:
    """None for somebody whom nothing reaches any more."""
    if client.telegram_id is None or client.left or client.state != "active":
        return []
    data = DraftAsk(user=client.user_id).pack()
    return [InlineKeyboardButton(text=plain(language, "button.draft"), callback_data=data)]
