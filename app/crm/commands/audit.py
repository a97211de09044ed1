"""`/audit`: who changed what, the latest first."""

from collections.abc import Iterator

from aiogram import Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.crm import audit
from app.crm.commands import show
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.commands.target import target
from app.crm.commands.users import edit
from app.crm.roles import Role
from app.kit.database import Connection, Database
from app.locales import html, plain, texts

PAGE = 10
DETAIL_CHARACTERS = 200
# Details that name rows and messages to us alone, and those whose values have words in the bots' texts.
MARKS = frozenset({"broadcast", "card", "draft", "once"})
NAMED = frozenset({"kind", "unit"})


class AuditButton(CallbackData, prefix="audit"):
    """The page that is older than the cursor, of one client or one member of the staff."""

    user: str = ""
    actor: int = 0
    before: str = ""


def router() -> Router:
    router = Router(name="commands.audit")
    managers = {"role": Role.MANAGER}
    router.message.register(show_log, StaffCommand("audit"), flags=managers)
    router.callback_query.register(older, AuditButton.filter(), StaffPress(), flags=managers)
    return router


async def show_log(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    """`/audit`, `/audit <client>`, `/audit by <id of a member of the staff>`."""
    at = AuditButton()
    words = (command.args or "").split()
    if words and words[0].lower() in ("by", "от"):
        if len(words) != 2 or not words[1].isdecimal() or len(words[1]) > 16:
            return message.reply(html(scope.language, "audit.usage"))
        at.actor = int(words[1])
    elif words:
        who = await target(connection, scope, message, command.args)
        if who.client is None:
            return message.reply(who.refusal)
        at.user = show.short(who.client.id)
    text, markup = await page(connection, scope, at)
    return message.answer(text, reply_markup=markup)


async def older(
    query: CallbackQuery, callback_data: AuditButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        text, markup = await page(connection, scope, callback_data)
    await edit(query, text, markup)
    return query.answer()


async def page(connection: Connection, scope: Scope, at: AuditButton) -> tuple[str, InlineKeyboardMarkup | None]:
    found = await audit.entries(
        connection,
        project_ids=scope.project_ids,
        user_id=show.long(at.user) if at.user else None,
        actor_id=at.actor or None,
        before=show.long(at.before) if at.before else None,
        limit=PAGE + 1,
    )
    if not found:
        return html(scope.language, "audit.empty"), None
    lines = [html(scope.language, "audit.title"), *(line(scope, entry) for entry in found[:PAGE])]
    if len(found) <= PAGE:
        return "\n\n".join(lines), None
    data = AuditButton(user=at.user, actor=at.actor, before=show.short(found[PAGE - 1].id)).pack()
    button = InlineKeyboardButton(text=plain(scope.language, "button.page_older"), callback_data=data)
    return "\n\n".join(lines), InlineKeyboardMarkup(inline_keyboard=[[button]])


def line(scope: Scope, entry: audit.Entry) -> str:
    language = scope.language
    key = f"audit.{entry.action}"
    action = plain(language, key) if key in texts(language) else entry.action
    project = scope.project(entry.project_id)
    where = f" · {project.slug}" if scope.everywhere and project is not None else ""
    head = html(
        language,
        "audit.line",
        time=entry.created_at.strftime("%d.%m.%y %H:%M"),
        actor=f"{entry.actor_name} ({entry.actor_id})",
        action=action,
        where=where,
    )
    about = ""
    if entry.client_name is not None:
        about = "\n" + html(language, "audit.client", name=entry.client_name, id=entry.client_id)
    elif entry.user_id is not None:
        about = "\n" + html(language, "client.erased")
    told = ", ".join(details(entry, language))
    return head + about + ("\n" + html(language, "audit.details", details=told[:DETAIL_CHARACTERS]) if told else "")


def details(entry: audit.Entry, language: str) -> Iterator[str]:
    """Those that tell a person something, in words."""
    for name, value in entry.details.items():
        if name in MARKS or value is None:
            continue
        key = f"audit.{name}.{value}"
        yield plain(language, key) if name in NAMED and key in texts(language) else str(value)
