"""Dialogues: what a person is in the middle of. A command ends it."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.types import TelegramObject

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


async def leave_dialogue(handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
    """A middleware of routers with commands: whoever asks for something else is no longer being asked."""
    state: FSMContext | None = data.get("state")
    if state is not None and data.get("raw_state") is not None:
        await state.clear()
    return await handler(event, data)
