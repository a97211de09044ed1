"""`/orders` and `/order`: looking for orders and at them, and the buttons under their cards."""

from aiogram import F, Router
from aiogram.filters import CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Message

from app.crm import orders as words
from app.crm.commands import show
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.commands.target import target
from app.crm.commands.users import edit
from app.crm.order_buttons import OrderButton, order_button
from app.crm.roles import Role
from app.kit.database import Connection, Database
from app.kit.ids import long, short
from app.locales import html, plain
from app.payments.orders import listing
from app.payments.orders.listing import Filters, Listed
from app.payments.orders.payments import PaymentRepository
from app.payments.refunds.repository import OPEN, RefundRepository

PAGE = 8
MOST_DIGITS = 9
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
# The letters of buttons, and the words that may be typed.
STATES: dict[str, tuple[str, ...]] = {
    "d": ("paid",), "p": ("pending",), "r": ("refunded",), "x": ("expired", "canceled"), "b": (), "": (),
}  # fmt: skip
NAMES = {"": "all", "d": "paid", "p": "pending", "r": "refunded", "x": "over", "b": "books"}
WORDS = {
    "all": "", "все": "",
    "paid": "d", "оплаченные": "d", "оплачен": "d",
    "pending": "p", "ждут": "p", "неоплаченные": "p",
    "refunded": "r", "возвраты": "r", "возвращённые": "r",
    "expired": "x", "canceled": "x", "отменённые": "x",
    "books": "b", "учёт": "b",
}  # fmt: skip


class OrdersButton(CallbackData, prefix="orders"):
    """A page of the list: `way` is `o` (older than the cursor), `n` (newer), or `-` from the start."""

    state: str = ""
    user: str = ""
    project: int = 0
    way: str = "-"
    cursor: str = ""


def router() -> Router:
    router = Router(name="commands.orders")
    staff = {"role": Role.STAFF}
    router.message.register(orders, StaffCommand("orders"), flags=staff)
    router.message.register(order, StaffCommand("order"), flags=staff)
    router.callback_query.register(turn, OrdersButton.filter(), StaffPress(), flags=staff)
    router.callback_query.register(open_order, OrderButton.filter(F.do == "open"), StaffPress(), flags=staff)
    return router


async def orders(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    """Words after the command filter: a state, a project's slug, a client; in a client's topic his alone."""
    at = OrdersButton()
    rest = []
    for word in (command.args or "").split():
        if word.lower() in WORDS:
            at.state = WORDS[word.lower()]
        elif project := scope.by_slug(word):
            at.project = project.id
        else:
            rest.append(word)
    if rest or await _in_topic_of_a_client(connection, scope, message):
        who = await target(connection, scope, message, " ".join(rest))
        if who.client is None:
            return message.reply(who.refusal if len(rest) == 1 else html(scope.language, "orders.usage"))
        if who.rest:
            return message.reply(html(scope.language, "orders.usage"))
        at.user = short(who.client.id)
    text, markup = await listed(connection, scope, at)
    return message.answer(text, reply_markup=markup, link_preview_options=NO_PREVIEW)


async def _in_topic_of_a_client(connection: Connection, scope: Scope, message: Message) -> bool:
    return (await target(connection, scope, message, "")).client is not None


async def turn(
    query: CallbackQuery, callback_data: OrdersButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        text, markup = await listed(connection, scope, callback_data)
    await edit(query, text, markup)
    return query.answer()


async def listed(connection: Connection, scope: Scope, at: OrdersButton) -> tuple[str, InlineKeyboardMarkup]:
    reach = [at.project] if scope.project(at.project) is not None else scope.project_ids
    filters = Filters(
        states=STATES.get(at.state, ()), user_id=long(at.user) if at.user else None, waits=at.state == "b"
    )
    cursor = long(at.cursor) if at.cursor else None
    newer, older = (cursor if at.way == way else None for way in ("n", "o"))
    found = await listing.page(
        connection, project_ids=reach, filters=filters, older_than=older, newer_than=newer, limit=PAGE + 1
    )
    total = await listing.count(connection, project_ids=reach, filters=filters)
    more = len(found) > PAGE
    shown = found[-PAGE:] if newer else found[:PAGE]
    lines = [html(scope.language, "orders.title", count=total)]
    for number, one in enumerate(shown, 1):
        project = scope.project(one.order.project_id) if scope.everywhere else None
        line = words.line(one, scope.language, project=project.slug if project is not None else None)
        lines.append(f"{number}. {line}")
    has_newer, has_older = (more, True) if newer else (older is not None, more)
    return "\n".join(lines), _pages(scope, at, shown, newer=has_newer, older=has_older)


def _pages(scope: Scope, at: OrdersButton, shown: list[Listed], *, newer: bool, older: bool) -> InlineKeyboardMarkup:
    numbers = [
        InlineKeyboardButton(text=str(number), callback_data=OrderButton(order=short(found.order.id), do="open").pack())
        for number, found in enumerate(shown, 1)
    ]
    rows = [numbers[start : start + 4] for start in range(0, len(numbers), 4)]
    turns = []
    if newer and shown:
        turns.append(_to("button.page_newer", scope, at, way="n", cursor=short(shown[0].order.id)))
    if older and shown:
        turns.append(_to("button.page_older", scope, at, way="o", cursor=short(shown[-1].order.id)))
    if turns:
        rows.append(turns)
    states = [
        _to(f"button.orders_{name}", scope, at, state=letter, way="-", cursor="", chosen=at.state == letter)
        for letter, name in NAMES.items()
    ]
    return InlineKeyboardMarkup(inline_keyboard=[*rows, states[:3], states[3:]])


def _to(caption: str, scope: Scope, at: OrdersButton, *, chosen: bool = False, **changes: str) -> InlineKeyboardButton:
    text = plain(scope.language, caption)
    data = at.model_copy(update=changes)
    return InlineKeyboardButton(text=f"• {text}" if chosen else text, callback_data=data.pack())


async def by_number(connection: Connection, scope: Scope, said: str) -> tuple[Listed | None, str]:
    """The order that `/order 12` or, over several projects, `/order luna/12` means, else why there is none, in HTML."""
    slug, _, digits = said.strip().removeprefix("№").removeprefix("#").strip().rpartition("/")
    if not digits.isdecimal() or len(digits) > MOST_DIGITS:
        return None, html(scope.language, "orders.which")
    project = scope.by_slug(slug) if slug else None
    reach = scope.project_ids if not slug else [project.id] if project is not None else []
    found = await listing.numbered(connection, project_ids=reach, number=int(digits))
    if not found:
        return None, html(scope.language, "orders.none", number=int(digits))
    if len(found) > 1:
        projects = [scope.project(one.order.project_id) for one in found]
        forms = ", ".join(f"{project.slug}/{int(digits)}" for project in projects if project is not None)
        return None, html(scope.language, "crm.which_project", forms=forms)
    return found[0], ""


async def order(message: Message, scope: Scope, command: CommandObject, connection: Connection) -> SendMessage:
    found, refusal = await by_number(connection, scope, command.args or "")
    if found is None:
        return message.reply(refusal)
    text, markup = await page(connection, scope, found)
    return message.answer(text, reply_markup=markup, link_preview_options=NO_PREVIEW)


async def open_order(
    query: CallbackQuery, callback_data: OrderButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    order_id = long(callback_data.order)
    async with database.connection() as connection:
        found = (
            await listing.get(connection, project_ids=scope.project_ids, order_id=order_id)
            if order_id is not None
            else None
        )
        shown = await page(connection, scope, found) if found is not None else None
    if shown is None:
        return query.answer(plain(scope.language, "orders.gone"), show_alert=True)
    if isinstance(query.message, Message):
        await query.message.answer(shown[0], reply_markup=shown[1], link_preview_options=NO_PREVIEW)
    return query.answer()


async def page(connection: Connection, scope: Scope, found: Listed) -> tuple[str, InlineKeyboardMarkup]:
    """All that is known of an order: payments, refunds, what was given, and the books."""
    language, order = scope.language, found.order
    lines = words.lines(found, language)
    project = scope.project(order.project_id)
    if scope.everywhere and project is not None:
        lines.append(html(language, "user.project", name=project.text(project.name, language), slug=project.slug))
    if found.telegram_id is None:
        lines.append(html(language, "client.erased"))
    else:
        lines.append(html(language, "orders.client", name=found.client, id=found.telegram_id))
    lines.append(html(language, f"orders.place.{order.place}", time=words.moment(order.created_at)))
    payments = await PaymentRepository(connection, order.project_id).of_orders([order.id])
    refunds = await RefundRepository(connection, order.project_id).of_order(order.id)
    lines += [words.payment_line(payment, language) for payment in payments]
    lines += [words.refund_line(refund, language) for refund in refunds]
    if (book := words.book_line(found, language)) is not None:
        lines.append(book)
    buttons = []
    refunding = any(refund.state in OPEN for refund in refunds)
    if order.state == "paid" and order.total and not refunding and scope.role >= Role.MANAGER:
        buttons.append(order_button(order.id, "refund", language))
    if found.telegram_id is not None:
        data = show.ClientButton(user=order.user_id).pack()
        buttons.append(InlineKeyboardButton(text=plain(language, "button.order_client"), callback_data=data))
    return "\n".join(lines), InlineKeyboardMarkup(inline_keyboard=[[button] for button in buttons])
