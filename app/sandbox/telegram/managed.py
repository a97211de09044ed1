"""A bot that a person makes for another bot to manage, and what becomes of its token."""

from typing import Any

from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.state import Desk

FIRST_ID = 710_000_001


def create(desk: Desk, manager: Bot, owner: dict[str, Any], *, name: str, username: str) -> Bot:
    """The manager is told by the update `managed_bot`."""
    bot_id = max((FIRST_ID, *(known + 1 for known in desk.bots_by_id)))
    bot = desk.add_bot(_token(desk, bot_id), username=username, name=name)
    bot.manager_id, bot.owner = manager.id, owner
    _tell(desk, bot)
    desk.journal.add("chat", bot_id=bot.id)
    return bot


def replace_token(desk: Desk, bot: Bot) -> str:
    token = _token(desk, bot.id)
    desk.add_bot(token, username=bot.username, name=bot.name)
    _tell(desk, bot)
    return token


def _token(desk: Desk, bot_id: int) -> str:
    # Short enough never to be taken for a real one.
    return f"{bot_id}:SANDBOX-{desk.random.randrange(16**14):014x}"


def _tell(desk: Desk, bot: Bot) -> None:
    if bot.manager_id is not None and bot.owner is not None and (manager := desk.bot(bot.manager_id)) is not None:
        desk.push(manager, "managed_bot", {"user": bot.owner, "bot": bot.user()})
