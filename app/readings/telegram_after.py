"""What follows a reading in the chat: follow-ups, "was it good?", the proof of the draw."""

from uuid import UUID

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Update
from aiogram.types import Message as TelegramMessage
from redis.asyncio import Redis

from app.errors import ArcanaError, RateLimited
from app.kit import json
from app.kit.idempotency import Once
from app.locales import Words
from app.payments.telegram.way_back import remember
from app.readings import chats, telegram_pages
from app.readings.errors import QuestionInProgress, ReadingNotFinished, ReadingNotFound
from app.readings.questions import QuestionRepository, questions
from app.readings.service import proof
from app.readings.telegram_pages import After, Showing, after_rows
from app.readings.telegram_question import QUESTION_CHARACTERS, too_long
from app.readings.telegram_refusals import refusal
from app.readings.telegram_table import Table, lay_table
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.menu import MenuAction, button
from app.telegram.replies import Rows, acknowledge, keyboard, say
from app.wallet.errors import InsufficientBalance


class FollowUp(StatesGroup):
    """`text`: the next words are a follow-up to the reading in the data."""

    text = State()


def router() -> Router:
    router = Router(name="after")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.callback_query.register(rate, After.filter(F.action.in_({"good", "bad"})))
    router.callback_query.register(ask, After.filter(F.action == "ask"))
    router.callback_query.register(show_proof, After.filter(F.action == "proof"))
    router.callback_query.register(cancel, MenuAction.filter(F.action == "cancel"))
    return router


def dialogue_router() -> Router:
    router = Router(name="follow-up-dialogue")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    lay_table(router)
    router.message.register(follow_up, FollowUp.text, F.text)
    return router


async def rate(callback: CallbackQuery, callback_data: After, table: Table) -> None:
    """One tap; the mark is shown on the button."""
    project, user, words, reading_id = table.project, table.user, table.words, callback_data.reading
    try:
        async with table.database.transaction() as connection:
            showing = await telegram_pages.find(connection, project, user.id, reading_id, number=callback_data.number)
            if showing is None:
                raise ReadingNotFound
            if showing.question is None:
                await table.readings.rate(connection, table.principal, reading_id, rating=callback_data.action)
            else:
                await QuestionRepository(connection, project.id).rate(
                    reading_id, showing.question.id, callback_data.action
                )
            showing = await telegram_pages.find(connection, project, user.id, reading_id, number=callback_data.number)
    except (ReadingNotFound, ReadingNotFinished):
        await acknowledge(callback, words.plain("answer.forgotten"))
        return
    await acknowledge(callback, words.plain(f"rating.{callback_data.action}"))
    if showing is not None:
        await _refresh(callback, table.settings, showing)


async def _refresh(callback: CallbackQuery, settings: Settings, showing: Showing) -> None:
    if isinstance(callback.message, TelegramMessage):
        try:
            await callback.message.edit_reply_markup(reply_markup=keyboard(after_rows(settings, showing)))
        except TelegramBadRequest:
            # The same was pressed again, or the message is gone: the rating stands either way.
            return


async def ask(
    callback: CallbackQuery, callback_data: After, table: Table, state: FSMContext, redis: Redis
) -> SendMessage | None:
    """Asks for the question, or says at once that none is left."""
    words = table.words
    async with table.database.connection() as connection:
        showing = await telegram_pages.find(connection, table.project, table.user.id, callback_data.reading)
        left = (await table.users.profile(connection, table.principal)).wallet["follow_ups"].available
    if showing is None or showing.reading.state != "finished":
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    await acknowledge(callback)
    if showing.free_left == 0 and left == 0:
        await remember(redis, table.project.id, table.user.id, callback_data.pack())
        return say(callback, *_none_left(table))
    await state.set_state(FollowUp.text)
    await state.set_data({"reading": str(callback_data.reading)})
    price = (
        words.html("follow_up.free", count=showing.free_left)
        if showing.free_left
        else words.html("follow_up.paid", count=left)
    )
    cancel_data = MenuAction(action="cancel").pack()
    return say(
        callback,
        words.html("follow_up.ask", name=showing.reading.spread["name"]) + "\n\n" + price,
        [[InlineKeyboardButton(text=words.plain("button.cancel"), callback_data=cancel_data)]],
    )


def _none_left(table: Table) -> tuple[str, Rows]:
    packages = mini_app(table.settings, table.project, "packages").button(table.words.plain("button.packages"))
    return table.words.html("follow_up.none_left"), [[button(table.words, "buy")], [packages]]


async def cancel(callback: CallbackQuery, words: Words, state: FSMContext) -> None:
    await state.clear()
    await acknowledge(callback, words.plain("follow_up.cancelled"))
    if isinstance(callback.message, TelegramMessage):
        try:
            await callback.message.delete()
        except TelegramBadRequest:
            # Older than two days, or deleted by the person himself.
            return


async def follow_up(
    message: TelegramMessage, bot: Bot, event_update: Update, table: Table, state: FSMContext
) -> SendMessage | None:
    """Starts the answer, which comes like an interpretation."""
    text = (message.text or "").replace("\x00", "").strip()
    if len(text) > QUESTION_CHARACTERS:
        return say(message, too_long(table, text))
    project, user, words = table.project, table.user, table.words
    reply: SendMessage | None
    data = await state.get_data()
    reading_id = UUID(str(data["reading"]))
    # An update that is worked on again after a crash asks nothing twice.
    once = Once(
        project.id, user.id, f"telegram/{reading_id}/questions", f"{bot.id}:{event_update.update_id}", {"text": text}
    )
    try:
        per_minute = table.settings.rate_limit_readings_per_minute
        table.limits.check("readings", user.id, per_minute=per_minute, shared=True)
        async with table.database.transaction() as connection:
            if await once.replay(connection) is None:
                asked = await questions.ask(connection, table.principal, reading_id, text=text)
                await chats.deliver(
                    connection,
                    project_id=project.id,
                    reading_id=reading_id,
                    chat_id=message.chat.id,
                    question_id=asked["id"],
                )
                await once.keep(connection, json.dumps({"id": asked["id"]}))
    except QuestionInProgress:
        return say(message, words.html("follow_up.in_progress"))
    except RateLimited as error:
        return say(message, *refusal(error, table))
    except InsufficientBalance:
        reply = say(message, *_none_left(table))
    except ReadingNotFinished:
        reply = say(message, words.html("reading.gone"))
    except ArcanaError as error:
        reply = say(message, *refusal(error, table))
    else:
        reply = None
    await state.clear()
    return reply


async def show_proof(callback: CallbackQuery, callback_data: After, table: Table) -> SendMessage | None:
    """The numbers that anyone can recompute the draw from."""
    words = table.words
    try:
        async with table.database.connection() as connection:
            reading = await table.readings.get(connection, table.principal, callback_data.reading)
        facts = proof(reading)
    except (ReadingNotFound, ReadingNotFinished):
        await acknowledge(callback, words.plain("answer.forgotten"))
        return None
    await acknowledge(callback)
    places = ", ".join(str(place + 1) for place in facts["picks"] or [])
    text = words.html(
        "proof.text",
        commitment=facts["commitment"],
        seed=facts["seed"],
        reading=str(reading.id),
        places=places,
        client_seed=facts["client_seed"] or "—",
    )
    app = mini_app(table.settings, table.project, f"readings/{reading.id}/proof")
    return say(callback, text, [[app.button(words.plain("button.check_proof"))]])
