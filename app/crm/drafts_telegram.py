"""`/draft` and the buttons of a draft: nothing reaches the client before a person has approved it."""

from typing import Literal
from uuid import UUID

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.ai.interpreter import Interpreter
from app.catalogue.library import Project
from app.crm import people
from app.crm.audit import record
from app.crm.commands.scope import RoleMiddleware, Scope, StaffCommand, StaffPress
from app.crm.commands.target import target
from app.crm.drafts_buttons import DraftAsk
from app.crm.drafts_repository import Draft, DraftRepository
from app.crm.outbox import ClientUnreachable, Outbox
from app.crm.people import Client
from app.crm.roles import Role
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection, Database
from app.locales import html, plain
from app.users.repository import UserRepository
from app.worker.port import enqueue

JOB = "crm.draft"
TEXT_CHARACTERS = 3500


class DraftButton(CallbackData, prefix="draft"):
    draft: UUID
    action: Literal["send", "again", "discard"]


def buttons(draft_id: UUID, language: str) -> InlineKeyboardMarkup:
    def button(action: Literal["send", "again", "discard"]) -> InlineKeyboardButton:
        data = DraftButton(draft=draft_id, action=action).pack()
        return InlineKeyboardButton(text=plain(language, f"button.draft_{action}"), callback_data=data)

    return InlineKeyboardMarkup(inline_keyboard=[[button("send")], [button("again"), button("discard")]])


def router() -> Router:
    router = Router(name="drafts")
    router.message.middleware(RoleMiddleware())
    router.callback_query.middleware(RoleMiddleware())
    staff = {"role": Role.STAFF}
    router.message.register(ask, StaffCommand("draft"), flags=staff)
    router.callback_query.register(ask_pressed, DraftAsk.filter(), StaffPress(), flags=staff)
    router.callback_query.register(decide, DraftButton.filter(), StaffPress(), flags=staff)
    return router


async def ask(
    message: Message, scope: Scope, command: CommandObject, interpreter: Interpreter, database: Database
) -> SendMessage:
    async with database.transaction() as connection:
        who = await target(connection, scope, message, None)
        topic = await _topic(connection, scope, who.client) if who.client is not None else None
        if who.client is None or topic is None:
            return message.reply(html(scope.language, "draft.in_topic"))
        words = await _begin(connection, scope, who.client, topic, interpreter)
    return message.reply(html(scope.language, words))


async def ask_pressed(
    query: CallbackQuery, callback_data: DraftAsk, scope: Scope, interpreter: Interpreter, database: Database
) -> AnswerCallbackQuery:
    async with database.transaction() as connection:
        client = await people.get(connection, project_ids=scope.project_ids, user_id=callback_data.user)
        topic = await _topic(connection, scope, client) if client is not None else None
        if client is None or topic is None:
            return query.answer(plain(scope.language, "draft.in_topic"), show_alert=True)
        words = await _begin(connection, scope, client, topic, interpreter)
    return query.answer(plain(scope.language, words), show_alert=words == "draft.no_model")


async def _topic(connection: Connection, scope: Scope, client: Client) -> int | None:
    if scope.group is None:
        return None
    topics = TopicRepository(connection, client.project_id)
    topic = await topics.get(scope.group.chat_id, kind="client", user_id=client.id)
    return topic.thread_id if topic is not None else None


async def _begin(connection: Connection, scope: Scope, client: Client, thread_id: int, interpreter: Interpreter) -> str:
    """Has a draft written; the key of what to say."""
    project = scope.projects[0]
    if not interpreter.has_model(project.model_profile):
        return "draft.no_model"
    assert scope.group is not None  # noqa: S101  # it has a topic there
    await start(
        connection,
        project_id=client.project_id,
        user_id=client.id,
        chat_id=scope.group.chat_id,
        thread_id=thread_id,
        asked_by=scope.actor.telegram_id,
    )
    return "draft.writing"


async def start(
    connection: Connection, *, project_id: int, user_id: UUID, chat_id: int, thread_id: int, asked_by: int
) -> None:
    draft_id = await DraftRepository(connection, project_id).add(
        user_id=user_id, chat_id=chat_id, thread_id=thread_id, asked_by=asked_by
    )
    await enqueue(connection, JOB, {"project": project_id, "draft": str(draft_id)}, priority=5)


async def decide(
    query: CallbackQuery, callback_data: DraftButton, scope: Scope, bot: Bot, project: Project, database: Database
) -> AnswerCallbackQuery:
    """The first who decides does; the draft is looked up in this bot's project."""
    language, actor = scope.language, scope.actor
    state = {"send": "sending", "again": "replaced", "discard": "discarded"}[callback_data.action]
    async with database.transaction() as connection:
        drafts = DraftRepository(connection, project.id)
        moved = await drafts.move(
            callback_data.draft, to=state, allowed=("offered",), by=actor.telegram_id, name=actor.name
        )
        draft = await drafts.get(callback_data.draft)
        if draft is None or scope.group is None or draft.chat_id != scope.group.chat_id:
            return query.answer(plain(language, "card.button_old"), show_alert=True)
        if moved and callback_data.action != "again":
            await record(
                connection,
                project_id=project.id,
                actor=actor,
                action=f"draft.{callback_data.action}",
                user_id=draft.user_id,
                details={"draft": str(draft.id)},
            )
        if moved and callback_data.action == "again":
            await start(
                connection,
                project_id=project.id,
                user_id=draft.user_id,
                chat_id=draft.chat_id,
                thread_id=draft.thread_id,
                asked_by=actor.telegram_id,
            )
    if not moved:
        return query.answer(plain(language, "draft.already", name=draft.decided_by_name or ""), show_alert=True)
    if callback_data.action != "send":
        await _show(query, html(language, f"draft.{state}", name=actor.name))
        return query.answer()
    return await send(query, draft, scope, bot=bot, project=project, database=database)


async def send(
    query: CallbackQuery, draft: Draft, scope: Scope, *, bot: Bot, project: Project, database: Database
) -> AnswerCallbackQuery:
    """`sending` is committed: it goes out once or, after a crash, nobody knows, and the message says so."""
    language, name = scope.language, scope.actor.name
    await _show(query, html(language, "draft.sending", name=name))
    async with database.connection() as connection:
        client = await UserRepository(connection, project.id).get(draft.user_id)
    try:
        if client is None:
            raise ClientUnreachable
        await Outbox(database, bot, project).say(client, draft.text, actor=scope.actor)
    except ClientUnreachable:
        await _finish(database, draft, "failed")
        await _show(query, html(language, "draft.unsent"))
        return query.answer(plain(language, "client.unreachable"), show_alert=True)
    await _finish(database, draft, "sent")
    await _show(query, html(language, "draft.sent", name=name, text=draft.text))
    return query.answer(plain(language, "card.done"))


async def _finish(database: Database, draft: Draft, state: str) -> None:
    async with database.connection() as connection:
        await DraftRepository(connection, draft.project_id).finish(draft.id, state)


async def _show(query: CallbackQuery, text: str) -> None:
    if not isinstance(query.message, Message):
        return
    try:
        await query.message.edit_text(text)
    except TelegramBadRequest:
        # Somebody deleted it; the row is what counts.
        return


def offered(draft: Draft, text: str, language: str) -> SendMessage:
    return SendMessage(
        chat_id=draft.chat_id,
        message_thread_id=draft.thread_id,
        text=html(language, "draft.offered", text=text),
        reply_markup=buttons(draft.id, language),
    )
