"""Payments and refunds (https://yookassa.ru/developers/api): made by shops, paid by people, given back."""

from typing import Any

from app.sandbox.yookassa import cards, checks
from app.sandbox.yookassa.cards import Card
from app.sandbox.yookassa.errors import YooKassaRefusal, invalid
from app.sandbox.yookassa.state import Desk, Shop, Thing

CREATE = (
    "amount", "capture", "client_ip", "confirmation", "description", "merchant_customer_id", "metadata",
    "payment_method_id", "receipt", "save_payment_method",
)  # fmt: skip
REFUND = ("payment_id", "amount", "description", "receipt", "metadata")
FEE_PERCENT = 3


def create(desk: Desk, shop: Shop, body: dict[str, Any]) -> Thing:
    checks.only(body, CREATE)
    amount = checks.amount(body)
    receipt = checks.receipt(shop, body, amount)
    saved = body.get("payment_method_id")
    if not checks.flag(body, "capture"):
        raise invalid("capture", "The sandbox takes payments in one step only")
    if checks.flag(body, "save_payment_method") and not shop.saving:
        raise YooKassaRefusal("This store can't make recurring payments. Contact the YooMoney manager", status=403)
    payment: Thing = {
        "id": desk.name(),
        "status": "pending",
        "amount": amount,
        "recipient": {"account_id": shop.id, "gateway_id": "100000"},
        "created_at": desk.stamp(),
        "test": shop.secret_key.startswith("test_"),
        "paid": False,
        "refundable": False,
        "metadata": checks.metadata(body),
    }
    if "description" in body:
        payment["description"] = checks.text(body, "description", longest=128)
    if receipt is not None:
        payment["receipt_registration"] = "pending"
        shop.receipts_sent.append({"payment": payment["id"], **receipt})
    if saved is not None:
        if saved not in shop.methods:
            raise invalid("payment_method_id", "Payment method doesn't exist")
        shop.payments[payment["id"]] = payment
        _charge_saved(desk, shop, payment, saved)
        return payment
    asked = checks.confirmation(body)
    payment["confirmation"] = {
        "type": "redirect",
        "return_url": asked["return_url"],
        "confirmation_url": f"{desk.origin}/checkout/payments/v2/contract?orderId={payment['id']}",
    }
    shop.payments[payment["id"]] = payment
    payment["wants_saving"] = checks.flag(body, "save_payment_method")
    payment["locale"] = asked.get("locale", "ru_RU")
    expire_later(desk, shop, payment, made=desk.now())
    return payment


def expire_later(desk: Desk, shop: Shop, payment: Thing, *, made: float) -> None:
    """`made`: Unix time. Nobody waits for ever."""
    desk.at(made + desk.confirmation_seconds, lambda: cancel(desk, shop, payment, "expired_on_confirmation"))


def shown(payment: Thing) -> Thing:
    """As the API answers it: without what only YooKassa knows."""
    return {name: value for name, value in payment.items() if name not in ("wants_saving", "locale")}


def pay(desk: Desk, shop: Shop, payment: Thing, number: str, *, authenticated: bool | None = None) -> str:
    """A card on the page. `paid`, `canceled`, `authenticate`, or `closed` when it is too late."""
    if payment["status"] != "pending":
        return "closed"
    card = cards.find(number)
    if card.secure and authenticated is None:
        return "authenticate"
    reason = "3d_secure_failed" if card.secure and not authenticated else card.reason
    saved = bool(payment.get("wants_saving")) and not reason
    _show_method(desk, shop, payment, card, name=payment["id"], saved=saved)
    if reason:
        cancel(desk, shop, payment, reason, party="payment_network")
        return "canceled"
    _succeed(desk, shop, payment)
    return "paid"


def _charge_saved(desk: Desk, shop: Shop, payment: Thing, saved: str) -> None:
    card = shop.methods[saved]
    reason = card.later or card.reason
    _show_method(desk, shop, payment, card, name=saved, saved=True)
    if reason:
        party = "yoo_money" if reason == "permission_revoked" else "payment_network"
        cancel(desk, shop, payment, reason, party=party)
    else:
        _succeed(desk, shop, payment)


def _show_method(desk: Desk, shop: Shop, payment: Thing, card: Card, *, name: str, saved: bool) -> None:
    payment["payment_method"] = {
        "type": "bank_card",
        "id": name,
        "saved": saved,
        "status": "active" if saved else "inactive",
        "title": f"Bank card *{card.number[-4:]}",
        "card": {
            "first6": card.number[:6],
            "last4": card.number[-4:],
            "expiry_year": "2034",
            "expiry_month": "12",
            "card_type": card.kind,
            "issuer_country": "RU",
        },
    }
    if saved:
        shop.methods.setdefault(name, card)


def _succeed(desk: Desk, shop: Shop, payment: Thing) -> None:
    cents = checks.cents(payment["amount"])
    currency = payment["amount"]["currency"]
    payment |= {
        "status": "succeeded",
        "paid": True,
        "refundable": True,
        "captured_at": desk.stamp(),
        "income_amount": {"value": checks.value(cents - cents * FEE_PERCENT // 100), "currency": currency},
        "refunded_amount": {"value": "0.00", "currency": currency},
        "authorization_details": {
            "rrn": "603668680243",
            "auth_code": "062467",
            "three_d_secure": {"applied": payment["payment_method"]["card"]["last4"] == cards.SECURE[-4:]},
        },
    }
    payment.pop("confirmation", None)
    if "receipt_registration" in payment:
        payment["receipt_registration"] = "succeeded"
    desk.emit(shop, "payment.succeeded", shown(payment))


def cancel(desk: Desk, shop: Shop, payment: Thing, reason: str, *, party: str = "yoo_money") -> None:
    """Ends a payment that nobody has paid; any other one stays what it is."""
    if payment["status"] == "pending":
        payment |= {"status": "canceled", "cancellation_details": {"party": party, "reason": reason}}
        payment.pop("confirmation", None)
        if "receipt_registration" in payment:
            payment["receipt_registration"] = "canceled"
        desk.emit(shop, "payment.canceled", shown(payment))


def refund(desk: Desk, shop: Shop, body: dict[str, Any], *, by_hand: bool = False) -> Thing:
    checks.only(body, REFUND)
    payment = shop.payments.get(checks.text(body, "payment_id", longest=64))
    if payment is None:
        raise invalid("payment_id", "Payment doesn't exist")
    if payment["status"] != "succeeded":
        raise invalid("payment_id", "Payment must be in the succeeded status")
    amount = checks.amount(body)
    left = checks.cents(payment["amount"]) - _given_back(shop, payment)
    if amount["currency"] != payment["amount"]["currency"]:
        raise invalid("amount.currency", "Currency differs from the payment's")
    if checks.cents(amount) > left:
        raise invalid("amount.value", "The refund amount exceeds what is left of the payment")
    if "receipt" in body:
        receipt = checks.receipt(shop, body, amount) or {}
        shop.receipts_sent.append({"refund_of": payment["id"], **receipt})
    elif shop.receipts and not by_hand and amount != payment["amount"]:
        # A full refund takes its receipt from the payment's.
        raise invalid("receipt", "Receipt is missing or illegal")
    made: Thing = {
        "id": desk.name(),
        "payment_id": payment["id"],
        "status": "pending",
        "created_at": desk.stamp(),
        "amount": amount,
        "metadata": checks.metadata(body),
    }
    if "description" in body:
        made["description"] = checks.text(body, "description", longest=250)
    shop.refunds[made["id"]] = made
    if not desk.refunds_wait:
        end_refund(desk, shop, made, reason="")
    return made


def end_refund(desk: Desk, shop: Shop, made: Thing, *, reason: str) -> None:
    """What a refund came to; `reason` is why it did not."""
    if made["status"] != "pending":
        return
    if reason:
        made |= {"status": "canceled", "cancellation_details": {"party": "refund_network", "reason": reason}}
        return
    made["status"] = "succeeded"
    payment = shop.payments[made["payment_id"]]
    payment["refunded_amount"]["value"] = checks.value(
        checks.cents(payment["refunded_amount"]) + checks.cents(made["amount"])
    )
    payment["refundable"] = payment["refunded_amount"]["value"] != payment["amount"]["value"]
    desk.emit(shop, "refund.succeeded", made)


def _given_back(shop: Shop, payment: Thing) -> int:
    rows = [row for row in shop.refunds.values() if row["payment_id"] == payment["id"]]
    return sum(checks.cents(row["amount"]) for row in rows if row["status"] != "canceled")
