"""People pay with Stars, look at what they have, and change their minds."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram import posting
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.human.common import Place, Who, desk_of, find_bot, find_person, find_place, find_post, view
from app.sandbox.telegram.queries import answer_of
from app.sandbox.telegram.stars import CURRENCY, Charge, Invoice, Subscription, successful_payment
from app.sandbox.telegram.state import Desk

router = APIRouter()


def _slug(link: str) -> str:
    """Of a link in any of its forms: `https://t.me/$slug`, `…/invoice/slug`, or the slug alone."""
    return link.rpartition("/")[2].removeprefix("$")


def _linked(desk: Desk, link: str) -> Invoice:
    if (invoice := desk.stars.invoices.get(_slug(link))) is None:
        raise HTTPException(404, "no such invoice")
    return invoice


@router.get("/invoice")
async def read_invoice(request: Request, slug: str) -> dict[str, Any]:
    """What is for sale behind a link."""
    desk = desk_of(request)
    invoice = _linked(desk, slug)
    return {
        "slug": invoice.slug,
        "bot": invoice.bot_id,
        "bot_user": find_bot(desk, invoice.bot_id).user(),
        "title": invoice.title,
        "description": invoice.description,
        "currency": CURRENCY,
        "total_amount": invoice.amount,
        "photo_url": invoice.photo_url,
        "photo_width": invoice.photo_width,
        "photo_height": invoice.photo_height,
        "subscription_period": invoice.subscription_period,
    }


class Paying(Place):
    """Either the message with the invoice or a `link` to it.

    `decline`: the person thinks better of it after the bot has agreed. `twice`: the bot hears of it twice. `silent`:
    it never hears of it, as one that was away for longer than a day.
    """

    message_id: int | None = None
    link: str | None = None
    decline: bool = False
    twice: bool = False
    silent: bool = False


@router.post("/pay")
async def pay(request: Request, paying: Paying) -> dict[str, Any]:
    """Asks the bot first (`pre_checkout_query`), then moves the Stars and tells it (`successful_payment`).

    `status`: paid, failed (with `error`), or cancelled.
    """
    desk = desk_of(request)
    if paying.link is not None:
        invoice = _linked(desk, paying.link)
        user, bot = find_person(desk, paying.user), find_bot(desk, invoice.bot_id)
        chat, message_id = desk.private_chat(bot, user), None
    else:
        user, chat = find_place(desk, paying)
        post = find_post(chat, paying.message_id or 0)
        if post.invoice is None:
            raise HTTPException(404, "no invoice in this message")
        if post.paid:
            raise HTTPException(409, "this invoice is paid")
        invoice, bot, message_id = post.invoice, find_bot(desk, post.invoice.bot_id), post.id
    if desk.stars.balance(user["id"]) < invoice.amount:
        return _failed("BALANCE_TOO_LOW")
    refusal = await _ask(desk, bot, user, invoice)
    if refusal is not None:
        return _failed(refusal)
    if paying.decline:
        return {"status": "cancelled"}
    if desk.stars.balance(user["id"]) < invoice.amount:
        return _failed("BALANCE_TOO_LOW")
    charge = desk.stars.charge(invoice, user, chat_id=chat.id)
    if message_id is not None and (paid := chat.post(message_id)) is not None:
        paid.paid = True
    desk.journal.add("invoice", chat=chat, slug=invoice.slug, status="paid")
    times = 0 if paying.silent else 1 + paying.twice
    return {"status": "paid", **_tell(desk, bot, chat, charge, reply_to=message_id, times=times)}


def _failed(error: str) -> dict[str, Any]:
    return {"status": "failed", "error": error}


async def _ask(desk: Desk, bot: Bot, user: dict[str, Any], invoice: Invoice) -> str | None:
    """Why the payment does not go on; None when the bot agrees in time."""
    query = desk.queries.ask(bot.id, seconds=desk.checkout_seconds)
    content = {
        "id": query.id,
        "from": user,
        "currency": CURRENCY,
        "total_amount": invoice.amount,
        "invoice_payload": invoice.payload,
    }
    if desk.push(bot, "pre_checkout_query", content) is None:
        return "BOT_PRECHECKOUT_FAILED"
    answer = await answer_of(query, seconds=desk.checkout_seconds)
    if answer is None:
        return "BOT_PRECHECKOUT_TIMEOUT"
    return None if answer["ok"] else str(answer["error_message"])


def _tell(
    desk: Desk, bot: Bot, chat: Chat, charge: Charge, *, reply_to: int | None = None, times: int = 1
) -> dict[str, Any]:
    content = {"successful_payment": successful_payment(charge, desk.stars.subscription(bot.id, charge.id))}
    made = posting.post(desk, chat, charge.user, content, service=True, reply_to=reply_to)
    updates = [posting.announce(desk, chat, made, always=bot) for _ in range(times)]
    return {"charge_id": charge.id, "update_id": updates[0] if updates else None, "message": view(made, chat)}


@router.get("/stars")
async def read_stars(request: Request, person: int) -> dict[str, Any]:
    """What a person has and has paid."""
    stars = desk_of(request).stars
    payments = [
        {
            "charge_id": charge.id,
            "bot": bot_id,
            "title": charge.invoice.title,
            "amount": charge.invoice.amount,
            "date": charge.date,
            "refunded": charge.refunded,
            "subscription": _subscription(stars.subscription(bot_id, charge.id)),
        }
        for bot_id, charge in stars.paid_by(person)
    ]
    return {"balance": stars.balance(person), "payments": payments}


def _subscription(subscription: Subscription | None) -> dict[str, Any] | None:
    if subscription is None:
        return None
    return {
        "charge_id": subscription.charge_id,
        "paid_until": subscription.paid_until,
        "canceled": subscription.canceled,
        "canceled_by_bot": subscription.canceled_by_bot,
        "failed": subscription.failed,
    }


class Balance(BaseModel):
    user: Who
    balance: int = Field(ge=0, le=10**9)


@router.post("/stars")
async def set_balance(request: Request, balance: Balance) -> dict[str, int]:
    desk = desk_of(request)
    desk.stars.set_balance(find_person(desk, balance.user)["id"], balance.balance)
    return {"balance": balance.balance}


class SubscriptionChange(Place):
    """`charge_id` of any payment for it. `renew`: a month has passed and was paid for; `fail`: it was not.

    `ask`: the bot is asked before a renewal too, and may refuse it; then nothing is paid.
    """

    bot: int
    charge_id: str
    action: Literal["cancel", "resume", "renew", "fail"]
    ask: bool = False


@router.post("/subscriptions")
async def change_subscription(request: Request, change: SubscriptionChange) -> dict[str, Any]:
    """What becomes of a subscription; the bot is told by `subscription`, or by the next `successful_payment`."""
    desk = desk_of(request)
    user, bot = find_person(desk, change.user), find_bot(desk, change.bot)
    subscription = desk.stars.subscription(bot.id, change.charge_id)
    if subscription is None or subscription.user["id"] != user["id"]:
        raise HTTPException(404, "no such subscription")
    chat = desk.private_chat(bot, user)
    if change.action == "renew":
        if subscription.canceled or subscription.canceled_by_bot or subscription.failed:
            raise HTTPException(409, "this subscription is over")
        if change.ask and (refusal := await _ask(desk, bot, user, subscription.invoice)) is not None:
            return {"subscription": _subscription(subscription), **_failed(refusal)}
        charge = desk.stars.charge(subscription.invoice, user, chat_id=chat.id, first=subscription.charge_id)
        return {"subscription": _subscription(subscription), **_tell(desk, bot, chat, charge)}
    if change.action == "resume" and (subscription.canceled_by_bot or not subscription.canceled):
        raise HTTPException(409, "there is nothing that the person could resume")
    subscription.canceled = change.action == "cancel"
    subscription.failed = change.action == "fail"
    state = {"cancel": "canceled", "resume": "active", "fail": "failed"}[change.action]
    content = {"user": user, "invoice_payload": subscription.invoice.payload, "state": state}
    return {"subscription": _subscription(subscription), "update_id": desk.push(bot, "subscription", content)}
