"""One call of the Bot API for one recipient, and what is known of it afterwards."""

from dataclasses import dataclass
from typing import Final

from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import Message

from app.broadcasts.messages import Call, file_id
from app.broadcasts.recipients import Settled
from app.broadcasts.repository import Kind
from app.kit.telemetry import redact
from app.telegram.sender import BOOKED
from app.telegram.session import never_sent

# An edit that changes nothing, and a deletion of what is gone, have reached what they were for.
REACHED: Final = {
    "edit": ("message is not modified",),
    "delete": ("message to delete not found",),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """`pending`: it surely did not happen. `rest`: seconds in which nothing more should be tried, as Telegram says.

    `token_refused`: no call of this bot can succeed. `trouble`: the network or Telegram itself, not this recipient.
    """

    state: Settled
    message_id: int | None = None
    file_id: str | None = None
    error: str | None = None
    rest: float = 0.0
    token_refused: bool = False
    trouble: bool = False
    refused: bool = False


async def deliver(bot: Bot, kind: Kind, call: Call) -> Outcome:
    """Makes the call once; its place in the schedule is booked. Never raises for what Telegram or the network do.

    There is no idempotency in the Bot API: what may have arrived is `uncertain`, unless doing it twice is harmless.
    """
    BOOKED.set(True)
    unknown: Settled = "uncertain" if kind == "send" else "pending"
    try:
        answer = await bot(call)
    except TelegramRetryAfter as error:
        return Outcome("pending", rest=float(error.retry_after))
    except TelegramForbiddenError as error:
        return Outcome("gone", error=error.message)
    except (TelegramUnauthorizedError, TelegramNotFound) as error:
        return Outcome("pending", error=error.message, token_refused=True)
    except TelegramBadRequest as error:
        if any(words in error.message for words in REACHED.get(kind, ())):
            return Outcome("sent")
        return Outcome("failed", error=error.message, refused=True)
    except TelegramNetworkError as error:
        state: Settled = "pending" if never_sent(error) else unknown
        return Outcome(state, error=redact(error.message), trouble=True)
    except TelegramAPIError as error:
        # Telegram's own 5xx, and an answer that nobody can read: it may have been sent before that.
        return Outcome(unknown, error=redact(error.message), trouble=True)
    if isinstance(answer, Message):
        return Outcome("sent", message_id=answer.message_id, file_id=file_id(answer))
    return Outcome("sent")
