"""Buttons of cards, and answering a client from under one."""

import time
from typing import Any
from uuid import UUID

from aiogram import Bot, F, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.filters import Command, Filter, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, KeyboardButton, Message, ReplyKeyboardMarkup, ReplyParameters

from app.catalogue.library import Project
from app.crm.audit import Actor, record
from app.crm.cards.kind import Action
from app.crm.cards.poster import Poster
from app.crm.cards.registry import CardKinds
from app.crm.cards.render import ANSWER, CONTACT, CardButton, full_name
from app.crm.cards.store import Card, CardRepository, Done
from app.crm.filters import InStaffGroup
from app.crm.groups import StaffGroup
from app.crm.outbox import ClientUnreachable, Outbox
from app.crm.roles import Role
from app.kit.clock import utc_now
from app.kit.database import Database
from app.locales import html, plain
from app.telegram.middlewares import words_for
from app.users.repository import User, UserRepository

# Whoever pressed "answer" and then wrote nothing has changed his mind.
ANSWER_SECONDS = 15 * 60
KINDS = CardKinds()


class Answering(StatesGroup):
    """A member of the staff writes to a client: {card, thread, at}."""

    writing = State()


class UnderCard(Filter):
    """A reply to the message of a card that has a client; gives `card`."""

    async def __call__(self, message: Message, project: Project, database: Database, bot: Bot) -> bool | dict[str, Any]:
        replied = message.reply_to_message
        if replied is None or replied.from_user is None or replied.from_user.id != bot.id:
            return False
        async with database.connection() as connection:
            card = await CardRepository(connection, project.id).at(message.chat.id, replied.message_id)
        return {"card": card} if card is not None and card.user_id is not None else False


def router() -> Router:
    router = Router(name="cards")
    router.message.filter(InStaffGroup())
    router.callback_query.register(press, CardButton.filter())
    router.message.register(cancel, Command("cancel"), StateFilter(Answering.writing))
    router.message.register(answer_under, UnderCard(), ~F.text.startswith("/"), ~F.text.startswith("//"))
    router.message.register(answer_next, StateFilter(Answering.writing), ~F.text.startswith("/"))
    return router


def actor_of(event: CallbackQuery | Message) -> Actor:
    person = event.from_user
    return Actor(person.id, person.full_name) if person is not None else Actor(0, "")


async def press(
    query: CallbackQuery,
    callback_data: CardButton,
    bot: Bot,
    project: Project,
    database: Database,
    state: FSMContext,
    role: Role,
    staff: StaffGroup | None = None,
) -> AnswerCallbackQuery:
    """Whatever the button claims, the card is looked up in this bot's project and its group."""
    if staff is None or role < Role.STAFF:
        return query.answer(plain(project.default_language, "crm.not_allowed"), show_alert=True)
    language = staff.language
    async with database.connection() as connection:
        card = await CardRepository(connection, project.id).get(callback_data.card)
        client = (
            await UserRepository(connection, project.id).get(card.user_id)
            if card is not None and card.user_id
            else None
        )
    kind = KINDS.get(card.kind) if card is not None else None
    if card is None or kind is None:
        return query.answer(plain(language, "card.button_old"), show_alert=True)
    if callback_data.action == ANSWER:
        return await begin_answer(query, bot, state, card, client, language)
    action = Action(CONTACT) if callback_data.action == CONTACT else kind.action(callback_data.action)
    if action is None:
        return query.answer(plain(language, "card.button_old"), show_alert=True)
    if role < action.role:
        return query.answer(plain(language, "crm.managers_only"), show_alert=True)
    words = await act(card, action, actor_of(query), bot=bot, project=project, database=database, staff=staff)
    return query.answer(words[:200])


async def act(
    card: Card, action: Action, actor: Actor, *, bot: Bot, project: Project, database: Database, staff: StaffGroup
) -> str:
    """Does it if nobody has, and shows what is true now; the words for whoever pressed."""
    done = Done(action.name, actor.telegram_id, actor.name, utc_now())
    async with database.transaction() as connection:
        if card.user_id is not None:
            # The person before his card, as whoever erases him does.
            await UserRepository(connection, project.id).get(card.user_id, lock="KEY SHARE")
        cards = CardRepository(connection, project.id)
        moved = await cards.act(card.id, action=action.name, state=action.state, unless=action.unless, done=done)
        if moved is not None:
            await action.perform(connection, moved, actor)
            await record(
                connection,
                project_id=project.id,
                actor=actor,
                action=f"card.{action.name}",
                user_id=card.user_id,
                details={"kind": card.kind, "card": str(card.id)},
            )
    words = plain(staff.language, "card.done")
    if moved is None:
        words = await first_was(card, action, project=project, database=database, language=staff.language)
    elif action.name == CONTACT and not await ask_contact(card, actor, bot=bot, project=project, database=database):
        words = plain(staff.language, "client.unreachable")
    await refresh(card, bot=bot, project=project, database=database, staff=staff)
    return words


async def first_was(card: Card, action: Action, *, project: Project, database: Database, language: str) -> str:
    async with database.connection() as connection:
        current = await CardRepository(connection, project.id).get(card.id)
    first = current.done(action.name) if current is not None else None
    # A later step closes the earlier ones: then whoever took it is to be named.
    if first is None and current is not None and current.actions:
        first = current.actions[-1]
    return plain(language, "card.first_was", name=first.name) if first else plain(language, "card.button_old")


async def refresh(card: Card, *, bot: Bot, project: Project, database: Database, staff: StaffGroup) -> None:
    async with database.connection() as connection:
        current = await CardRepository(connection, project.id).get(card.id)
    if current is not None:
        await Poster(database, KINDS).refresh(bot, project, staff, current)


async def ask_contact(card: Card, actor: Actor, *, bot: Bot, project: Project, database: Database) -> bool:
    """Asks the client for his number; false if he cannot be reached, and then it may be tried again."""
    async with database.connection() as connection:
        client = await UserRepository(connection, project.id).get(card.user_id) if card.user_id else None
    if client is not None:
        words = words_for(project.language(client.language), client)
        button = KeyboardButton(text=words.plain("button.share_contact"), request_contact=True)
        keyboard = ReplyKeyboardMarkup(keyboard=[[button]], resize_keyboard=True, one_time_keyboard=True)
        try:
            text = words.plain("contact.please", project=project.text(project.name, words.language))
            await Outbox(database, bot, project).say(client, text, actor=actor, keyboard=keyboard)
            return True
        except ClientUnreachable:
            pass
    async with database.connection() as connection:
        await CardRepository(connection, project.id).undo(card.id, action=CONTACT)
    return False


async def begin_answer(
    query: CallbackQuery, bot: Bot, state: FSMContext, card: Card, client: User | None, language: str
) -> AnswerCallbackQuery:
    if client is None or client.telegram_id is None or card.message_id is None or card.chat_id is None:
        return query.answer(plain(language, "client.unreachable"), show_alert=True)
    await state.set_state(Answering.writing)
    await state.set_data({"card": str(card.id), "thread": card.thread_id, "at": time.time()})
    await bot(
        SendMessage(
            chat_id=card.chat_id,
            message_thread_id=card.thread_id,
            text=html(language, "answer.write", name=actor_of(query).name, client=full_name(client)),
            reply_parameters=ReplyParameters(message_id=card.message_id, allow_sending_without_reply=True),
        )
    )
    return query.answer(plain(language, "answer.write_short"))


async def cancel(message: Message, state: FSMContext, staff: StaffGroup) -> SendMessage:
    await state.clear()
    return message.answer(html(staff.language, "answer.cancelled"))


async def answer_under(
    message: Message, card: Card, bot: Bot, project: Project, database: Database, staff: StaffGroup, state: FSMContext
) -> SendMessage:
    """A reply to a card goes to its client."""
    reply = await send_answer(message, card, bot=bot, project=project, database=database, staff=staff)
    if await state.get_state() == Answering.writing.state:
        await state.clear()
    return reply


async def answer_next(
    message: Message, bot: Bot, project: Project, database: Database, staff: StaffGroup, state: FSMContext
) -> SendMessage:
    """The next message, in the topic of the card, of whoever pressed "answer"."""
    data = await state.get_data()
    if time.time() - data.get("at", 0) > ANSWER_SECONDS:
        await state.clear()
        raise SkipHandler
    if message.message_thread_id != data.get("thread"):
        raise SkipHandler
    async with database.connection() as connection:
        card = await CardRepository(connection, project.id).get(UUID(data["card"]))
    if card is None:
        await state.clear()
        return message.reply(html(staff.language, "client.unreachable"))
    reply = await send_answer(message, card, bot=bot, project=project, database=database, staff=staff)
    await state.clear()
    return reply


async def send_answer(
    message: Message, card: Card, *, bot: Bot, project: Project, database: Database, staff: StaffGroup
) -> SendMessage:
    """Recorded before the call: an update that is worked on again does not say the same twice."""
    actor = actor_of(message)
    async with database.transaction() as connection:
        client = await UserRepository(connection, project.id).get(card.user_id) if card.user_id else None
        # One entry for each message of the staff.
        done = Done(f"{ANSWER}:{message.message_id}", actor.telegram_id, actor.name, utc_now())
        cards = CardRepository(connection, project.id)
        is_first = await cards.act(card.id, action=done.action, state=None, unless=(), done=done) is not None
        if is_first and client is not None:
            await record(
                connection,
                project_id=project.id,
                actor=actor,
                action="card.answer",
                user_id=client.id,
                details={"kind": card.kind, "card": str(card.id)},
            )
    if not is_first:
        return message.reply(html(staff.language, "answer.uncertain"))
    try:
        if client is None:
            raise ClientUnreachable
        await Outbox(database, bot, project).copy(client, message, actor=actor)
    except ClientUnreachable:
        async with database.connection() as connection:
            await CardRepository(connection, project.id).undo(card.id, action=done.action)
        return message.reply(html(staff.language, "client.unreachable"))
    await refresh(card, bot=bot, project=project, database=database, staff=staff)
    return message.reply(html(staff.language, "answer.sent", client=full_name(client)))
