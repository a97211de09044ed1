"""The choice of a spread in the chat: pages of them, and one with its question."""

import hashlib
import secrets
from collections.abc import Mapping
from html import escape
from typing import Any

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton
from redis.asyncio import Redis

from app.catalogue.library import Project, Spread
from app.locales import Words
from app.payments.telegram.way_back import remember
from app.readings.telegram_table import Table, lay_table
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.menu import button
from app.telegram.replies import Rows, acknowledge, change
from app.users.days import zone

SPREADS_A_PAGE = 8


class Dialogue(StatesGroup):
    """`question`: a spread is chosen (`spread`), and the next words are the question to it."""

    question = State()


class SpreadPage(CallbackData, prefix="spreads"):
    page: int


class SpreadChoice(CallbackData, prefix="spread"):
    """A digest of the key: keys may be longer than a button may carry."""

    digest: str


class NoQuestion(CallbackData, prefix="no_question"):
    digest: str
    wish: str


def router() -> Router:
    router = Router(name="spreads")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.callback_query.register(turn_page, SpreadPage.filter())
    router.callback_query.register(choose_spread, SpreadChoice.filter())
    return router


def digest(spread: Spread) -> str:
    return hashlib.sha256(spread.key.encode()).hexdigest()[:12]


def find_spread(project: Project, wanted: str) -> Spread | None:
    return next((spread for spread in project.spreads if digest(spread) == wanted), None)


def spreads_page(project: Project, words: Words, settings: Settings, page: int = 0) -> tuple[str, Rows]:
    if not project.spreads or not project.decks:
        return words.html("reading.no_spreads"), []
    last = (len(project.spreads) - 1) // SPREADS_A_PAGE
    page = max(0, min(page, last))
    shown = project.spreads[page * SPREADS_A_PAGE : (page + 1) * SPREADS_A_PAGE]
    rows = [
        [
            InlineKeyboardButton(
                text=f"{_clip(project.text(spread.name, words.language), 40)} · 🔮 {spread.cost}",
                callback_data=SpreadChoice(digest=digest(spread)).pack(),
            )
        ]
        for spread in shown
    ]
    turns = [
        InlineKeyboardButton(text=arrow, callback_data=SpreadPage(page=target).pack())
        for arrow, target in (("‹", page - 1), ("›", page + 1))
        if 0 <= target <= last
    ]
    app = mini_app(settings, project).button(words.plain("button.open_app"))
    return words.html("reading.choose_spread"), [*rows, turns, [app]]


async def turn_page(
    callback: CallbackQuery, callback_data: SpreadPage, table: Table, state: FSMContext
) -> SendMessage | None:
    """Also the way back, where no question is expected any more."""
    await state.clear()
    await acknowledge(callback)
    return await change(callback, *spreads_page(table.project, table.words, table.settings, callback_data.page))


async def choose_spread(
    callback: CallbackQuery, callback_data: SpreadChoice, table: Table, state: FSMContext, redis: Redis
) -> SendMessage | None:
    """Shows the spread and asks for the question; says at once if neither a subscription nor the wallet pays for it."""
    project, words = table.project, table.words
    spread = find_spread(project, callback_data.digest)
    if spread is None:
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    async with table.database.connection() as connection:
        profile = await table.users.profile(connection, table.principal)
    await acknowledge(callback)
    left = profile.wallet["readings"].available
    if left < spread.cost and not profile.has_share:
        await remember(redis, project.id, table.user.id, callback_data.pack())
        page = empty_page(
            project,
            words,
            table.settings,
            required=spread.cost,
            left=left,
            fair_use=profile.subscription["fair_use"] if profile.subscription else None,
            timezone=table.user.timezone,
        )
        return await change(callback, *page)
    # Names this wish: whatever asks for it twice starts one reading.
    wish = secrets.token_hex(6)
    await state.set_state(Dialogue.question)
    await state.set_data({"spread": spread.key, "wish": wish})
    description = project.text(spread.description, words.language)
    lines = [
        f"<b>{escape(project.text(spread.name, words.language), quote=False)}</b>",
        *([escape(_clip(description, 600), quote=False)] if description else []),
        words.html("reading.cards", count=len(spread.positions))
        + " · "
        + (words.html("reading.cost", count=spread.cost) if spread.cost else words.html("reading.free")),
        words.html("reading.ask_question"),
    ]
    return await change(
        callback,
        "\n\n".join(lines),
        [
            [_button(words, "button.no_question", NoQuestion(digest=digest(spread), wish=wish))],
            [_button(words, "button.back", SpreadPage(page=0))],
        ],
    )


def empty_page(
    project: Project,
    words: Words,
    settings: Settings,
    *,
    required: int,
    left: int,
    fair_use: Mapping[str, Any] | None = None,
    timezone: str = "UTC",
) -> tuple[str, Rows]:
    """Too little is left in the wallet. `fair_use` (limit, free_at) of a subscription whose day is used up as well."""
    text = words.html("reading.insufficient", required=required, available=left)
    if fair_use is not None and fair_use["free_at"] is not None:
        free_at = fair_use["free_at"].astimezone(zone(timezone))
        reached = words.html("fair_use.reached", count=fair_use["limit"], at=f"{free_at:%d.%m, %H:%M}")
        text = f"{reached}\n\n{text}"
    return text, [
        [button(words, "buy")],
        [mini_app(settings, project, "packages").button(words.plain("button.packages"))],
        [button(words, "daily"), _button(words, "button.other_spread", SpreadPage(page=0))],
    ]


def _button(words: Words, key: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(key), callback_data=data.pack())


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
