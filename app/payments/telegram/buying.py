"""A purchase in the chat: the order, then an invoice, or at once what costs nothing."""

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import TelegramBadRequest
from aiogram.fsm.context import FSMContext
from aiogram.methods import SendInvoice, SendMessage
from aiogram.types import CallbackQuery, InlineKeyboardButton, LabeledPrice
from redis.asyncio import Redis

from app.catalogue.library import Package, Project
from app.errors import ArcanaError, RateLimited
from app.kit.database import Connection, Database
from app.kit.money import STARS
from app.kit.ratelimit import RateLimits
from app.kit.telemetry import get_logger
from app.locales import Words
from app.payments.errors import (
    AlreadySubscribed,
    CouponInvalid,
    OrderNotPayable,
    PackageNotFound,
    PriceChanged,
    ProviderNotOffered,
    TrialUsed,
)
from app.payments.gifts.service import GiftService
from app.payments.orders.payments import Payment
from app.payments.orders.repository import Order
from app.payments.orders.service import Wish
from app.payments.orders.starting import photo_of
from app.payments.port import Photo, ProviderAway, ProviderRefused, Started
from app.payments.providers import IN_TELEGRAM
from app.payments.providers.stars import illustrated, invoice
from app.payments.service import PaymentService
from app.payments.sums import show
from app.payments.telegram.shop import Buy, coupon_of, shop_page
from app.payments.telegram.thanks import thanks_page
from app.payments.telegram.way_back import recall
from app.payments.telegram.words import contents, day, find, sentence
from app.settings import Settings
from app.telegram.menu import button
from app.telegram.replies import Rows, acknowledge, change, chat_of, keyboard, say
from app.users.repository import User
from app.users.service import UserService

log = get_logger("app.payments.stars")

ORDERS_PER_MINUTE = 20


def router() -> Router:
    router = Router(name="buying")
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.callback_query.register(buy, Buy.filter())
    return router


async def buy(
    callback: CallbackQuery,
    callback_data: Buy,
    bot: Bot,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    redis: Redis,
    users: UserService,
    limits: RateLimits,
    payments: PaymentService,
    gifts: GiftService,
    state: FSMContext,
) -> SendMessage | SendInvoice | None:
    """What the person saw is what he pays: a price that has changed is shown anew."""
    package = find(project, callback_data.digest)
    coupon = await coupon_of(state)
    try:
        limits.check("orders", user.id, per_minute=ORDERS_PER_MINUTE, shared=True)
        if package is None:
            raise PackageNotFound
        async with database.transaction() as connection:
            order, payment = await _place(
                connection, payments, project, user, package, words, callback_data, coupon=coupon
            )
        if payment is None:
            way_back = await recall(redis, project.id, user.id)
            async with database.connection() as connection:
                page = await thanks_page(
                    connection, project, user, order.id, words=words, settings=settings, users=users, gifts=gifts,
                    way_back=way_back,
                )  # fmt: skip
            await acknowledge(callback)
            return await change(callback, *page)
        started = await payments.start(database, project, payment_id=payment.id)
    except ArcanaError as error:
        return await _refused(callback, error, project, user, words, settings, database, payments, coupon=coupon)
    await acknowledge(callback)
    told = bill(callback, project, order, payment, started, words)
    photo = photo_of(settings, project, order.package["key"])
    return await _illustrate(bot, told, photo) if isinstance(told, SendInvoice) and photo else told


async def _place(
    connection: Connection,
    payments: PaymentService,
    project: Project,
    user: User,
    package: Package,
    words: Words,
    wanted: Buy,
    *,
    coupon: str | None,
) -> tuple[Order, Payment | None]:
    def wish(code: str | None) -> Wish:
        return Wish(
            package_key=package.key,
            provider=IN_TELEGRAM,
            place="telegram",
            language=words.language,
            coupon=code,
            expected_total=wanted.total,
            currency=STARS,
            trial=wanted.wish == "trial",
        )

    try:
        async with connection.transaction():
            order = await payments.create(connection, project, user.id, wish(coupon))
    except CouponInvalid:
        # The price was shown without it; if it was not, it is not the expected one.
        order = await payments.create(connection, project, user.id, wish(None))
    if order.state != "pending":
        return order, None
    return order, await payments.attempt(connection, project, order, provider=IN_TELEGRAM)


def bill(
    callback: CallbackQuery, project: Project, order: Order, payment: Payment, started: Started, words: Words
) -> SendMessage | SendInvoice:
    """An invoice in the chat; for what renews a link, for such an invoice cannot stand in a message."""
    name = project.text(order.package["name"], words.language)
    cost = show(payment.amount, payment.currency, words.language)
    pay = words.plain("button.pay", cost=cost)
    if order.renews:
        text = words.html(
            "invoice.subscription",
            name=name,
            contents=sentence(contents(words, order.package)),
            cost=cost,
            number=order.number,
        )
        return say(callback, text, [[InlineKeyboardButton(text=pay, url=started.url)]])
    held = contents(words, order.package)
    said = project.text(order.package["description"], words.language)
    texts = invoice(name, f"{held}. {said}" if said else held)
    return SendInvoice(
        chat_id=chat_of(callback),
        title=texts["title"],
        description=texts["description"],
        payload=str(payment.id),
        currency=STARS,
        prices=[LabeledPrice(label=texts["title"], amount=payment.amount)],
        provider_token="",
        reply_markup=keyboard([[InlineKeyboardButton(text=pay, pay=True)]]),
    )


async def _illustrate(bot: Bot, told: SendInvoice, photo: Photo) -> SendInvoice | None:
    """Sends it with its photo; without it where Telegram does not take that."""
    try:
        await bot(told.model_copy(update=illustrated(photo)))
    except TelegramBadRequest as error:
        # As for links: anything else that is wrong is refused again.
        log.warning("an invoice goes without its photo", bot_id=bot.id, reason=error.message[:200])
        return told
    return None


async def _refused(
    callback: CallbackQuery,
    error: ArcanaError,
    project: Project,
    user: User,
    words: Words,
    settings: Settings,
    database: Database,
    payments: PaymentService,
    *,
    coupon: str | None,
) -> SendMessage | None:
    """Says why not, with what can be done instead. Anything that people do not cause is raised again."""
    rows: Rows = [[button(words, "buy")]]
    if isinstance(error, AlreadySubscribed):
        until = day(error.facts["until"], user, words.language)
        text, rows = words.html("buy.already_subscribed", until=until), [[button(words, "subscription")]]
    elif isinstance(error, TrialUsed):
        text = words.html("buy.trial_used")
    elif isinstance(error, RateLimited):
        text, rows = words.html("reading.slower", seconds=error.facts["retry_after"]), []
    elif isinstance(error, ProviderAway | ProviderRefused):
        text = words.html("buy.no_invoice")
    elif isinstance(error, PriceChanged | PackageNotFound | ProviderNotOffered | OrderNotPayable):
        note = words.html("buy.changed")
        text, rows = await shop_page(project, user, words, settings, database, payments, coupon=coupon, note=note)
    else:
        raise error
    await acknowledge(callback)
    return await change(callback, text, rows)
