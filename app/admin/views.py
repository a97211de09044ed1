"""Rows of money as the admin API shows them; see `schemas`."""

from dataclasses import asdict
from typing import Any

from app.catalogue.library import text
from app.payments.orders.listing import Listed
from app.payments.orders.payments import Payment
from app.payments.orders.payments_listing import ListedPayment
from app.payments.refunds.repository import Refund
from app.payments.revenue import Revenue
from app.users.repository import User

ORDER = ("id", "number", "kind", "state", "currency", "regular", "price", "discount", "total", "refunded_amount",
         "coupon", "place", "created_at", "expires_at", "paid_at")  # fmt: skip
PAYMENT = ("id", "provider", "state", "amount", "currency", "refunded_amount", "reference", "charge", "failure",
           "created_at", "paid_at")  # fmt: skip
REFUND = ("id", "order_id", "payment_id", "amount", "currency", "state", "reason", "started_by", "actor", "reference",
          "failure", "created_at", "done_at")  # fmt: skip


def order_view(found: Listed, language: str) -> dict[str, Any]:
    order = found.order
    book = None
    if found.book_state is not None:
        book = {
            "state": found.book_state,
            "problem": found.book_problem,
            "number": found.book_number,
            "url": found.book_url,
        }
    return {
        **{name: getattr(order, name) for name in ORDER},
        "buyer": {
            "id": order.user_id,
            "telegram_id": found.telegram_id,
            "name": found.client_name or None,
            "username": found.username if found.telegram_id is not None else None,
        },
        "package": order.package_key,
        "package_name": text(order.package["name"], language),
        "provider": found.provider,
        "charge": found.charge,
        "book": book,
    }


def payment_view(payment: Payment) -> dict[str, Any]:
    return {name: getattr(payment, name) for name in PAYMENT}


def listed_payment_view(found: ListedPayment) -> dict[str, Any]:
    return {
        **payment_view(found.payment),
        "order_id": found.payment.order_id,
        "order_number": found.order_number,
        "user_id": found.user_id,
    }


def refund_view(refund: Refund) -> dict[str, Any]:
    return {name: getattr(refund, name) for name in REFUND}


def buyer_view(user: User) -> dict[str, Any]:
    name = " ".join(part for part in (user.first_name, user.last_name) if part) if user.telegram_id else None
    return {
        "id": user.id,
        "telegram_id": user.telegram_id,
        "name": name or None,
        "username": user.username if user.telegram_id else None,
    }


def revenue_view(row: Revenue) -> dict[str, Any]:
    return {**asdict(row), "net": row.net, "average": row.average}
