"""`/templates` and `/t`: ready answers, kept by managers and sent by everybody."""

import hashlib
import re

from aiogram import Bot, Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.catalogue.library import Project
from app.crm import people
from app.crm.audit import record
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.commands.target import target
from app.crm.outbox import ClientUnreachable, Outbox
from app.crm.people import Client
from app.crm.roles import Role
from app.crm.templates import NAME_PATTERN, TEXT_LIMIT, Template, TemplateRepository, fill
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection, Database
from app.locales import html, plain
from app.users.repository import UserRepository

SHOWN_CHARACTERS = 120
ADD = re.compile(rf"(?P<name>{NAME_PATTERN})\s+(?P<text>.+)", re.S)


class TemplateButton(CallbackData, prefix="tpl"):
    """Sends a template to the client of the topic; a name may be longer than a button can carry."""

    mark: str


def mark(template: Template) -> str:
    return hashlib.sha256(template.name.encode()).hexdigest()[:16]


def router() -> Router:
    router = Router(name="commands.templates")
    router.message.register(templates, StaffCommand("templates"), flags={"role": Role.STAFF})
    router.message.register(send_named, StaffCommand("t"), flags={"role": Role.STAFF})
    router.callback_query.register(send_pressed, TemplateButton.filter(), StaffPress(), flags={"role": Role.STAFF})
    return router


async def templates(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    words = (command.args or "").strip()
    project: Project | None = scope.projects[0] if scope.group is not None else None
    if project is None:
        slug, _, words = words.partition(" ")
        project, words = scope.by_slug(slug), words.strip()
        if project is None:
            return message.reply(html(scope.language, "templates.which_project"))
    verb, _, rest = words.partition(" ")
    repository = TemplateRepository(connection, project.id)
    if not verb:
        return await _list(message, scope, repository)
    if scope.role < Role.MANAGER:
        return message.reply(html(scope.language, "crm.managers_only"))
    if verb.lower() in ("add", "добавить") and (form := ADD.fullmatch(rest.strip())):
        if len(form["text"]) > TEXT_LIMIT:
            return message.reply(html(scope.language, "templates.too_long", limit=TEXT_LIMIT))
        if not await repository.put(form["name"], form["text"].strip(), by=scope.actor.telegram_id):
            return message.reply(html(scope.language, "templates.too_many"))
        await _record(connection, scope, project, "template.put", form["name"])
        return message.reply(html(scope.language, "templates.added", name=form["name"].lower()))
    if verb.lower() in ("delete", "удалить") and re.fullmatch(NAME_PATTERN, rest.strip()):
        if not await repository.delete(rest.strip()):
            return message.reply(html(scope.language, "templates.unknown", name=rest.strip()))
        await _record(connection, scope, project, "template.delete", rest.strip())
        return message.reply(html(scope.language, "templates.deleted", name=rest.strip().lower()))
    return message.reply(html(scope.language, "templates.usage", placeholder="{name}"))


async def _record(connection: Connection, scope: Scope, project: Project, action: str, name: str) -> None:
    await record(connection, project_id=project.id, actor=scope.actor, action=action, details={"name": name.lower()})


async def _list(message: Message, scope: Scope, repository: TemplateRepository) -> SendMessage:
    found = await repository.all()
    if not found:
        return message.answer(html(scope.language, "templates.none"))
    text = html(scope.language, "templates.title")
    for template in found:
        line = html(scope.language, "templates.line", name=template.name, text=_beginning(template))
        if len(text) + len(line) > 3800:
            text += "\n…"
            break
        text += "\n\n" + line
    return message.answer(text)


def _beginning(template: Template) -> str:
    text = " ".join(template.text.split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


async def send_named(
    message: Message, scope: Scope, command: CommandObject, bot: Bot, database: Database
) -> SendMessage | None:
    """`/t name` in a client's topic; without a name, a button for each template."""
    name = (command.args or "").strip()
    async with database.connection() as connection:
        who = await target(connection, scope, message, None)
        if scope.group is None or who.client is None:
            return message.reply(html(scope.language, "templates.in_topic"))
        repository = TemplateRepository(connection, who.client.project_id)
        if not name:
            return _choose(message, scope, await repository.all())
        template = await repository.get(name)
    if template is None:
        return message.reply(html(scope.language, "templates.unknown", name=name))
    words = await deliver(template, who.client, scope, bot=bot, database=database, once=f"t:{message.message_id}")
    return message.reply(html(scope.language, words, name=who.client.name)) if words else None


def _choose(message: Message, scope: Scope, found: list[Template]) -> SendMessage:
    if not found:
        return message.reply(html(scope.language, "templates.none"))
    rows = [
        [InlineKeyboardButton(text=template.name, callback_data=TemplateButton(mark=mark(template)).pack())]
        for template in found[:30]
    ]
    return message.reply(
        html(scope.language, "templates.choose"), reply_markup=InlineKeyboardMarkup(inline_keyboard=rows)
    )


async def send_pressed(
    query: CallbackQuery, callback_data: TemplateButton, scope: Scope, bot: Bot, database: Database
) -> AnswerCallbackQuery:
    """The client is the one of the topic in which the button stands."""
    client, template = None, None
    if scope.group is not None and isinstance(query.message, Message) and query.message.message_thread_id is not None:
        async with database.connection() as connection:
            project_id = scope.group.project_id
            topic = await TopicRepository(connection, project_id).by_thread(
                scope.group.chat_id, query.message.message_thread_id
            )
            if topic is not None and topic.user_id is not None:
                client = await people.get(connection, project_ids=[project_id], user_id=topic.user_id)
            found = await TemplateRepository(connection, project_id).all()
            template = next((one for one in found if mark(one) == callback_data.mark), None)
    if client is None or template is None or not isinstance(query.message, Message):
        return query.answer(plain(scope.language, "card.button_old"), show_alert=True)
    words = await deliver(template, client, scope, bot=bot, database=database, once=f"b:{query.message.message_id}")
    if not words:
        # The choice is made: its buttons go, so that nobody sends a second one by a slip.
        await query.message.delete()
    return query.answer(plain(scope.language, words or "templates.sent", name=client.name))


async def deliver(
    template: Template, client: Client, scope: Scope, *, bot: Bot, database: Database, once: str
) -> str | None:
    """Sends it; the key of what went wrong, or None. `once` names the message of the staff that asked for it."""
    project = scope.projects[0]
    async with database.transaction() as connection:
        user = await UserRepository(connection, client.project_id).get(client.id)
        if user is None or user.telegram_id is None:
            return "client.unreachable"
        # Recorded before the call: asked again by the same message, it does not go out twice.
        asked = await connection.fetchval(
            "SELECT true FROM audit_log WHERE project_id = $1 AND user_id = $2 AND action = 'template.send'"
            " AND details ->> 'once' = $3",
            client.project_id, client.id, once,
        )  # fmt: skip
        if asked:
            return "answer.uncertain_named"
        await record(
            connection,
            project_id=client.project_id,
            actor=scope.actor,
            action="template.send",
            user_id=client.id,
            details={"name": template.name, "once": once},
        )
    try:
        await Outbox(database, bot, project).say(user, fill(template, name=client.first_name), actor=scope.actor)
    except ClientUnreachable:
        return "client.unreachable"
    return None
