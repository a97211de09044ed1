"""`/reading`: a reading inside the chat, from the spread to the shuffled deck. The draw is in `telegram_fan`."""

import hashlib
import secrets
from html import escape
from uuid import UUID

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from app.catalogue.library import Project, Spread
from app.catalogue.service import Catalogue
from app.errors import ArcanaError, RateLimited
from app.kit import json
from app.kit.database import Database
from app.kit.idempotency import IdempotencyKeyReused, Once
from app.kit.ratelimit import RateLimits
from app.locales import Words
from app.readings import chats
from app.readings.errors import DeckNotFound, ReadingExpired, ReadingNotFound, SpreadNotFound
from app.readings.service import Order, ReadingService
from app.readings.telegram_fan import fan_page
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.links import mini_app
from app.telegram.menu import MenuAction, button
from app.telegram.replies import Event, Rows, acknowledge, change, chat_of, say
from app.users.errors import ConsentRequired
from app.users.repository import User
from app.users.service import UserService
from app.users.telegram import principal_of
from app.users.telegram_manners import rows as manner_rows
from app.wallet.errors import InsufficientBalance

QUESTION_CHARACTERS = 500
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


class Consent(CallbackData, prefix="consent"):
    step: str


class Resume(CallbackData, prefix="resume"):
    reading: UUID


def router() -> Router:
    """Commands and buttons."""
    router = Router(name="reading")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(reading, Command("reading"))
    router.callback_query.register(reading, MenuAction.filter(F.action == "reading"))
    router.callback_query.register(agree, Consent.filter(F.step == "agree"))
    router.callback_query.register(turn_page, SpreadPage.filter())
    router.callback_query.register(choose_spread, SpreadChoice.filter())
    router.callback_query.register(without_question, NoQuestion.filter())
    router.callback_query.register(resume, Resume.filter())
    return router


def dialogue_router() -> Router:
    """Words that answer a question of ours; behind all commands."""
    router = Router(name="reading-dialogue")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(with_question, Dialogue.question, F.text)
    return router


def digest(spread: Spread) -> str:
    return hashlib.sha256(spread.key.encode()).hexdigest()[:12]


def find_spread(project: Project, wanted: str) -> Spread | None:
    return next((spread for spread in project.spreads if digest(spread) == wanted), None)


async def reading(
    event: Event, project: Project, user: User, words: Words, settings: Settings, database: Database, users: UserService
) -> SendMessage:
    """Consent, the reading that waits, or the choice of a spread."""
    async with database.connection() as connection:
        profile = await users.profile(connection, principal_of(user))
    await acknowledge(event)
    if user.consented_at is None:
        return say(event, *consent_page(project, user, words))
    if profile.unfinished_reading is not None:
        again = Resume(reading=profile.unfinished_reading).pack()
        return say(
            event,
            words.html("reading.unfinished"),
            [
                [InlineKeyboardButton(text=words.plain("button.resume"), callback_data=again)],
                [_button(words, "button.new_reading", SpreadPage(page=0))],
            ],
        )
    return say(event, *spreads_page(project, words, settings))


def consent_page(project: Project, user: User, words: Words) -> tuple[str, Rows]:
    notice = project.text(project.notice, words.language)
    text = words.html("consent.text", name=project.text(project.name, words.language))
    return text + (f"\n\n<i>{escape(notice, quote=False)}</i>" if notice else ""), [
        *manner_rows(user, words, names=("address", "gender")),
        [_button(words, "button.agree", Consent(step="agree"))],
        [button(words, "terms"), button(words, "privacy")],
    ]


async def agree(
    callback: CallbackQuery,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    users: UserService,
) -> SendMessage | None:
    async with database.transaction() as connection:
        await users.update(connection, principal_of(user), changes={}, consent=True, project=project)
    await acknowledge(callback, words.plain("consent.thanks"))
    words = Words(words.language, user.address, user.gender)
    return await change(callback, *spreads_page(project, words, settings))


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
    callback: CallbackQuery,
    callback_data: SpreadPage,
    project: Project,
    words: Words,
    settings: Settings,
    state: FSMContext,
) -> SendMessage | None:
    """Also the way back, where no question is expected any more."""
    await state.clear()
    await acknowledge(callback)
    return await change(callback, *spreads_page(project, words, settings, callback_data.page))


async def choose_spread(
    callback: CallbackQuery,
    callback_data: SpreadChoice,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    users: UserService,
    state: FSMContext,
) -> SendMessage | None:
    """Shows the spread and asks for the question; says at once if the wallet does not hold its cost."""
    spread = find_spread(project, callback_data.digest)
    if spread is None:
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    async with database.connection() as connection:
        wallet = (await users.profile(connection, principal_of(user))).wallet["readings"]
    await acknowledge(callback)
    if wallet.available < spread.cost:
        page = empty_page(project, words, settings, required=spread.cost, left=wallet.available)
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


def empty_page(project: Project, words: Words, settings: Settings, *, required: int, left: int) -> tuple[str, Rows]:
    """Too little is left in the wallet."""
    text = words.html("reading.insufficient", required=required, available=left)
    return text, [
        [mini_app(settings, project, "packages").button(words.plain("button.packages"))],
        [button(words, "daily"), _button(words, "button.other_spread", SpreadPage(page=0))],
    ]


async def without_question(
    callback: CallbackQuery,
    callback_data: NoQuestion,
    bot: Bot,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    readings: ReadingService,
    catalogue: Catalogue,
    limits: RateLimits,
    state: FSMContext,
) -> None:
    spread = find_spread(project, callback_data.digest)
    text, rows = await _start(
        callback, spread.key if spread else "", None, callback_data.wish, project, user, words, settings, database,
        readings, catalogue, limits,
    )  # fmt: skip
    await acknowledge(callback)
    if reply := await change(callback, text, rows):
        await bot(reply)
    # Last, so that a worker that dies before this finds the dialogue where it was.
    await state.clear()


async def with_question(
    message: Message,
    bot: Bot,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    readings: ReadingService,
    catalogue: Catalogue,
    limits: RateLimits,
    state: FSMContext,
) -> SendMessage | None:
    question = (message.text or "").replace("\x00", "").strip()
    if len(question) > QUESTION_CHARACTERS:
        return say(message, words.html("reading.question_too_long", limit=QUESTION_CHARACTERS, length=len(question)))
    data = await state.get_data()
    text, rows = await _start(
        message, str(data.get("spread")), question or None, str(data.get("wish")), project, user, words, settings,
        database, readings, catalogue, limits,
    )  # fmt: skip
    await bot(say(message, text, rows))
    await state.clear()
    return None


async def _start(
    event: Event,
    spread: str,
    question: str | None,
    wish: str,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    readings: ReadingService,
    catalogue: Catalogue,
    limits: RateLimits,
) -> tuple[str, Rows]:
    """Starts the reading of this wish, once however often it is asked for; the fan, or why there is none."""
    principal = principal_of(user)
    once = Once(project.id, user.id, "telegram/readings", f"wish-{wish}", {"spread": spread})
    try:
        limits.check("readings", user.id, per_minute=settings.rate_limit_readings_per_minute, shared=True)
        async with database.transaction() as connection:
            kept = await once.replay(connection)
            if kept is None:
                order = Order(spread, None, question)
                started = await readings.start(connection, principal, order, library=catalogue.library())
                kept = json.dumps({"id": started.body["id"]})
                await once.keep(connection, kept)
            reading_id = UUID(json.loads(kept)["id"])
            fan = await chats.open_fan(connection, principal, reading_id, chat_id=chat_of(event), readings=readings)
    except ArcanaError as error:
        return refusal(error, project, user, words, settings)
    return fan_page(fan, project, words, settings)


def refusal(error: ArcanaError, project: Project, user: User, words: Words, settings: Settings) -> tuple[str, Rows]:
    """A failure that people cause or meet, as a page; anything else is raised again."""
    if isinstance(error, InsufficientBalance):
        facts = error.facts
        return empty_page(project, words, settings, required=facts["required"], left=facts["available"])
    if isinstance(error, ConsentRequired):
        return consent_page(project, user, words)
    if isinstance(error, RateLimited):
        return words.html("reading.slower", seconds=error.facts["retry_after"]), []
    if isinstance(error, SpreadNotFound | DeckNotFound | ReadingNotFound | IdempotencyKeyReused):
        return words.html("reading.gone"), [[_button(words, "button.other_spread", SpreadPage(page=0))]]
    if isinstance(error, ReadingExpired):
        return words.html("reading.expired"), [[_button(words, "button.new_reading", SpreadPage(page=0))]]
    raise error


async def resume(
    callback: CallbackQuery,
    callback_data: Resume,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    readings: ReadingService,
) -> SendMessage | None:
    """Takes up a reading that waits, wherever it was begun: its fan, or the text that is being written."""
    try:
        async with database.transaction() as connection:
            fan = await chats.open_fan(
                connection,
                principal_of(user),
                callback_data.reading,
                chat_id=chat_of(callback),
                readings=readings,
            )
            if fan.drawn:
                await chats.deliver(
                    connection, project_id=project.id, reading_id=fan.reading.id, chat_id=chat_of(callback)
                )
    except ArcanaError as error:
        text, rows = refusal(error, project, user, words, settings)
    else:
        text, rows = fan_page(fan, project, words, settings)
    await acknowledge(callback)
    return await change(callback, text, rows)


def _button(words: Words, key: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(key), callback_data=data.pack())


def _clip(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
