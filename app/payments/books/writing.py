"""How an order, its person and its refunds are written down in WooCommerce.

An order stands there in the currency in which it was paid: Stars are the plugin's currency `XTR`, so that the sum is
the one that was taken, to the Star, and so are its refunds. WooCommerce's analytics, which add up orders of all
currencies, count an order in Stars as nothing.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

from app.kit.money import to_decimal
from app.payments.books.records import OrderRecord, RefundRecord

METHOD = "arcana"
TITLES = {"stars": "Telegram Stars", "stripe": "Stripe", "yookassa": "ЮKassa", "sandbox": "Sandbox"}
# Names of meta fields; the plugin reads them (`Orders/ArcanaOrder.php`, `Admin/OrderBox.php`).
ORDER_ID = "_arcana_order"
REFUND_ID = "_arcana_refund"
# `.invalid` is reserved (RFC 2606): nothing sent there can arrive anywhere.
MAIL_DOMAIN = "telegram.invalid"
NAME_LENGTH = 100


def customer_email(record: OrderRecord) -> str:
    """Names the customer in the store; says nothing of the person, who is gone from it once he leaves us."""
    return f"{record.user_id}@{MAIL_DOMAIN}"


def customer_body(record: OrderRecord, password: str) -> dict[str, Any]:
    return {
        "email": customer_email(record),
        "username": f"telegram-{record.user_id}",
        "password": password,
        "first_name": record.first_name[:NAME_LENGTH],
        "last_name": (record.last_name or "")[:NAME_LENGTH],
        "meta_data": _meta(
            {
                "_arcana_user": str(record.user_id),
                "_arcana_telegram_id": str(record.telegram_id or ""),
                "_arcana_project": record.project_key,
            }
        ),
    }


def forgotten_customer() -> dict[str, Any]:
    """What is left of a customer whom the store's key may not delete."""
    return {"first_name": "", "last_name": "", "meta_data": _meta({"_arcana_telegram_id": ""})}


def order_body(record: OrderRecord, *, product_id: int, customer_id: int, name: str) -> dict[str, Any]:
    """A paid order for `POST wc/v3/orders`; the plugin adds the coupon and sets the dates."""
    assert record.paid_at is not None  # noqa: S101  # only what is paid has a line in the outbox
    return {
        "status": "completed",
        "created_via": "arcana",
        "currency": record.currency,
        "customer_id": customer_id,
        "payment_method": METHOD,
        "payment_method_title": TITLES.get(record.provider or "", "Arcana"),
        "transaction_id": record.charge or "",
        "billing": _billing(record),
        "line_items": [
            {
                "product_id": product_id,
                "quantity": 1,
                "name": name,
                "subtotal": to_decimal(record.price, record.currency),
                "total": to_decimal(record.total, record.currency),
            }
        ],
        "meta_data": _filled(
            {
                ORDER_ID: str(record.id),
                "_arcana_number": str(record.number),
                "_arcana_project": record.project_key,
                "_arcana_package": record.package_key,
                "_arcana_kind": record.kind,
                "_arcana_place": record.place,
                "_arcana_provider": record.provider or "",
                "_arcana_stars": str(record.total) if record.currency == "XTR" else "",
                "_arcana_paid_at": record.paid_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "_arcana_coupon": record.coupon or "",
                "_arcana_discount": to_decimal(record.discount, record.currency) if record.coupon else "",
                **_person(record),
            }
        ),
    }


def person_body(record: OrderRecord) -> dict[str, Any]:
    """Who bought, for `PUT wc/v3/orders/<id>`; of one who left nothing stays."""
    body = {"billing": _billing(record), "meta_data": _meta(_person(record))}
    return body if record.telegram_id else {**body, "customer_id": 0}


def refund_body(refund: RefundRecord, *, line_id: int | None, is_whole: bool) -> dict[str, Any]:
    """For `POST wc/v3/orders/<id>/refunds`; the money went back already, so no gateway is asked."""
    amount = to_decimal(refund.amount, refund.currency)
    body: dict[str, Any] = {
        "amount": amount,
        "reason": refund.reason or "",
        "api_refund": False,
        "api_restock": False,
        "meta_data": _meta({REFUND_ID: str(refund.id), "_arcana_started_by": refund.started_by}),
    }
    if line_id is not None:
        body["line_items"] = [{"id": line_id, "quantity": 1 if is_whole else 0, "refund_total": amount}]
    return body


def same_sum(text: object, amount: int, currency: str) -> bool:
    """Whether a sum of WooCommerce's, with as many decimals as the shop shows, is this amount."""
    try:
        return Decimal(str(text)) == Decimal(to_decimal(amount, currency))
    except InvalidOperation:
        return False


def _billing(record: OrderRecord) -> dict[str, str]:
    return {
        "first_name": record.first_name[:NAME_LENGTH] if record.telegram_id else "",
        "last_name": (record.last_name or "")[:NAME_LENGTH] if record.telegram_id else "",
    }


def _person(record: OrderRecord) -> dict[str, str]:
    topic = card = ""
    if record.telegram_id and record.chat_id:
        # https://core.telegram.org/api/links#message-links
        group = f"https://t.me/c/{str(record.chat_id).removeprefix('-100')}"
        if record.thread_id:
            topic = f"{group}/{record.thread_id}"
        if record.card_message_id:
            thread = f"/{record.card_thread_id}" if record.card_thread_id else ""
            card = f"{group}{thread}/{record.card_message_id}"
    return {
        "_arcana_telegram_id": str(record.telegram_id or ""),
        "_arcana_username": (record.username or "") if record.telegram_id else "",
        "_arcana_topic": topic,
        "_arcana_card": card,
    }


def _filled(values: dict[str, str]) -> list[dict[str, str]]:
    return _meta({key: value for key, value in values.items() if value})


def _meta(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
