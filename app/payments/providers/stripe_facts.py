"""What Stripe's objects mean to us. Plain data in, facts out; nothing is asked here.

Sources: https://docs.stripe.com/api (checkout/sessions, payment_intents, invoices, subscriptions, refunds, disputes).
A charge is named by its PaymentIntent, which every other object refers to.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.payments.port import Disputed, Fact, Failed, Paid, Refunded, RefundFailed, SubscriptionChanged
from app.payments.providers.stripe_calls import from_units

Data = Mapping[str, Any]


def moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def name_of(value: Any) -> str | None:
    """The id of a field that holds an id or the object itself."""
    found = value.get("id") if isinstance(value, Mapping) else value
    return found if isinstance(found, str) else None


def our_id(metadata: Data | None, field: str) -> UUID | None:
    """An id of ours that Stripe carries; nothing for what only looks like one."""
    try:
        return UUID(str((metadata or {}).get(field)))
    except ValueError:
        return None


def money_of(units: int, currency: str) -> tuple[int, str]:
    code = currency.upper()
    return from_units(units, code), code


def paid_by_intent(intent: Data, *, reference: str | None = None) -> Paid | None:
    """A payment of its own; nothing until all of it has arrived."""
    if intent["status"] != "succeeded":
        return None
    amount, currency = money_of(intent["amount_received"], intent["currency"])
    charge = intent.get("latest_charge")
    at = charge.get("created") if isinstance(charge, Mapping) else intent["created"]
    return Paid(
        charge=intent["id"],
        amount=amount,
        currency=currency,
        payment_id=our_id(intent.get("metadata"), "payment"),
        reference=reference,
        at=moment(at),
    )


def of_session(session: Data) -> Sequence[Fact]:
    """Of a Checkout Session with `payment_intent.latest_charge` and `invoice.payments` expanded."""
    if session["status"] == "expired":
        payment_id = our_id(session.get("metadata"), "payment")
        return [Failed("expired", payment_id=payment_id, reference=session["id"])]
    if session["status"] != "complete":
        return []
    if session["mode"] == "subscription":
        fact = paid_by_invoice(session.get("invoice") or {}, reference=session["id"])
        return [fact] if fact else []
    intent = session.get("payment_intent") or {}
    if session["payment_status"] == "paid":
        fact = paid_by_intent(intent, reference=session["id"])
        return [fact] if fact else []
    if intent.get("status") in ("requires_payment_method", "canceled"):
        # A bank transfer or a debit that was promised and did not come.
        payment_id = our_id(session.get("metadata"), "payment")
        return [Failed("declined", payment_id=payment_id, reference=session["id"])]
    return []


def agreement_of(invoice: Data) -> tuple[str | None, Data]:
    """The subscription that an invoice belongs to, and what we wrote on it."""
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or {}
    return name_of(details.get("subscription")), details.get("metadata") or {}


def paid_by_invoice(invoice: Data, *, reference: str | None = None) -> Paid | None:
    """A first or a further payment of a subscription, with `payments` expanded; nothing for one of nothing.

    `payment_id` is of the first one, also for what follows it.
    """
    subscription, metadata = agreement_of(invoice)
    if invoice.get("status") != "paid" or not invoice["amount_paid"] or subscription is None:
        return None
    amount, currency = money_of(invoice["amount_paid"], invoice["currency"])
    first = invoice["billing_reason"] == "subscription_create"
    return Paid(
        charge=_intent_of_invoice(invoice) or invoice["id"],
        amount=amount,
        currency=currency,
        payment_id=our_id(metadata, "payment"),
        reference=reference,
        subscription=subscription,
        renewal=not first,
        paid_until=moment(max(line["period"]["end"] for line in invoice["lines"]["data"])),
        at=moment(invoice["status_transitions"]["paid_at"]),
    )


def _intent_of_invoice(invoice: Data) -> str | None:
    for row in (invoice.get("payments") or {}).get("data", ()):
        if row["status"] == "paid" and (intent := name_of(row["payment"].get("payment_intent"))):
            return intent
    return None


def refunded(refund: Data) -> Refunded | None:
    """Money that went back; nothing while it is on its way, or when it came back to us."""
    charge = name_of(refund.get("payment_intent")) or name_of(refund.get("charge"))
    if refund["status"] != "succeeded" or charge is None:
        return None
    amount, currency = money_of(refund["amount"], refund["currency"])
    return Refunded(
        charge=charge,
        refund=refund["id"],
        amount=amount,
        currency=currency,
        refund_id=our_id(refund.get("metadata"), "refund"),
    )


def refund_failed(refund: Data) -> RefundFailed | None:
    """A bank that could not be paid sends a refund back to us, maybe weeks after it had succeeded."""
    charge = name_of(refund.get("payment_intent")) or name_of(refund.get("charge"))
    if refund["status"] not in ("failed", "canceled") or charge is None:
        return None
    amount, currency = money_of(refund["amount"], refund["currency"])
    return RefundFailed(charge, refund["id"], amount, currency, our_id(refund.get("metadata"), "refund"))


def disputed(dispute: Data) -> Disputed | None:
    charge = name_of(dispute.get("payment_intent")) or name_of(dispute.get("charge"))
    if charge is None:
        return None
    amount, currency = money_of(dispute["amount"], dispute["currency"])
    return Disputed(charge=charge, dispute=dispute["id"], amount=amount, currency=currency, state=_stand(dispute))


def _stand(dispute: Data) -> Any:
    match dispute["status"]:
        case "won" | "warning_closed":
            return "won"
        case "lost":
            return "lost"
        case "prevented":
            # Settled before it began: whether we paid for that stands in its own lines of the books.
            return "lost" if sum(row["amount"] for row in dispute["balance_transactions"]) < 0 else "won"
        case _:
            return "opened"


def changed(subscription: Data) -> SubscriptionChanged:
    """Of a subscription with `latest_invoice` expanded. `until` is where what is paid ends."""
    until = _paid_until(subscription)
    match subscription["status"]:
        case "canceled" | "incomplete_expired":
            return SubscriptionChanged(subscription["id"], "ended", moment(subscription.get("ended_at")) or until)
        case "active" | "trialing":
            stops = subscription["cancel_at_period_end"] or subscription.get("cancel_at")
            return SubscriptionChanged(subscription["id"], "canceled" if stops else "active", until)
        case _:
            return SubscriptionChanged(subscription["id"], "failed", until)


def _paid_until(subscription: Data) -> datetime | None:
    """A new period begins before its invoice is paid, an hour at least: until then the last one counts."""
    items = subscription["items"]["data"]
    invoice = subscription.get("latest_invoice") or {}
    paid = invoice.get("status") == "paid"
    field = "current_period_end" if paid else "current_period_start"
    return moment(max((item[field] for item in items), default=None))
