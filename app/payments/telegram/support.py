"""`/paysupport`: whom to ask about a payment, the last purchases, and asking for money back.

A request is a card of the staff; whether the money goes back, they decide.
"""

from uuid import UUID

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton

from app.catalogue.library import Project
from app.crm.cards.store import announce
from app.kit.database import Connection, Database
from app.locales import Words
from app.payments.orders.repository import Order, OrderRepository
from app.payments.refunds.repository import OPEN, RefundRepository
from app.payments.sums import show
from app.payments.telegram.words import contents, day
from app.telegram.dialogues import leave_dialogue
from app.telegram.menu import MenuAction, button
from app.telegram.replies import Event, Rows, acknowledge, change, say
from app.users.repository import User

SHOWN = 5
CAPTION = 30
CARD = "refund_request"


class Purchase(CallbackData, prefix="purchase"):
    order: UUID


class RefundWish(CallbackData, prefix="refund_wish"):
    """`step`: ask (whether really), send."""

    order: UUID
    step: str


def router() -> Router:
    router = Router(name="paysupport")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(paysupport, Command("paysupport"))
    router.callback_query.register(paysupport, MenuAction.filter(F.action == "paysupport"))
    router.callback_query.register(purchase, Purchase.filter())
    router.callback_query.register(ask, RefundWish.filter(F.step == "ask"))
    router.callback_query.register(send, RefundWish.filter(F.step == "send"))
    return router


async def paysupport(event: Event, project: Project, user: User, words: Words, database: Database) -> SendMessage:
    async with database.connection() as connection:
        orders = await OrderRepository(connection, project.id).page(user.id, before=None, limit=SHOWN)
    text = words.html("paysupport.text", name=project.text(project.name, words.language))
    if orders:
        text += "\n\n" + words.html("paysupport.orders")
    await acknowledge(event)
    return say(event, text, [[_caption(project, order, words)] for order in orders])


def _caption(project: Project, order: Order, words: Words) -> InlineKeyboardButton:
    name = project.text(order.package["name"], words.language)
    name = name if len(name) <= CAPTION else name[: CAPTION - 1].rstrip() + "…"
    cost = show(order.total, order.currency, words.language) if order.total else words.plain("buy.free")
    return InlineKeyboardButton(
        text=f"№ {order.number} · {name} · {cost}", callback_data=Purchase(order=order.id).pack()
    )


async def purchase(
    callback: CallbackQuery, callback_data: Purchase, project: Project, user: User, words: Words, database: Database
) -> SendMessage | None:
    async with database.connection() as connection:
        order = await OrderRepository(connection, project.id).get(callback_data.order, user_id=user.id)
        page = await _page(connection, project, user, order, words) if order is not None else None
    await acknowledge(callback, None if page else words.plain("answer.forgotten"))
    return await change(callback, *page) if page else None


async def _page(connection: Connection, project: Project, user: User, order: Order, words: Words) -> tuple[str, Rows]:
    refunds = await RefundRepository(connection, project.id).of_order(order.id)
    under_way = any(refund.state in OPEN for refund in refunds)
    asked = await _asked(connection, order)
    lines = [
        words.html(
            "order.page",
            number=order.number,
            name=project.text(order.package["name"], words.language),
            contents=contents(words, order.package),
            day=day(order.paid_at or order.created_at, user, words.language),
            cost=show(order.total, order.currency, words.language) if order.total else words.plain("buy.free"),
        )
    ]
    state = order.state if order.state in ("paid", "refunded") else "pending"
    lines.append(words.html(f"order.{state}"))
    if order.refunded_amount and order.state == "paid":
        lines.append(
            words.html("order.refunded_part", cost=show(order.refunded_amount, order.currency, words.language))
        )
    if order.state == "paid" and under_way:
        lines.append(words.html("order.refund_under_way"))
    elif order.state == "paid" and asked:
        lines.append(words.html("order.refund_asked"))
    rows: list[list[InlineKeyboardButton | None]] = []
    if order.state == "paid" and order.total and not under_way and not asked:
        rows.append([_button(words, "ask_refund", order, "ask")])
    return "\n\n".join(lines), [*rows, [button(words, "paysupport")]]


async def _asked(connection: Connection, order: Order) -> bool:
    return bool(
        await connection.fetchval(
            "SELECT true FROM staff_cards WHERE project_id = $1 AND kind = $2 AND subject = $3",
            order.project_id, CARD, str(order.id),
        )
    )  # fmt: skip


def _button(words: Words, name: str, order: Order, step: str) -> InlineKeyboardButton:
    data = RefundWish(order=order.id, step=step).pack()
    return InlineKeyboardButton(text=words.plain(f"button.{name}"), callback_data=data)


async def ask(
    callback: CallbackQuery, callback_data: RefundWish, project: Project, user: User, words: Words, database: Database
) -> SendMessage | None:
    async with database.connection() as connection:
        order = await OrderRepository(connection, project.id).get(callback_data.order, user_id=user.id)
    await acknowledge(callback, None if order else words.plain("answer.forgotten"))
    if order is None:
        return None
    back = InlineKeyboardButton(text=words.plain("button.order_back"), callback_data=Purchase(order=order.id).pack())
    text = words.html("order.ask_refund", number=order.number)
    return await change(callback, text, [[_button(words, "ask_refund_yes", order, "send")], [back]])


async def send(
    callback: CallbackQuery, callback_data: RefundWish, project: Project, user: User, words: Words, database: Database
) -> SendMessage | None:
    """Once for each purchase; the staff see it as a card and write to the person themselves."""
    async with database.transaction() as connection:
        order = await OrderRepository(connection, project.id).get(callback_data.order, user_id=user.id)
        if order is not None and order.state == "paid" and order.total:
            await announce(connection, project_id=project.id, kind=CARD, subject=str(order.id), user_id=user.id)
        page = await _page(connection, project, user, order, words) if order is not None else None
    await acknowledge(callback, None if page else words.plain("answer.forgotten"))
    return await change(callback, *page) if page else None
