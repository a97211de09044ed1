"""`/find_user`, `/users` and `/user`: looking for clients and at them."""

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message

from app.crm import people
from app.crm.commands import show
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.commands.target import target
from app.crm.people import Client, Filters
from app.crm.roles import Role
from app.crm.topic_rows import TopicRepository
from app.kit.database import Connection, Database
from app.locales import html, plain

FOUND = 10
PAGE = 10
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


class UsersButton(CallbackData, prefix="users"):
    """A page of the list. `way` is `o` (older than the cursor), `n` (newer), or `-` from the start."""

    state: str = ""
    language: str = ""
    project: int = 0
    way: str = "-"
    cursor: str = ""


def router() -> Router:
    router = Router(name="commands.users")
    staff = {"role": Role.STAFF}
    router.message.register(find_user, StaffCommand("find_user"), flags=staff)
    router.message.register(users, StaffCommand("users"), flags=staff)
    router.message.register(user, StaffCommand("user"), flags=staff)
    router.callback_query.register(turn, UsersButton.filter(), StaffPress(), flags=staff)
    router.callback_query.register(open_card, show.ClientButton.filter(), StaffPress(), flags=staff)
    return router


async def find_user(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    query = (command.args or "").strip()[:100]
    if not query:
        return message.reply(html(scope.language, "find.usage"))
    found = await people.find(connection, project_ids=scope.project_ids, query=query, limit=FOUND + 1)
    if not found:
        return message.reply(html(scope.language, "find.nobody", query=query))
    shown = found[:FOUND]
    lines = [html(scope.language, "find.found", query=query)]
    lines += [f"{number}. {show.line(scope, client)}" for number, client in enumerate(shown, 1)]
    if len(found) > FOUND:
        lines.append(html(scope.language, "find.more"))
    markup = InlineKeyboardMarkup(inline_keyboard=show.numbers(shown))
    return message.answer("\n".join(lines), reply_markup=markup, link_preview_options=NO_PREVIEW)


async def users(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    """Words after the command filter: `blocked`, a language, a project's slug."""
    start = UsersButton()
    for word in (command.args or "").lower().split():
        if word in ("active", "blocked"):
            start.state = word[0]
        elif project := scope.by_slug(word):
            start.project = project.id
        elif len(word) == 2 and word.isalpha():
            start.language = word
        else:
            return message.reply(html(scope.language, "users.usage"))
    text, markup = await listing(connection, scope, start)
    return message.answer(text, reply_markup=markup, link_preview_options=NO_PREVIEW)


async def turn(
    query: CallbackQuery, callback_data: UsersButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        text, markup = await listing(connection, scope, callback_data)
    await edit(query, text, markup)
    return query.answer()


async def edit(query: CallbackQuery, text: str, markup: InlineKeyboardMarkup | None) -> None:
    """Turns the page of the message that was pressed."""
    if not isinstance(query.message, Message):
        return
    try:
        await query.message.edit_text(text, reply_markup=markup, link_preview_options=NO_PREVIEW)
    except TelegramBadRequest as error:
        # Pressed twice: the page is turned already.
        if "not modified" not in error.message:
            raise


async def listing(connection: Connection, scope: Scope, at: UsersButton) -> tuple[str, InlineKeyboardMarkup]:
    reach = [at.project] if scope.project(at.project) is not None else scope.project_ids
    filters = Filters(
        state="active" if at.state == "a" else "blocked" if at.state == "b" else None,
        language=at.language or None,
    )
    cursor = show.long(at.cursor) if at.cursor else None
    newer = cursor if at.way == "n" else None
    older = cursor if at.way == "o" else None
    found = await people.page(
        connection, project_ids=reach, filters=filters, older_than=older, newer_than=newer, limit=PAGE + 1
    )
    total = await people.count(connection, project_ids=reach, filters=filters)
    # One more than is shown tells that there is another page in the direction of reading.
    more = len(found) > PAGE
    shown = found[-PAGE:] if newer else found[:PAGE]
    has_newer = more if newer else older is not None
    has_older = more if not newer else True
    lines = [html(scope.language, "users.title", count=total)]
    lines += [f"{number}. {show.line(scope, client)}" for number, client in enumerate(shown, 1)]
    return "\n".join(lines), pages(scope, at, shown, newer=has_newer, older=has_older)


def pages(scope: Scope, at: UsersButton, shown: list[Client], *, newer: bool, older: bool) -> InlineKeyboardMarkup:
    rows = show.numbers(shown)
    turns = []
    if newer and shown:
        turns.append(_to("button.page_newer", scope, at, way="n", cursor=show.short(shown[0].id)))
    if older and shown:
        turns.append(_to("button.page_older", scope, at, way="o", cursor=show.short(shown[-1].id)))
    if turns:
        rows.append(turns)
    rows.append(
        [
            _to(f"button.users_{name}", scope, at, state=letter, way="-", cursor="", chosen=at.state == letter)
            for name, letter in (("all", ""), ("active", "a"), ("blocked", "b"))
        ]
    )
    languages = sorted({language for project in scope.projects for language in project.languages})
    if len(languages) > 1:
        rows.append(
            [
                _to(language.upper(), scope, at, language=wanted, way="-", cursor="", chosen=at.language == language)
                for language in languages[:6]
                for wanted in ("" if at.language == language else language,)
            ]
        )
    if len(scope.projects) > 1:
        rows += [
            [
                _to(project.slug, scope, at, project=wanted, way="-", cursor="", chosen=at.project == project.id)
                for project in scope.projects[start : start + 3]
                for wanted in (0 if at.project == project.id else project.id,)
            ]
            for start in range(0, min(len(scope.projects), 12), 3)
        ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _to(
    caption: str, scope: Scope, at: UsersButton, *, chosen: bool = False, **changes: str | int
) -> InlineKeyboardButton:
    text = plain(scope.language, caption) if caption.startswith("button.") else caption
    data = at.model_copy(update=changes)
    return InlineKeyboardButton(text=f"• {text}" if chosen else text, callback_data=data.pack())


async def user(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    who = await target(connection, scope, message, command.args)
    if who.client is None:
        return message.reply(who.refusal)
    text, markup = await card_of(connection, scope, who.client)
    return message.answer(text, reply_markup=markup, link_preview_options=NO_PREVIEW)


async def open_card(
    query: CallbackQuery, callback_data: show.ClientButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        client = await people.get(connection, project_ids=scope.project_ids, user_id=callback_data.user)
        shown = await card_of(connection, scope, client) if client is not None else None
    if shown is None:
        return query.answer(plain(scope.language, "crm.gone"), show_alert=True)
    if isinstance(query.message, Message):
        await query.message.answer(shown[0], reply_markup=shown[1], link_preview_options=NO_PREVIEW)
    return query.answer()


async def card_of(connection: Connection, scope: Scope, client: Client) -> tuple[str, InlineKeyboardMarkup | None]:
    details = await people.details(connection, client)
    thread_id = None
    if scope.group is not None:
        topic = await TopicRepository(connection, client.project_id).get(
            scope.group.chat_id, kind="client", user_id=client.id
        )
        thread_id = topic.thread_id if topic is not None else None
    return show.card(scope, client, details), show.card_keyboard(scope, thread_id=thread_id)
