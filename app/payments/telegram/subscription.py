"""`/subscription`: what runs, until when, and what it costs next; canceled and taken back here."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton

from app.catalogue.library import Project
from app.errors import ArcanaError
from app.kit.clock import utc_now
from app.kit.database import Database
from app.locales import Words
from app.payments.errors import SubscriptionNotFound
from app.payments.port import ProviderAway, ProviderRefused
from app.payments.service import PaymentService
from app.payments.subscriptions import agreements
from app.payments.subscriptions.agreements import RenewalNotPossible
from app.payments.subscriptions.repository import Subscription, SubscriptionRepository
from app.payments.sums import show
from app.payments.telegram.words import day
from app.telegram.dialogues import leave_dialogue
from app.telegram.menu import MenuAction, button
from app.telegram.replies import Event, Rows, acknowledge, change, say
from app.users.days import local_date
from app.users.repository import User
from app.users.tokens import Principal


class Renewal(CallbackData, prefix="renewal"):
    """`step`: ask (before canceling), cancel, keep, resume."""

    step: str


def router() -> Router:
    router = Router(name="subscription")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(subscription, Command("subscription"))
    router.callback_query.register(subscription, MenuAction.filter(F.action == "subscription"))
    router.callback_query.register(ask, Renewal.filter(F.step == "ask"))
    router.callback_query.register(keep, Renewal.filter(F.step == "keep"))
    router.callback_query.register(cancel, Renewal.filter(F.step == "cancel"))
    router.callback_query.register(resume, Renewal.filter(F.step == "resume"))
    return router


async def subscription(
    event: Event, project: Project, user: User, words: Words, database: Database, payments: PaymentService
) -> SendMessage:
    page = await subscription_page(project, user, words, database, payments)
    await acknowledge(event)
    return say(event, *page)


async def subscription_page(
    project: Project,
    user: User,
    words: Words,
    database: Database,
    payments: PaymentService,
    *,
    note: str | None = None,
) -> tuple[str, Rows]:
    """`note` is said last, already as HTML."""
    async with database.connection() as connection:
        rows = SubscriptionRepository(connection, project.id)
        known = await rows.open_of(user.id)
        used = await rows.share_used(user.id, local_date(user.timezone, utc_now())) if known is not None else 0
    if known is None or known.covers_until <= utc_now():
        return words.html("subscription.none"), [[button(words, "buy")]]
    lines = [
        words.html("subscription.title", name=project.text(known.package["name"], words.language)),
        _state(known, user, words),
    ]
    if known.fair_use is not None:
        lines.append(words.html("subscription.share", left=max(0, known.fair_use - used), limit=known.fair_use))
    if note:
        lines.append(note)
    buttons = []
    actions = agreements.actions(payments.registry, project, known)
    if "cancel" in actions:
        buttons.append([_button(words, "cancel_renewal", "ask")])
    if "resume" in actions:
        buttons.append([_button(words, "resume_renewal", "resume")])
    if not known.renews:
        buttons.append([button(words, "buy")])
    return "\n\n".join(lines), buttons


def _state(known: Subscription, user: User, words: Words) -> str:
    until = day(known.until, user, words.language)
    if known.state == "grace" and known.renews:
        return words.html("subscription.waits", until=day(known.covers_until, user, words.language))
    if known.renews:
        cost = show(known.price, known.currency, words.language)
        return words.html("subscription.renews", until=until, cost=cost)
    return words.html("subscription.trial" if known.trial else "subscription.runs", until=until)


def _button(words: Words, name: str, step: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=words.plain(f"button.{name}"), callback_data=Renewal(step=step).pack())


async def ask(
    callback: CallbackQuery, project: Project, user: User, words: Words, database: Database
) -> SendMessage | None:
    """Before it is canceled: what stays, and until when."""
    async with database.connection() as connection:
        known = await SubscriptionRepository(connection, project.id).open_of(user.id)
    await acknowledge(callback)
    if known is None:
        return await change(callback, words.html("subscription.none"), [[button(words, "buy")]])
    text = words.html("subscription.ask_cancel", until=day(known.until, user, words.language))
    return await change(
        callback, text, [[_button(words, "keep_renewal", "keep")], [_button(words, "cancel_renewal_yes", "cancel")]]
    )


async def keep(
    callback: CallbackQuery, project: Project, user: User, words: Words, database: Database, payments: PaymentService
) -> SendMessage | None:
    page = await subscription_page(project, user, words, database, payments)
    await acknowledge(callback)
    return await change(callback, *page)


async def cancel(
    callback: CallbackQuery, project: Project, user: User, words: Words, database: Database, payments: PaymentService
) -> SendMessage | None:
    note = None
    try:
        await agreements.cancel(database, payments.registry, project, Principal(user.id, project.id))
    except ArcanaError as error:
        note = _why_not(error, words)
    page = await subscription_page(project, user, words, database, payments, note=note)
    await acknowledge(callback)
    return await change(callback, *page)


async def resume(
    callback: CallbackQuery, project: Project, user: User, words: Words, database: Database, payments: PaymentService
) -> SendMessage | None:
    """Stars renew again once the person has agreed in Telegram's own settings: he is told where."""
    note = None
    try:
        known = await agreements.resume(database, payments.registry, project, Principal(user.id, project.id))
    except ArcanaError as error:
        note = _why_not(error, words)
    else:
        note = None if known.renews else words.html("subscription.resume_there")
    page = await subscription_page(project, user, words, database, payments, note=note)
    await acknowledge(callback)
    return await change(callback, *page)


def _why_not(error: ArcanaError, words: Words) -> str:
    """Raises again what people do not cause."""
    if isinstance(error, ProviderAway):
        return words.html("subscription.provider_away")
    if isinstance(error, ProviderRefused | RenewalNotPossible | SubscriptionNotFound):
        return words.html("subscription.not_possible")
    raise error
