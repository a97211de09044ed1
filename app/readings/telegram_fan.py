"""The face-down fan in the chat: cards are picked by their numbers, or by chance."""

import secrets
from html import escape
from uuid import UUID

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton

from app.catalogue.library import Project
from app.locales import Words
from app.readings import chats
from app.readings.chats import Fan
from app.readings.errors import ReadingExpired, ReadingNotFound
from app.readings.telegram_pages import quoted
from app.readings.telegram_table import Table, lay_table
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.menu import button
from app.telegram.replies import Rows, acknowledge, change, chat_of

# Rows of seven are wide enough for a thumb.
ACROSS, DOWN = 7, 6
A_PAGE = ACROSS * DOWN


class FanAction(CallbackData, prefix="fan"):
    """`action`: pick (a zero-based place), page, or chance."""

    reading: UUID
    action: str
    value: int = 0


def router() -> Router:
    router = Router(name="fan")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.callback_query.register(act, FanAction.filter())
    return router


async def act(callback: CallbackQuery, callback_data: FanAction, table: Table) -> SendMessage | None:
    chat_id, words = chat_of(callback), table.words
    page = callback_data.value if callback_data.action == "page" else None
    places: list[int] = []
    if callback_data.action == "pick":
        places = [callback_data.value]
        page = callback_data.value // A_PAGE
    try:
        async with table.database.transaction() as connection:
            if callback_data.action == "chance":
                fan = await chats.open_fan(
                    connection, table.principal, callback_data.reading, chat_id=chat_id, readings=table.readings
                )
                places = by_chance(fan)
            fan = await chats.pick(
                connection, table.principal, callback_data.reading, places, chat_id=chat_id, readings=table.readings
            )
    except (ReadingExpired, ReadingNotFound):
        await acknowledge(callback)
        return await change(callback, words.html("reading.expired"), [[button(words, "reading")]])
    await acknowledge(callback)
    return await change(callback, *fan_page(fan, table.project, words, table.settings, page=page or 0))


def by_chance(fan: Fan) -> list[int]:
    """As many free places as are still needed, each equally likely."""
    free = [place for place in range(len(fan.reading.cards)) if place not in fan.picks]
    needed = len(fan.reading.spread["positions"]) - len(fan.picks)
    return secrets.SystemRandom().sample(free, needed) if needed > 0 else []


def fan_page(fan: Fan, project: Project, words: Words, settings: Settings, *, page: int = 0) -> tuple[str, Rows]:
    """What is still to be picked; or, when the cards are drawn, which places they came from."""
    reading, positions = fan.reading, fan.reading.spread["positions"]
    lines = [f"<b>{escape(reading.spread['name'], quote=False)}</b>"]
    if reading.question:
        lines.append(quoted(reading.question))
    if fan.drawn:
        picked = ", ".join(str(place + 1) for place in reading.picks or [])
        return "\n\n".join([*lines, words.html("fan.drawn", places=picked)]), []
    number = len(fan.picks)
    lines.append(
        words.html("fan.next", number=number + 1, total=len(positions), position=positions[number]["name"])
        if len(positions) > 1
        else words.html("fan.only", position=positions[0]["name"])
    )
    lines.append(words.html("fan.sealed", commitment=reading.commitment))
    last = (len(reading.cards) - 1) // A_PAGE
    page = max(0, min(page, last))

    def action(caption: str, name: str, value: int = 0) -> InlineKeyboardButton:
        data = FanAction(reading=reading.id, action=name, value=value)
        return InlineKeyboardButton(text=caption, callback_data=data.pack())

    places = range(page * A_PAGE, min((page + 1) * A_PAGE, len(reading.cards)))
    cards = [action("✦" if place in fan.picks else str(place + 1), "pick", place) for place in places]
    turns = [
        action(f"{arrow} {target * A_PAGE + 1}–{min((target + 1) * A_PAGE, len(reading.cards))}", "page", target)
        for arrow, target in (("‹", page - 1), ("›", page + 1))
        if 0 <= target <= last
    ]
    return "\n\n".join(lines), [
        *(cards[start : start + ACROSS] for start in range(0, len(cards), ACROSS)),
        turns,
        [action(words.plain("button.chance"), "chance")],
        [mini_app(settings, project, f"readings/{reading.id}").button(words.plain("button.open_reading"))],
    ]
