"""Orders as the API shows them; see `schemas`."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.catalogue.library import text
from app.kit.clock import utc_now
from app.payments.orders.payments import Payment
from app.payments.orders.pricing import Line
from app.payments.orders.repository import Order
from app.payments.refunds.repository import Refund
from app.wallet.balance import UNITS

SHOWN = ("kind", "readings", "follow_ups", "period", "trial_days", "expires_days")
FIELDS = ("id", "number", "kind", "currency", "regular", "price", "discount", "total", "refunded_amount", "coupon",
          "renews", "contact", "created_at", "expires_at", "paid_at")  # fmt: skip
REFUND_FIELDS = ("id", "amount", "currency", "state", "created_at", "done_at")


def payment_view(payment: Payment) -> dict[str, Any]:
    """The link is shown as long as it leads anywhere."""
    is_open = payment.state == "started"
    return {
        "id": payment.id,
        "provider": payment.provider,
        "state": payment.state,
        "url": payment.url if is_open else None,
        "opens": payment.opens if is_open else None,
        "failure": payment.failure if payment.state == "failed" else None,
    }


def order_view(order: Order, language: str, payments: Sequence[Payment], refunds: Sequence[Refund]) -> dict[str, Any]:
    """`payments` and `refunds` are the order's own, the oldest first. One whose time is over is shown so at once."""
    over = order.state == "pending" and order.expires_at <= utc_now()
    # The one that paid for it, else the last attempt.
    paid = [payment for payment in payments if payment.state in ("paid", "refunded")]
    attempts = paid or [payment for payment in payments if payment.state != "surplus"]
    last = attempts[-1] if attempts else None
    surplus = {payment.id for payment in payments if payment.state == "surplus"}
    return {
        **{name: getattr(order, name) for name in FIELDS},
        "state": "expired" if over else order.state,
        "package": {
            "key": order.package_key,
            "name": text(order.package["name"], language),
            "description": text(order.package["description"], language),
            **{name: order.package[name] for name in SHOWN},
        },
        "payment": payment_view(last) if last is not None else None,
        "refunds": [_refund_view(row) for row in refunds if row.payment_id not in surplus],
    }


def _refund_view(refund: Refund) -> dict[str, Any]:
    units = {name: {unit: (refund.taken.get(name) or {}).get(unit, 0) for unit in UNITS} for name in ("taken", "owed")}
    return {name: getattr(refund, name) for name in REFUND_FIELDS} | units


def line_view(line: Line) -> dict[str, Any]:
    return {name: getattr(line, name) for name in Line.__slots__}


def by_order(rows: Sequence[Any]) -> Mapping[Any, list[Any]]:
    """Payments or refunds, under their orders' ids."""
    found: dict[Any, list[Any]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(row)
    return found
