"""What a person reads in the chat once he has what he bought, and the way on from there."""

from urllib.parse import urlencode
from uuid import UUID

from aiogram.types import InlineKeyboardButton

from app.catalogue.library import Project
from app.kit.database import Connection
from app.locales import Words
from app.payments.fulfilment import units_expire_at
from app.payments.gifts.service import GiftService
from app.payments.orders.repository import Order, OrderRepository
from app.payments.subscriptions.repository import SubscriptionRepository
from app.payments.sums import show
from app.payments.telegram.words import ICONS, contents, day, sentence
from app.settings import Settings
from app.telegram.links import mini_app
from app.telegram.menu import button
from app.telegram.replies import Rows
from app.users.repository import User
from app.users.service import UserService
from app.users.tokens import Principal
from app.wallet.balance import UNITS


async def thanks_page(
    connection: Connection,
    project: Project,
    user: User,
    order_id: UUID,
    *,
    words: Words,
    settings: Settings,
    users: UserService,
    gifts: GiftService,
    way_back: str | None,
) -> tuple[str, Rows]:
    """For an order of this person that is paid. `way_back` goes on with what he was doing when he had too little."""
    order = await OrderRepository(connection, project.id).get(order_id, user_id=user.id)
    assert order is not None  # noqa: S101  # it was paid in this transaction
    title = words.html("thanks.paid" if order.total else "thanks.given", number=order.number)
    if order.kind == "gift":
        text, rows = await _gift(connection, project, order, words, settings, gifts)
    elif order.is_subscription:
        text, rows = await _subscription(connection, project, user, order, words), [[button(words, "subscription")]]
    else:
        text, rows = await _units(connection, project, user, order, words, users), []
    if order.kind != "gift" and way_back is not None:
        rows = [[InlineKeyboardButton(text=words.plain("button.way_back"), callback_data=way_back)], *rows]
    elif order.kind != "gift":
        rows = [[button(words, "reading")], *rows]
    return f"{title}\n\n{text}", rows


def _name(project: Project, order: Order, words: Words) -> str:
    return project.text(order.package["name"], words.language)


async def _units(
    connection: Connection, project: Project, user: User, order: Order, words: Words, users: UserService
) -> str:
    wallet = (await users.profile(connection, Principal(user.id, project.id))).wallet
    lines = [
        words.html(
            "thanks.units",
            icon=ICONS[order.package["kind"]],
            name=_name(project, order, words),
            contents=contents(words, order.package),
        )
    ]
    if order.paid_at is not None and (until := units_expire_at(order, order.paid_at)) is not None:
        lines.append(words.html("thanks.expire", day=day(until, user, words.language)))
    left = words.plain("buy.and").join(
        words.plain(f"buy.{unit}", count=wallet[unit].available) for unit in UNITS if wallet[unit].available
    )
    if not left:
        # A debt of a former refund has taken all of it.
        return "\n".join(lines)
    return "\n".join((*lines, words.html("thanks.balance", left=left)))


async def _subscription(connection: Connection, project: Project, user: User, order: Order, words: Words) -> str:
    running = await SubscriptionRepository(connection, project.id).open_of(user.id)
    name = _name(project, order, words)
    if running is None:
        return words.html("thanks.subscription_over", name=name)
    until = day(running.until, user, words.language)
    lines = [words.html("thanks.subscription", name=name, until=until), sentence(contents(words, order.package))]
    if running.renews:
        sum_ = show(running.price, running.currency, words.language)
        lines.append(words.html("thanks.renews", day=until, sum=sum_))
    else:
        lines.append(words.html("thanks.renews_not"))
    return "\n".join(lines)


async def _gift(
    connection: Connection, project: Project, order: Order, words: Words, settings: Settings, gifts: GiftService
) -> tuple[str, list[list[InlineKeyboardButton | None]]]:
    gift_id: UUID | None = await connection.fetchval(
        "SELECT id FROM gifts WHERE project_id = $1 AND order_id = $2", project.id, order.id
    )
    code = gifts.code(gift_id) if gift_id is not None else None
    url = (gifts.url(project, code) or gifts.web_url(settings, project, code)) if code is not None else None
    text = words.html("thanks.gift", name=_name(project, order, words), contents=contents(words, order.package))
    if url is None:
        return text, []
    share = urlencode({"url": url, "text": words.plain("thanks.gift_words", name=_name(project, order, words))})
    return text + "\n\n" + words.html("thanks.gift_link", url=url), [
        [InlineKeyboardButton(text=words.plain("button.gift_share"), url=f"https://t.me/share/url?{share}")],
        [mini_app(settings, project, "profile").button(words.plain("button.purchases"))],
    ]
