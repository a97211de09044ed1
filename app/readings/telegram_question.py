"""The question of a reading in the chat, or none: with it the deck is shuffled."""

from uuid import UUID

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.fsm.context import FSMContext
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, Message

from app.errors import ArcanaError
from app.kit import json
from app.kit.idempotency import Once
from app.readings import chats
from app.readings.service import Order
from app.readings.telegram_fan import fan_page
from app.readings.telegram_refusals import refusal
from app.readings.telegram_spreads import Dialogue, NoQuestion, find_spread
from app.readings.telegram_table import Table, lay_table
from app.telegram.replies import Event, Rows, acknowledge, change, chat_of, say

QUESTION_CHARACTERS = 500


def router() -> Router:
    router = Router(name="no question")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.callback_query.register(without_question, NoQuestion.filter())
    return router


def dialogue_router() -> Router:
    """Words that answer a question of ours; behind all commands."""
    router = Router(name="reading-dialogue")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.message.register(with_question, Dialogue.question, F.text)
    return router


async def without_question(
    callback: CallbackQuery, callback_data: NoQuestion, bot: Bot, table: Table, state: FSMContext
) -> None:
    spread = find_spread(table.project, callback_data.digest)
    text, rows = await _start(callback, table, spread.key if spread else "", None, wish=callback_data.wish)
    await acknowledge(callback)
    if reply := await change(callback, text, rows):
        await bot(reply)
    # Last, so that a worker that dies before this finds the dialogue where it was.
    await state.clear()


async def with_question(message: Message, bot: Bot, table: Table, state: FSMContext) -> SendMessage | None:
    question = (message.text or "").replace("\x00", "").strip()
    if len(question) > QUESTION_CHARACTERS:
        return say(message, too_long(table, question))
    data = await state.get_data()
    text, rows = await _start(message, table, str(data.get("spread")), question or None, wish=str(data.get("wish")))
    await bot(say(message, text, rows))
    await state.clear()
    return None


def too_long(table: Table, question: str) -> str:
    return table.words.html("reading.question_too_long", limit=QUESTION_CHARACTERS, length=len(question))


async def _start(event: Event, table: Table, spread: str, question: str | None, *, wish: str) -> tuple[str, Rows]:
    """Starts the reading of this wish, once however often it is asked for; the fan, or why there is none."""
    user, readings = table.user, table.readings
    once = Once(table.project.id, user.id, "telegram/readings", f"wish-{wish}", {"spread": spread})
    try:
        per_minute = table.settings.rate_limit_readings_per_minute
        table.limits.check("readings", user.id, per_minute=per_minute, shared=True)
        async with table.database.transaction() as connection:
            kept = await once.replay(connection)
            if kept is None:
                order = Order(spread, None, question)
                started = await readings.start(connection, table.principal, order, library=table.catalogue.library())
                kept = json.dumps({"id": started.body["id"]})
                await once.keep(connection, kept)
            reading_id = UUID(json.loads(kept)["id"])
            fan = await chats.open_fan(
                connection, table.principal, reading_id, chat_id=chat_of(event), readings=readings
            )
    except ArcanaError as error:
        return refusal(error, table)
    return fan_page(fan, table.project, table.words, table.settings)
