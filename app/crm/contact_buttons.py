"""The rows of buttons under a client's card: a function a row, which may give none."""

from collections.abc import Callable

from aiogram.types import InlineKeyboardButton

from app.crm.contact_facts import ContactFacts
from app.crm.drafts_buttons import ask_row

# (the client, the group's language) → one row
ButtonRow = Callable[[ContactFacts, str], list[InlineKeyboardButton]]

ROWS: tuple[ButtonRow, ...] = (ask_row,)
