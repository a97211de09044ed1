"""Invoices for Stars, answers to checkouts, refunds and the bot's account."""

import mimetypes
import secrets
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from app.kit.hosts import is_public
from app.sandbox.telegram import posting
from app.sandbox.telegram.errors import ApiError, bad_request, ours
from app.sandbox.telegram.links import web_host
from app.sandbox.telegram.methods.callbacks import TOO_OLD
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.methods.sending import send
from app.sandbox.telegram.stars import CURRENCY, SUBSCRIPTION_SECONDS, Charge, Invoice, refunded_payment

TITLE_CHARACTERS = 32
DESCRIPTION_CHARACTERS = 255
PAYLOAD_BYTES = 128
PHOTO_SIDE = 10_000
SUBSCRIPTION_STARS = 10_000
MOST_TRANSACTIONS = 100


def _required(request: ApiRequest, name: str) -> str:
    value = request.text(name)
    if not value:
        raise bad_request(f'parameter "{name}" is required')
    return value


def _amount(request: ApiRequest) -> int:
    if not request.text("prices"):
        raise bad_request('parameter "prices" is required')
    prices = request.json("prices", what="prices")
    if not isinstance(prices, list):
        raise bad_request("Expected an Array of labeled prices")
    for price in prices:
        if not isinstance(price, dict) or not isinstance(price.get("label"), str):
            raise bad_request("Can't parse labeled price: Expected an Object")
        if not isinstance(price.get("amount"), int):
            raise bad_request("Can't parse labeled price: Can't find field \"amount\"")
    if len(prices) != 1:
        raise ours("an invoice in Stars has exactly one price")
    amount = int(prices[0]["amount"])
    if amount < 1:
        raise ApiError(400, "Bad Request: CURRENCY_TOTAL_AMOUNT_INVALID")
    return amount


def _invoice(request: ApiRequest, *, slug: str = "") -> Invoice:
    """Raises the documented 400."""
    title, description = _required(request, "title"), _required(request, "description")
    payload, currency = _required(request, "payload"), _required(request, "currency")
    if currency != CURRENCY or request.text("provider_token"):
        # Stars have no provider, and the sandbox knows no other money.
        raise ApiError(400, "Bad Request: PAYMENT_PROVIDER_INVALID")
    if len(title) > TITLE_CHARACTERS:
        raise ours(f"the title of an invoice has at most {TITLE_CHARACTERS} characters")
    if len(description) > DESCRIPTION_CHARACTERS:
        raise ours(f"the description of an invoice has at most {DESCRIPTION_CHARACTERS} characters")
    if len(payload.encode()) > PAYLOAD_BYTES:
        raise ApiError(400, "Bad Request: INVOICE_PAYLOAD_INVALID")
    amount, period = _amount(request), request.integer("subscription_period", 0)
    if period and (period != SUBSCRIPTION_SECONDS or amount > SUBSCRIPTION_STARS):
        wrong = "SUBSCRIPTION_PERIOD_INVALID" if period != SUBSCRIPTION_SECONDS else "STARS_INVOICE_INVALID"
        raise ApiError(400, f"Bad Request: {wrong}")
    width, height = (request.integer(f"photo_{side}", 0, least=0, most=PHOTO_SIDE) for side in ("width", "height"))
    photo = _photo(request.text("photo_url"))
    offer = Invoice(request.bot.id, title, description, payload, amount, slug, photo, width, height)
    return replace(offer, subscription_period=period or None)


def _photo(url: str) -> str | None:
    """The address as the server reads it: what is none is left out (tdlib/td, InputInvoice.cpp), the kind is told by
    the name, and Telegram's own servers have to reach it. They fetch it; the sandbox does not. Raises their 400.
    """
    if not url or (host := web_host(url)) is None:
        return None
    if not (mimetypes.guess_type(urlsplit(url).path)[0] or "image/jpeg").startswith("image/"):
        raise ApiError(400, "Bad Request: WEBDOCUMENT_MIME_INVALID")
    if not is_public(host):
        raise ApiError(400, "Bad Request: WEBPAGE_CURL_FAILED")
    return url


async def send_invoice(request: ApiRequest) -> dict[str, Any]:
    invoice = _invoice(request)
    chat = request.chat()
    rows = request.markup(chat).rows
    if rows and not rows[0][0].get("pay"):
        raise ours("the first button under an invoice is the one that pays")
    content = {
        "invoice": {
            "title": invoice.title,
            "description": invoice.description,
            "start_parameter": request.text("start_parameter"),
            "currency": CURRENCY,
            "total_amount": invoice.amount,
        }
    }
    sent = send(request, chat, content)
    if (post := chat.post(int(sent["message_id"]))) is not None:
        post.invoice = invoice
    return sent


async def create_invoice_link(request: ApiRequest) -> str:
    slug = secrets.token_urlsafe(12)
    request.desk.stars.invoices[slug] = _invoice(request, slug=slug)
    return f"https://t.me/${slug}"


async def answer_pre_checkout_query(request: ApiRequest) -> bool:
    accepted = request.flag("ok")
    message = "" if accepted else _required(request, "error_message")
    query = request.desk.queries.take(request.bot.id, request.text("pre_checkout_query_id"))
    if query is None:
        raise bad_request(TOO_OLD)
    query.answer.set_result({"ok": accepted, "error_message": message})
    return True


def _charge(request: ApiRequest) -> Charge:
    user_id, charge_id = request.integer("user_id", 0), _required(request, "telegram_payment_charge_id")
    charge = request.desk.stars.ledger(request.bot.id).charges.get(charge_id)
    if charge is None or charge.user["id"] != user_id:
        raise ApiError(400, "Bad Request: CHARGE_NOT_FOUND")
    return charge


async def refund_star_payment(request: ApiRequest) -> bool:
    charge = _charge(request)
    if charge.refunded:
        raise ApiError(400, "Bad Request: CHARGE_ALREADY_REFUNDED")
    request.desk.stars.refund(charge)
    chat = request.desk.find_chat(request.bot, charge.chat_id)
    if chat is not None:
        posting.service(request.desk, chat, request.bot.user(), {"refunded_payment": refunded_payment(charge)})
    return True


async def get_star_transactions(request: ApiRequest) -> dict[str, Any]:
    offset = request.integer("offset", 0, least=0)
    limit = request.integer("limit", MOST_TRANSACTIONS, least=1, most=MOST_TRANSACTIONS)
    return {"transactions": request.desk.stars.ledger(request.bot.id).transactions[offset : offset + limit]}


async def get_my_star_balance(request: ApiRequest) -> dict[str, int]:
    return {"amount": request.desk.stars.ledger(request.bot.id).balance}


async def edit_user_star_subscription(request: ApiRequest) -> bool:
    """By the first charge alone. What the bot takes back is its veto: the person has to go on himself
    (https://core.telegram.org/method/payments.botCancelStarsSubscription).
    """
    charge = _charge(request)
    subscription = request.desk.stars.ledger(request.bot.id).subscriptions.get(charge.id)
    if subscription is None:
        raise ApiError(400, "Bad Request: CHARGE_NOT_FOUND")
    subscription.canceled_by_bot = request.flag("is_canceled")
    subscription.canceled = subscription.canceled or subscription.canceled_by_bot
    return True


METHODS: dict[str, Method] = {
    "sendInvoice": send_invoice,
    "createInvoiceLink": create_invoice_link,
    "answerPreCheckoutQuery": answer_pre_checkout_query,
    "refundStarPayment": refund_star_payment,
    "getStarTransactions": get_star_transactions,
    "getMyStarBalance": get_my_star_balance,
    "editUserStarSubscription": edit_user_star_subscription,
}
