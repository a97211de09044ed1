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


def read_remembered(value: bytes | str | None) -> Role | None:
    """None for nothing, and for anything that is no rank of the group: then Telegram is asked."""
    try:
        role = Role(int(value)) if value is not None else None
    except ValueError:
        return None
    # Super-admins are named in the settings alone.
    return role if role is not Role.SUPER_ADMIN else None


def remembered_name(project_id: int, chat_id: int, telegram_id: int) -> str:
    return key("crm", "role", project_id, chat_id, telegram_id)
