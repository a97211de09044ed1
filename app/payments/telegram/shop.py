"""`/buy`: what is for sale, the coupon, and the choice. The purchase itself is in `telegram_buying`."""

from dataclasses import fields
from html import escape
from typing import Any

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.methods import SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, Message

from app.catalogue.library import Package, Project
from app.kit.database import Connection, Database
from app.locales import Words
from app.payments.orders.pricing import Line
from app.payments.orders.service import package_copy
from app.payments.providers import IN_TELEGRAM
from app.payments.service import PaymentService
from app.payments.shop import show_shop
from app.payments.sums import show
from app.payments.telegram.words import ICONS, contents, digest, find, name_of, price, sentence
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.links import mini_app
from app.telegram.menu import MenuAction, button
from app.telegram.replies import Event, Rows, acknowledge, change, say
from app.users.repository import User

COUPON = "coupon"
CAPTION, DESCRIPTION = 40, 300


class Dialogue(StatesGroup):
    """The next words are a coupon's code."""

    coupon = State()


class Buy(CallbackData, prefix="buy"):
    """`total` is what the person saw, in Stars. `wish`: buy, trial."""

    digest: str
    total: int
    wish: str


class Look(CallbackData, prefix="buy_look"):
    """A subscription before it is bought."""

    digest: str


class CouponWish(CallbackData, prefix="buy_coupon"):
    """`step`: enter, drop."""

    step: str


def router() -> Router:
    router = Router(name="shop")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(shop, Command("buy"))
    router.callback_query.register(shop, MenuAction.filter(F.action == "buy"))
    router.callback_query.register(look, Look.filter())
    router.callback_query.register(enter_coupon, CouponWish.filter(F.step == "enter"))
    router.callback_query.register(drop_coupon, CouponWish.filter(F.step == "drop"))
    return router


def dialogue_router() -> Router:
    router = Router(name="shop-dialogue")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.message.register(take_coupon, Dialogue.coupon, F.text)
    return router


async def coupon_of(state: FSMContext) -> str | None:
    """What the person has entered; it is checked again whenever a price is shown or asked for."""
    code = (await state.get_data()).get(COUPON)
    return code if isinstance(code, str) else None


async def shop(
    event: Event,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    payments: PaymentService,
    state: FSMContext,
    command: CommandObject | None = None,
) -> SendMessage | None:
    """`/buy CODE` enters a coupon as well."""
    code = (command.args or "").strip() if command is not None else ""
    # Whoever looks at the shop again is not writing a code any more.
    await state.set_state(None)
    if code:
        await state.update_data({COUPON: code})
    page = await shop_page(project, user, words, settings, database, payments, coupon=await coupon_of(state))
    await acknowledge(event)
    return say(event, *page)


async def shop_page(
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    payments: PaymentService,
    *,
    coupon: str | None,
    note: str | None = None,
) -> tuple[str, Rows]:
    """`note` is said first, already as HTML."""
    async with database.connection() as connection:
        sold = await show_shop(connection, payments, project, user, coupon=coupon, place="telegram")
    lines = [note] if note else []
    rows: list[list[InlineKeyboardButton | None]] = []
    offers = [(*found, item) for item in sold["items"] if (found := _in_stars(project, item)) is not None]
    if not offers:
        lines.append(words.html("buy.nothing"))
    else:
        lines.append(words.html("buy.title", name=project.text(project.name, words.language)))
    for package, line, item in offers:
        lines.append(_offer(project, package, line, words, trial=item["trial"]))
        rows.append([_choice(project, package, line, words)])
    if offers and sold["coupon"] is not None:
        lines.append(_coupon_words(sold["coupon"], words))
    if offers:
        lines.append(words.html("buy.terms"))
        rows.append([_coupon_button(words, drop=coupon is not None)])
    others = any(name != IN_TELEGRAM for name in sold["providers"])
    app = mini_app(settings, project, "packages")
    rows.append([app.button(words.plain("button.buy_otherwise" if others else "button.buy_in_app"))])
    return "\n\n".join(lines), rows


def _in_stars(project: Project, item: dict[str, Any]) -> tuple[Package, Line] | None:
    package = project.package(item["package"])
    line = next((row for row in item["prices"] if row["provider"] == IN_TELEGRAM), None)
    if package is None or line is None:
        return None
    return package, Line(**{field.name: line[field.name] for field in fields(Line)})


def _offer(project: Project, package: Package, line: Line, words: Words, *, trial: bool) -> str:
    badge = project.text(package.badge, words.language) if package.badge else ""
    title = f"{ICONS[package.kind]} <b>{name_of(project, package, words)}</b>"
    if badge:
        title += f" · <i>{escape(badge, quote=False)}</i>"
    cost = price(line, words)
    if package.period:
        cost += " " + words.html(f"buy.per_{package.period}")
    lines = [title, escape(sentence(contents(words, package_copy(package))), quote=False), cost]
    if package.expires_days:
        lines.append(words.html("buy.expires", count=package.expires_days))
    if trial and package.trial_days:
        lines.append(words.html("buy.trial", count=package.trial_days))
    return "\n".join(lines)


def _choice(project: Project, package: Package, line: Line, words: Words) -> InlineKeyboardButton:
    """A subscription is looked at first: it may be tried, and it may renew."""
    name = project.text(package.name, words.language)
    name = name if len(name) <= CAPTION else name[: CAPTION - 1].rstrip() + "…"
    cost = show(line.total, line.currency, words.language) if line.total else words.plain("buy.free")
    data: CallbackData = Buy(digest=digest(package.key), total=line.total, wish="buy")
    if package.kind == "subscription":
        data = Look(digest=digest(package.key))
    return InlineKeyboardButton(text=f"{name} · {cost}", callback_data=data.pack())


def _coupon_button(words: Words, *, drop: bool) -> InlineKeyboardButton:
    step = "drop" if drop else "enter"
    return InlineKeyboardButton(text=words.plain(f"button.coupon_{step}"), callback_data=CouponWish(step=step).pack())


def _coupon_words(coupon: dict[str, Any], words: Words) -> str:
    code = coupon["code"].upper()[:64]
    if coupon["valid"]:
        return words.html("coupon.counts", code=code)
    return words.html(f"coupon.{coupon['reason']}", code=code)


async def look(
    callback: CallbackQuery,
    callback_data: Look,
    project: Project,
    user: User,
    words: Words,
    database: Database,
    payments: PaymentService,
    state: FSMContext,
) -> SendMessage | None:
    async with database.connection() as connection:
        page = await look_page(
            connection, project, user, words, payments, wanted=callback_data.digest, coupon=await coupon_of(state)
        )
    await acknowledge(callback, None if page else words.plain("answer.forgotten"))
    return await change(callback, *page) if page else None


async def look_page(
    connection: Connection,
    project: Project,
    user: User,
    words: Words,
    payments: PaymentService,
    *,
    wanted: str,
    coupon: str | None,
) -> tuple[str, Rows] | None:
    """A subscription with its terms; None if it is not for sale any more."""
    package = find(project, wanted)
    sold = await show_shop(connection, payments, project, user, coupon=coupon, place="telegram")
    item = next((row for row in sold["items"] if package is not None and row["package"] == package.key), None)
    found = _in_stars(project, item) if item is not None else None
    if package is None or item is None or found is None:
        return None
    line = found[1]
    provider = payments.registry.get(IN_TELEGRAM)
    renews = package.renews and provider is not None and provider.renews(period=package.period, amount=line.total)
    lines = [_offer(project, package, line, words, trial=False)]
    if description := project.text(package.description, words.language):
        short = description if len(description) <= DESCRIPTION else description[: DESCRIPTION - 1].rstrip() + "…"
        lines.append(escape(short, quote=False))
    lines.append(words.html("buy.renews" if renews and line.total else "buy.renews_not"))
    cost = show(line.total, line.currency, words.language) if line.total else words.plain("buy.free")
    if renews and line.total and line.discount:
        lines.append(words.html("buy.renews_discount", cost=cost))
    code = digest(package.key)
    rows = [[_button(words.plain("button.subscribe", cost=cost), Buy(digest=code, total=line.total, wish="buy"))]]
    if item["trial"]:
        words_of_trial = words.plain("button.trial", count=package.trial_days)
        rows.insert(0, [_button(words_of_trial, Buy(digest=code, total=0, wish="trial"))])
    return "\n\n".join(lines), [*rows, [button(words, "buy")]]


def _button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())


async def enter_coupon(callback: CallbackQuery, words: Words, state: FSMContext) -> SendMessage:
    await state.set_state(Dialogue.coupon)
    await acknowledge(callback)
    return say(callback, words.html("coupon.write"), [[button(words, "buy")]])


async def drop_coupon(
    callback: CallbackQuery,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    payments: PaymentService,
    state: FSMContext,
) -> SendMessage | None:
    await state.clear()
    page = await shop_page(project, user, words, settings, database, payments, coupon=None)
    await acknowledge(callback)
    return await change(callback, *page)


async def take_coupon(
    message: Message,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    payments: PaymentService,
    state: FSMContext,
) -> SendMessage:
    """Shows the shop with it, or why it does not count."""
    code = (message.text or "").strip()
    page = await shop_page(project, user, words, settings, database, payments, coupon=code)
    await state.set_state(None)
    await state.update_data({COUPON: code})
    return say(message, *page)
