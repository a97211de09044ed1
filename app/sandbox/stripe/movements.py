"""Money that moves: intents, charges, refunds, disputes, and a line in the books for each."""

from typing import Any

from app.sandbox.stripe import objects
from app.sandbox.stripe.cards import Card
from app.sandbox.stripe.errors import StripeRefusal, invalid
from app.sandbox.stripe.objects import Thing
from app.sandbox.stripe.state import Account, Desk

FEE_PERCENT = 3
DISPUTE_FEE = 1500


def charge(desk: Desk, account: Account, intent: Thing, card: Card, *, later: bool = False) -> str | None:
    """Tries a card for an intent. The words of the refusal, or `None` when the money has come."""
    declined = card.later == "declined" if later else card.outcome == "declined"
    common: dict[str, Any] = {
        "amount": intent["amount"],
        "currency": intent["currency"],
        "payment_intent": intent["id"],
        "metadata": dict(intent["metadata"]),
        "customer": intent["customer"],
        "now": desk.now(),
        "live": account.live,
        "last4": card.last4,
    }
    if declined:
        code, message = card.code or "card_declined", card.message or "Your card was declined."
        decline = card.decline_code or "generic_decline"
        outcome = {"network_status": "declined_by_network", "reason": decline, "type": "issuer_declined"}
        failed = objects.charge(
            desk.name("ch"),
            **common,
            balance_transaction=None,
            status="failed",
            paid=False,
            failure_code=code,
            failure_message=message,
            outcome={**outcome, "risk_level": "normal", "seller_message": message},
        )
        failed["amount_captured"], failed["captured"] = 0, False
        account.add(failed)
        error = {"charge": failed["id"], "code": code, "decline_code": decline, "message": message}
        intent |= {
            "status": "requires_payment_method",
            "latest_charge": failed["id"],
            "last_payment_error": {**error, "type": "card_error"},
        }
        desk.emit(account, "charge.failed", failed)
        desk.emit(account, "payment_intent.payment_failed", intent)
        return message
    name = desk.name("ch")
    line = book(desk, account, name, "charge", intent["amount"], intent["currency"], fee=True)
    approved = {"network_status": "approved_by_network", "reason": None, "type": "authorized"}
    done = objects.charge(
        name,
        **common,
        balance_transaction=line["id"],
        outcome={**approved, "risk_level": "normal", "seller_message": "Payment complete."},
    )
    account.add(done)
    account.cards[name] = card
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": name,
        "last_payment_error": None,
        "payment_method": desk.name("pm"),
    }
    desk.emit(account, "charge.succeeded", done)
    desk.emit(account, "payment_intent.succeeded", intent)
    return None


def book(
    desk: Desk, account: Account, source: str, kind: str, amount: int, currency: str, *, fee: bool = False
) -> Thing:
    """A balance transaction."""
    costs = abs(amount) * FEE_PERCENT // 100 if fee else 0
    details = {"amount": costs, "application": None, "currency": currency, "type": "stripe_fee"}
    return account.add(
        objects.balance_transaction(
            desk.name("txn"),
            now=desk.now(),
            amount=amount,
            currency=currency,
            source=source,
            type=kind,
            fee=costs,
            net=amount - costs,
            fee_details=[{**details, "description": "Stripe processing fees"}] if costs else [],
        )
    )


def charge_of(account: Account, *, intent: str | None, charge: str | None) -> Thing:
    """The charge that money came by."""
    if charge is not None:
        return account.get("charge", charge, param="charge")
    if intent is None:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise StripeRefusal(message, code="parameter_missing")
    found = account.get("payment_intent", intent, param="payment_intent")
    if found["status"] != "succeeded":
        raise invalid("payment_intent", "This PaymentIntent does not have a successful charge to refund.")
    return account.get("charge", found["latest_charge"])


def refund(
    desk: Desk, account: Account, paid: Thing, *, amount: int | None, metadata: dict[str, str], reason: str | None
) -> Thing:
    """Gives back some of a charge, or all that is left."""
    left = paid["amount"] - paid["amount_refunded"]
    if left <= 0:
        message = f"Charge {paid['id']} has already been refunded."
        raise StripeRefusal(message, code="charge_already_refunded")
    if paid["disputed"] and any(
        row["charge"] == paid["id"] and row["status"] != "won" for row in account.all("dispute")
    ):
        message = f"Charge {paid['id']} has been charged back; cannot issue a refund."
        raise StripeRefusal(message, code="charge_disputed")
    wanted = left if amount is None else amount
    if wanted <= 0:
        raise invalid("amount", "Invalid positive integer", code="parameter_invalid_integer")
    if wanted > left:
        raise invalid("amount", f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})")
    card = account.cards[paid["id"]]
    pending = card.refunds == "pending"
    name = desk.name("re")
    line = book(desk, account, name, "refund", -wanted, paid["currency"])
    made = account.add(
        objects.refund(
            name,
            now=desk.now(),
            amount=wanted,
            balance_transaction=line["id"],
            charge=paid["id"],
            currency=paid["currency"],
            metadata=metadata,
            payment_intent=paid["payment_intent"],
            reason=reason,
            status="pending" if pending else "succeeded",
        )
    )
    paid["amount_refunded"] += wanted
    paid["refunded"] = paid["amount_refunded"] == paid["amount"]
    desk.emit(account, "refund.created", made)
    desk.emit(account, "charge.refunded", paid)
    if card.refunds != "succeeded":
        end_later(desk, account, made, succeeded=pending)
    return made


def end_later(desk: Desk, account: Account, made: Thing, *, succeeded: bool) -> None:
    desk.at(desk.now() + 60, lambda: end_refund(desk, account, made, succeeded=succeeded))


def end_refund(desk: Desk, account: Account, made: Thing, *, succeeded: bool) -> None:
    """What a refund came to that was on its way, or that the bank sent back."""
    made["status"] = "succeeded" if succeeded else "failed"
    if not succeeded:
        paid = account.things[made["charge"]]
        paid["amount_refunded"] -= made["amount"]
        paid["refunded"] = False
        line = book(desk, account, made["id"], "refund_failure", made["amount"], made["currency"])
        made |= {"failure_balance_transaction": line["id"], "failure_reason": "expired_or_canceled_card"}
        desk.emit(account, "refund.failed", made)
    desk.emit(account, "refund.updated", made)


def dispute(desk: Desk, account: Account, paid: Thing, *, amount: int | None, reason: str, inquiry: bool) -> Thing:
    """The cardholder's bank takes the money, or asks first (`inquiry`)."""
    wanted = paid["amount"] if amount is None else amount
    made = objects.dispute(
        desk.name("du"),
        now=desk.now(),
        live=account.live,
        amount=wanted,
        charge=paid["id"],
        currency=paid["currency"],
        payment_intent=paid["payment_intent"],
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
        is_charge_refundable=inquiry,
    )
    account.add(made)
    paid["disputed"] = True
    desk.emit(account, "charge.dispute.created", made)
    if not inquiry:
        _move(desk, account, made, -wanted)
        desk.emit(account, "charge.dispute.funds_withdrawn", made)
    return made


def close_dispute(desk: Desk, account: Account, made: Thing, *, won: bool) -> None:
    inquiry = made["status"].startswith("warning_")
    made["status"] = "warning_closed" if inquiry else "won" if won else "lost"
    if won and not inquiry:
        _move(desk, account, made, made["amount"])
        desk.emit(account, "charge.dispute.funds_reinstated", made)
    desk.emit(account, "charge.dispute.closed", made)


def _move(desk: Desk, account: Account, made: Thing, amount: int) -> None:
    line = book(desk, account, made["id"], "adjustment", amount, made["currency"])
    line["reporting_category"] = "dispute" if amount < 0 else "dispute_reversal"
    made["balance_transactions"].append(dict(line))
