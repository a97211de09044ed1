"""What the buttons about the group itself carry."""

from typing import Literal

from aiogram.filters.callback_data import CallbackData


class StaffAction(CallbackData, prefix="staff"):
    action: Literal["check", "leave", "leave_surely", "invite"]
