"""What Telegram tells a bot of Stars: payments, refunds, subscriptions. Each is applied in its update's transaction.

Source: https://core.telegram.org/bots/api#successfulpayment, #refundedpayment, #botsubscriptionupdated. All of it may
come twice, and about people who are shut out or whose project is off: the money is there all the same.
"""

from datetime import UTC, datetime
from typing import Final, Literal
from uuid import UUID

from aiogram import F, Router
from aiogram.methods import SendMessage
from aiogram.types import BotSubscriptionUpdated, Message, SuccessfulPayment
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.kit.database import Connection
from app.kit.telemetry import get_logger
from app.locales import Words
from app.payments.gifts.service import GiftService
from app.payments.orders.payments import Bill, PaymentRepository
from app.payments.outcome import Outcome, Source, refuse
from app.payments.port import Fact, Paid, Refunded, SubscriptionChanged
from app.payments.providers.stars import NAME, payload_id
from app.payments.service import PaymentService
from app.payments.subscriptions.repository import SubscriptionRepository
from app.payments.telegram.thanks import thanks_page
from app.payments.telegram.way_back import recall
from app.payments.telegram.words import day
from app.settings import Settings
from app.telegram.menu import button
from app.telegram.replies import keyboard, say
from app.users.repository import User
from app.users.service import UserService

log = get_logger("app.payments.stars")

# https://core.telegram.org/bots/api#botsubscriptionupdated
STATES: Final[dict[str, Literal["active", "canceled", "failed"]]] = {
    "active": "active", "canceled": "canceled", "failed": "failed",
}  # fmt: skip


def router() -> Router:
    """Asked before everything that may turn people away."""
    router = Router(name="money")
    router.message.register(successful_payment, F.successful_payment)
    router.message.register(refunded_payment, F.refunded_payment)
    router.subscription.register(subscription_changed)
    return router


def source_of(project: Project) -> Source:
    assert project.bot is not None  # noqa: S101  # the update came to it
    return Source(project.id, NAME, str(project.bot.id), project)


async def apply(payments: PaymentService, connection: Connection, project: Project, fact: Fact) -> Outcome:
    """What would have to wait for something else does not: Telegram tells of one person in order."""
    source = source_of(project)
    outcome = await payments.apply(connection, source, fact)
    if outcome.state == "later" and isinstance(fact, Paid | Refunded):
        return await refuse(connection, source, fact, outcome.note)
    return outcome


async def successful_payment(
    message: Message,
    project: Project,
    user: User | None,
    words: Words,
    settings: Settings,
    connection: Connection,
    redis: Redis,
    users: UserService,
    payments: PaymentService,
    gifts: GiftService,
) -> SendMessage | None:
    """Gives what was paid for, and says what that is; nothing for what was heard before."""
    paid = message.successful_payment
    assert paid is not None  # noqa: S101  # the filter's
    payment_id = payload_id(paid.invoice_payload)
    bill = await PaymentRepository(connection, project.id).bill(payment_id) if payment_id else None
    person = message.from_user.id if message.from_user else message.chat.id
    fact = paid_fact(paid, payment_id, bill, telegram_id=person, at=message.date)
    outcome = await apply(payments, connection, project, fact)
    if outcome.state == "refused":
        return say(message, words.html("payment.refused"))
    if outcome.state != "done":
        return None
    if outcome.note == "surplus":
        return say(message, words.html("payment.surplus_subscription" if fact.subscription else "payment.surplus"))
    order_id = outcome.order_id
    if user is None or user.state != "active" or order_id is None or (bill is not None and bill.order.id != order_id):
        # A renewal is an order of its own; the subscription tells of it.
        return None
    way_back = await recall(redis, project.id, user.id)
    page = await thanks_page(
        connection, project, user, order_id, words=words, settings=settings, users=users, gifts=gifts, way_back=way_back
    )
    return say(message, *page)


def paid_fact(
    paid: SuccessfulPayment, payment_id: UUID | None, bill: Bill | None, *, telegram_id: int, at: datetime
) -> Paid:
    """A subscription is named by its first charge; one that says it is the first begins an agreement of its own."""
    charge = paid.telegram_payment_charge_id
    first = bill.payment.charge if bill is not None else None
    agreement, renewal = None, False
    if paid.is_recurring:
        renewal = not paid.is_first_recurring and first is not None and first != charge
        agreement = first if renewal else charge
    until = paid.subscription_expiration_date
    return Paid(
        charge=charge,
        amount=paid.total_amount,
        currency=paid.currency,
        payment_id=payment_id,
        telegram_id=telegram_id,
        subscription=agreement,
        renewal=renewal,
        paid_until=datetime.fromtimestamp(until, UTC) if until else None,
        at=at,
    )


async def refunded_payment(
    message: Message, project: Project, connection: Connection, payments: PaymentService
) -> None:
    """Also of refunds that we asked for. The person hears of it by a notice."""
    refunded = message.refunded_payment
    assert refunded is not None  # noqa: S101  # the filter's
    charge = refunded.telegram_payment_charge_id
    await apply(payments, connection, project, Refunded(charge, charge, refunded.total_amount, refunded.currency))


async def subscription_changed(
    event: BotSubscriptionUpdated,
    project: Project,
    user: User | None,
    words: Words,
    connection: Connection,
    payments: PaymentService,
) -> SendMessage | None:
    """The person canceled, took that back, or could not pay: in Telegram's own settings, or because of us."""
    payment_id = payload_id(event.invoice_payload)
    bill = await PaymentRepository(connection, project.id).bill(payment_id) if payment_id else None
    charge = bill.payment.charge if bill is not None else None
    if bill is None or charge is None or bill.telegram_id != event.user.id:
        log.warning("a subscription that is not known has changed", project_id=project.id, state=event.state)
        return None
    rows = SubscriptionRepository(connection, project.id)
    account = source_of(project).account
    before = await rows.by_reference(provider=NAME, account=account, reference=charge)
    if event.state not in STATES or before is None:
        log.warning("a subscription has changed in an unknown way", project_id=project.id, state=event.state)
        return None
    await apply(payments, connection, project, SubscriptionChanged(charge, STATES[event.state]))
    after = await rows.get(before.id)
    if user is None or user.state != "active" or after is None or after.renews == before.renews:
        return None
    values = {
        "name": project.text(after.package["name"], words.language),
        "until": day(after.until, user, words.language),
    }
    text = words.html("subscription.goes_on" if after.renews else "subscription.stops", **values)
    return SendMessage(chat_id=event.user.id, text=text, reply_markup=keyboard([[button(words, "subscription")]]))
