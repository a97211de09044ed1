"""What YooKassa's objects mean to us, and the receipts of 54-FZ. Plain data in, facts out.

Sources: https://yookassa.ru/developers/api, https://yookassa.ru/developers/payment-acceptance/receipts/54fz and
https://yookassa.ru/developers/payment-acceptance/after-the-payment/declined-payments.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.catalogue.library import YooKassaKeys
from app.kit import money
from app.payments.port import Fact, Failed, Paid, Refunded

Data = Mapping[str, Any]

# Everything else is a bank that said no.
REASONS = {
    "expired_on_confirmation": "expired",
    "expired_on_capture": "expired",
    "canceled_by_merchant": "canceled",
    # The person took back the consent to further charges.
    "permission_revoked": "canceled",
}
DESCRIPTION_LENGTH = 128


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def our_id(metadata: Data | None, field: str) -> UUID | None:
    """An id of ours that YooKassa carries; nothing for what only looks like one."""
    try:
        return UUID(str((metadata or {}).get(field)))
    except ValueError:
        return None


def money_of(amount: Data) -> tuple[int, str]:
    return money.from_decimal(amount["value"], amount["currency"]), amount["currency"]


def amount_of(amount: int, currency: str) -> dict[str, str]:
    return {"value": money.to_decimal(amount, currency), "currency": currency}


def of_payment(payment: Data) -> Sequence[Fact]:
    """Nothing while it is open; `reference` and `charge` are the payment's own id."""
    payment_id = our_id(payment.get("metadata"), "payment")
    if payment["status"] == "canceled":
        reason = (payment.get("cancellation_details") or {}).get("reason", "")
        return [Failed(REASONS.get(reason, "declined"), payment_id=payment_id, reference=payment["id"])]
    if payment["status"] != "succeeded":
        return []
    amount, currency = money_of(payment["amount"])
    return [
        Paid(
            charge=payment["id"],
            amount=amount,
            currency=currency,
            payment_id=payment_id,
            reference=payment["id"],
            method=_method(payment),
            at=moment(payment.get("captured_at") or payment["created_at"]),
        )
    ]


def _method(payment: Data) -> str | None:
    """The saved method, and where receipts go: a renewal needs both, and nobody is there to be asked."""
    method = payment.get("payment_method") or {}
    if not method.get("saved"):
        return None
    contact = (payment.get("metadata") or {}).get("contact")
    return f"{method['id']} {contact}" if contact else str(method["id"])


def of_refund(refund: Data) -> Sequence[Fact]:
    if refund["status"] != "succeeded":
        return []
    amount, currency = money_of(refund["amount"])
    refund_id = our_id(refund.get("metadata"), "refund")
    return [Refunded(refund["payment_id"], refund["id"], amount, currency, refund_id)]


def receipt(keys: YooKassaKeys, *, contact: str, title: str, amount: int, currency: str) -> dict[str, Any]:
    """One service; the codes of tax, and whether it is paid for before it is given, are the project's own."""
    customer = {"email": contact} if "@" in contact else {"phone": contact.lstrip("+")}
    item = {
        "description": title[:DESCRIPTION_LENGTH],
        "quantity": 1,
        "measure": "piece",
        "amount": amount_of(amount, currency),
        "vat_code": keys.vat_code,
        "payment_subject": "service",
        "payment_mode": keys.payment_mode,
    }
    made: dict[str, Any] = {"customer": customer, "items": [item]}
    return made | {"tax_system_code": keys.tax_system} if keys.tax_system is not None else made
