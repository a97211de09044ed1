"""Buttons that lead to an order; `app.crm.commands.orders` answers them."""

from uuid import UUID

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton

from app.kit.ids import short
from app.locales import plain


class OrderButton(CallbackData, prefix="order"):
    """At most 64 bytes. `amount` goes back where `refunded` of the order was given back when the button was shown;
    of `give` it is how many readings."""

    order: str
    do: str
    amount: int = 0
    refunded: int = 0


def order_button(order_id: UUID, do: str, language: str) -> InlineKeyboardButton:
    data = OrderButton(order=short(order_id), do=do).pack()
    return InlineKeyboardButton(text=plain(language, f"button.order_{do}"), callback_data=data)
