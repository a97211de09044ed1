"""`/refund` and the button of cards: managers give money back, after they have seen how much and what it takes."""

from typing import Any
from uuid import UUID

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from app.catalogue.library import Project
from app.crm.audit import record
from app.crm.cards.store import CardRepository, Done, enqueue_refresh
from app.crm.commands.orders import by_number
from app.crm.commands.scope import Scope, StaffCommand, StaffPress
from app.crm.commands.users import edit
from app.crm.gifts import give
from app.crm.order_buttons import OrderButton
from app.crm.orders import package_name
from app.crm.roles import Role
from app.crm.told import tell
from app.kit.clock import utc_now
from app.kit.database import Connection, Database
from app.kit.ids import long, short
from app.locales import html, plain
from app.payments.errors import OrderNotFound, RefundRefused
from app.payments.orders import listing
from app.payments.orders.listing import Listed
from app.payments.orders.repository import OrderRepository
from app.payments.refunds.repository import OPEN, RefundRepository
from app.payments.refunds.unused import unused_part
from app.payments.service import PaymentService
from app.payments.sums import show
from app.users.repository import UserRepository

CREDITS = (1, 3, 5, 10)


def router() -> Router:
    router = Router(name="commands.refund")
    managers = {"role": Role.MANAGER}
    router.message.register(refund, StaffCommand("refund"), flags=managers)
    for do, handler in (
        ("refund", offer), ("whole", confirm), ("unused", confirm), ("keep", keep), ("credit", offer_credit),
        ("give", give_credit),
    ):  # fmt: skip
        router.callback_query.register(handler, OrderButton.filter(F.do == do), StaffPress(), flags=managers)
    return router


async def refund(
    message: Message, scope: Scope, command: CommandObject, payments: PaymentService, connection: Connection
) -> SendMessage:
    """`/refund 12`: nothing happens before the button is pressed."""
    found, refusal = await by_number(connection, scope, command.args or "")
    if found is None:
        return message.reply(refusal)
    text, markup = await question(connection, scope, payments, found)
    return message.answer(text, reply_markup=markup)


async def offer(
    query: CallbackQuery, callback_data: OrderButton, scope: Scope, payments: PaymentService, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        found = await _find(connection, scope, callback_data)
        asked = await question(connection, scope, payments, found) if found is not None else None
    if asked is None:
        return query.answer(plain(scope.language, "orders.gone"), show_alert=True)
    if isinstance(query.message, Message):
        await query.message.answer(asked[0], reply_markup=asked[1])
    return query.answer()


async def _find(connection: Connection, scope: Scope, pressed: OrderButton) -> Listed | None:
    order_id = long(pressed.order)
    if order_id is None:
        return None
    return await listing.get(connection, project_ids=scope.project_ids, order_id=order_id)


async def question(
    connection: Connection, scope: Scope, payments: PaymentService, found: Listed
) -> tuple[str, InlineKeyboardMarkup | None]:
    """How much may go back, and what that means; or why nothing may."""
    language, order = scope.language, found.order
    refunds = await RefundRepository(connection, order.project_id).of_order(order.id)
    reason = (
        "already" if order.state == "refunded"
        else "not_paid" if order.state != "paid" or not order.total
        else "under_way" if any(row.state in OPEN for row in refunds)
        else None
    )  # fmt: skip
    project = scope.project(order.project_id)
    if reason is not None or project is None:
        return html(language, f"refund.refused.{reason or 'not_paid'}"), None
    left = order.total - order.refunded_amount
    unused = await unused_part(connection, order)
    provider = payments.registry.get(found.provider) if found.provider else None
    in_parts = provider is None or provider.refunds_in_parts
    lines = [
        html(
            language,
            "refund.question",
            number=order.number,
            package=package_name(order, language),
            left=show(left, order.currency, language),
        )
    ]
    offered = []
    if unused < left:
        lines.append(html(language, "refund.used", unused=show(unused, order.currency, language)))
        lines.append(html(language, f"refund.rule.{project.refund_used}"))
    if unused >= left or project.refund_used != "refuse":
        offered.append(("whole", left))
    if 0 < unused < left and in_parts:
        offered.append(("unused", unused))
    if not offered:
        return "\n".join(lines), None
    rows = [
        [
            InlineKeyboardButton(
                text=plain(language, f"button.refund_{do}", sum=show(amount, order.currency, language)),
                callback_data=OrderButton(
                    order=short(order.id), do=do, amount=amount, refunded=order.refunded_amount
                ).pack(),
            )
        ]
        for do, amount in offered
    ]
    keep_it = OrderButton(order=short(order.id), do="keep").pack()
    rows.append([InlineKeyboardButton(text=plain(language, "button.refund_keep"), callback_data=keep_it)])
    return "\n".join(lines), InlineKeyboardMarkup(inline_keyboard=rows)


async def keep(query: CallbackQuery, scope: Scope) -> AnswerCallbackQuery:
    await edit(query, html(scope.language, "refund.kept", name=scope.actor.name), None)
    return query.answer()


async def confirm(
    query: CallbackQuery, callback_data: OrderButton, scope: Scope, payments: PaymentService, database: Database
) -> AnswerCallbackQuery:
    """Whatever was shown is what goes back: an order that has changed since is to be looked at anew."""
    language = scope.language
    try:
        async with database.transaction() as connection:
            found = await _find(connection, scope, callback_data)
            project = scope.project(found.order.project_id) if found is not None else None
            if found is None or project is None:
                raise OrderNotFound
            await _begin(connection, scope, payments, project, found, callback_data)
    except OrderNotFound:
        return query.answer(plain(language, "orders.gone"), show_alert=True)
    except RefundRefused as error:
        return query.answer(plain(language, f"refund.refused.{error.facts['reason']}"), show_alert=True)
    total = show(callback_data.amount, found.order.currency, language)
    await edit(query, html(language, "refund.begun", sum=total, number=found.order.number, name=scope.actor.name), None)
    return query.answer(plain(language, "card.done"))


async def _begin(
    connection: Connection,
    scope: Scope,
    payments: PaymentService,
    project: Project,
    found: Listed,
    pressed: OrderButton,
) -> None:
    order_id: UUID = found.order.id
    # The order in which everything that touches money locks.
    await UserRepository(connection, project.id).get(found.order.user_id, lock="KEY SHARE")
    order = await OrderRepository(connection, project.id).get(order_id, lock=True)
    if order is None or order.refunded_amount != pressed.refunded:
        raise RefundRefused(reason="changed")
    begun = await payments.refund(
        connection,
        project,
        order_id,
        started_by="bot",
        amount=pressed.amount,
        actor=str(scope.actor.telegram_id),
    )
    await record(
        connection,
        project_id=project.id,
        actor=scope.actor,
        action="order.refund",
        user_id=order.user_id if found.telegram_id is not None else None,
        details={
            "number": f"№ {order.number}",
            "sum": show(begun.amount, begun.currency, scope.language),
            "refund": str(begun.id),
        },
    )
    await _note(connection, scope, project.id, order_id, f"refund:{begun.id.hex[-8:]}")


async def _note(connection: Connection, scope: Scope, project_id: int, order_id: UUID, action: str) -> None:
    """Who did it stands on the order's card."""
    cards = CardRepository(connection, project_id)
    card = await cards.of_subject("order", str(order_id))
    if card is None:
        return
    done = Done(action, scope.actor.telegram_id, scope.actor.name, utc_now())
    await cards.act(card.id, action=action, state=None, unless=(), done=done)
    await enqueue_refresh(connection, project_id=project_id, kind="order", subject=str(order_id))


async def offer_credit(
    query: CallbackQuery, callback_data: OrderButton, scope: Scope, database: Database
) -> AnswerCallbackQuery:
    async with database.connection() as connection:
        found = await _find(connection, scope, callback_data)
    if found is None or found.telegram_id is None:
        return query.answer(plain(scope.language, "orders.gone"), show_alert=True)
    buttons = [
        InlineKeyboardButton(
            text=f"+{amount}", callback_data=OrderButton(order=callback_data.order, do="give", amount=amount).pack()
        )
        for amount in CREDITS
    ]
    keep_it = OrderButton(order=callback_data.order, do="keep").pack()
    cancel = InlineKeyboardButton(text=plain(scope.language, "button.refund_keep"), callback_data=keep_it)
    if isinstance(query.message, Message):
        await query.message.answer(
            html(scope.language, "orders.credit", name=found.client, number=found.order.number, id=found.telegram_id),
            reply_markup=InlineKeyboardMarkup(inline_keyboard=[buttons, [cancel]]),
        )
    return query.answer()


async def give_credit(
    query: CallbackQuery, callback_data: OrderButton, scope: Scope, bot: Bot, database: Database
) -> AnswerCallbackQuery:
    """Once for each question, whoever presses and however often."""
    amount, language = callback_data.amount, scope.language
    if amount not in CREDITS or query.message is None:
        return query.answer(plain(language, "card.button_old"), show_alert=True)
    asked = f"{bot.id}:{query.message.chat.id}:{query.message.message_id}"
    async with database.transaction() as connection:
        found = await _find(connection, scope, callback_data)
        if found is None or found.telegram_id is None:
            return query.answer(plain(language, "orders.gone"), show_alert=True)
        order = found.order
        reason = plain(language, "orders.credit_reason", number=order.number)
        values: dict[str, Any] = {"project_id": order.project_id, "user_id": order.user_id}
        is_new = await give(
            connection, **values, unit="readings", amount=amount, key=f"staff:{asked}", reason=reason, by_bot=False
        )
        if is_new:
            details = {"amount": amount, "unit": "readings", "reason": reason}
            await record(connection, **values, actor=scope.actor, action="user.credit", details=details)
            await tell(connection, **values, key="credit.told_readings", count=amount)
            await _note(connection, scope, order.project_id, order.id, f"credit:{query.message.message_id}")
    if not is_new:
        return query.answer(plain(language, "card.button_old"), show_alert=True)
    await edit(query, html(language, "orders.credited", count=amount, name=found.client, by=scope.actor.name), None)
    return query.answer(plain(language, "card.done"))
