"""The ranks of the staff, and where the last answer about somebody is remembered; without aiogram, for the API."""

from enum import IntEnum

from app.kit.redis import key

REMEMBERED_SECONDS = 60


class Role(IntEnum):
    """Each may do what the ones before it may."""

    NONE = 0
    STAFF = 1
    MANAGER = 2
    SUPER_ADMIN = 3


def remembered_name(project_id: int, chat_id: int, telegram_id: int) -> str:
    return key("crm", "role", project_id, chat_id, telegram_id)
