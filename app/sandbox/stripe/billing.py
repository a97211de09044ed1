"""Subscriptions: the first period, renewals by the clock, failed ones, cancellation (docs.stripe.com/billing)."""

from typing import Any

from app.sandbox.stripe import agreements, forms, movements, objects
from app.sandbox.stripe.cards import Card
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.objects import Thing
from app.sandbox.stripe.state import Account, Desk, add_period

DAY = 86400
# When a failed renewal is tried again; after the last one the subscription ends.
RETRY_DAYS = (3, 5, 7)
UPDATE = ("cancel_at_period_end", "cancel_at", "metadata", "expand")


def begin(desk: Desk, account: Account, *, price: Thing, customer: str, card: Card, metadata: dict[str, str]) -> Thing:
    """A subscription whose first invoice is waiting for its money."""
    now = desk.now()
    name = desk.name("sub")
    made = agreements.subscription(
        name,
        now=now,
        live=account.live,
        end=add_period(now, price["recurring"]["interval"], now),
        price=price,
        item=desk.name("si"),
        customer=customer,
        default_payment_method=desk.name("pm"),
        metadata=metadata,
    )
    account.add(made)
    account.cards[name] = card
    return made


def invoice(desk: Desk, account: Account, agreement: Thing, *, reason: str) -> tuple[Thing, Thing]:
    """An invoice for the current period, and the intent that is to pay it."""
    made = agreements.invoice(
        desk.name("in"),
        now=desk.now(),
        agreement=agreement,
        reason=reason,
        line=desk.name("il"),
        number=f"SANDBOX-{len(account.kinds.get('invoice', ())) + 1:04}",
        origin=desk.origin,
    )
    account.add(made)
    agreement["latest_invoice"] = made["id"]
    intent = objects.payment_intent(
        desk.name("pi"),
        now=desk.now(),
        live=account.live,
        amount=made["amount_due"],
        currency=made["currency"],
        customer=agreement["customer"],
        description="Subscription creation" if reason == "subscription_create" else "Subscription update",
    )
    account.add(intent)
    account.add(
        agreements.invoice_payment(
            desk.name("inpay"), now=desk.now(), live=account.live, invoice=made, intent=intent["id"]
        )
    )
    desk.emit(account, "invoice.created", made)
    desk.emit(account, "invoice.finalized", made)
    return made, intent


def settle(desk: Desk, account: Account, made: Thing) -> None:
    """Writes down that an invoice is paid."""
    now = desk.now()
    row = next(row for row in account.all("invoice_payment") if row["invoice"] == made["id"])
    row |= {"status": "paid", "amount_paid": made["amount_due"]}
    row["status_transitions"]["paid_at"] = now
    made |= {
        "status": "paid",
        "amount_paid": made["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "attempt_count": made["attempt_count"] + 1,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    made["status_transitions"]["paid_at"] = now
    desk.emit(account, "invoice.paid", made)
    desk.emit(account, "invoice.payment_succeeded", made)


def schedule(desk: Desk, account: Account, agreement: Thing) -> None:
    """What happens when the current period is over."""
    desk.at(agreement["items"]["data"][0]["current_period_end"], lambda: _renew(desk, account, agreement))


def resume(desk: Desk, account: Account, agreement: Thing) -> None:
    """The same of one that is older than this run of the sandbox."""
    if agreement["status"] == "active":
        schedule(desk, account, agreement)
    elif agreement["status"] == "past_due":
        made = account.get("invoice", agreement["latest_invoice"])
        row = next(row for row in account.all("invoice_payment") if row["invoice"] == made["id"])
        intent = account.get("payment_intent", row["payment"]["payment_intent"])
        if made["next_payment_attempt"] is not None:
            desk.at(made["next_payment_attempt"], lambda: _collect(desk, account, agreement, made, intent))


def _renew(desk: Desk, account: Account, agreement: Thing) -> None:
    item = agreement["items"]["data"][0]
    if agreement["status"] not in ("active", "past_due"):
        return
    if agreement["cancel_at_period_end"] or agreement["cancel_at"]:
        end(desk, account, agreement)
        return
    start = item["current_period_end"]
    interval = item["price"]["recurring"]["interval"]
    item["current_period_start"] = start
    item["current_period_end"] = add_period(start, interval, agreement["billing_cycle_anchor"])
    made, intent = invoice(desk, account, agreement, reason="subscription_cycle")
    desk.emit(account, "customer.subscription.updated", agreement)
    _collect(desk, account, agreement, made, intent)


def _collect(desk: Desk, account: Account, agreement: Thing, made: Thing, intent: Thing) -> None:
    if agreement["status"] == "canceled" or made["status"] != "open":
        return
    if movements.charge(desk, account, intent, account.cards[agreement["id"]], later=True) is None:
        settle(desk, account, made)
        if agreement["status"] == "past_due":
            agreement["status"] = "active"
            desk.emit(account, "customer.subscription.updated", agreement)
        schedule(desk, account, agreement)
        return
    made |= {"attempted": True, "attempt_count": made["attempt_count"] + 1}
    if made["attempt_count"] > len(RETRY_DAYS):
        made["next_payment_attempt"] = None
        desk.emit(account, "invoice.payment_failed", made)
        end(desk, account, agreement, reason="payment_failed")
        return
    made["next_payment_attempt"] = desk.now() + RETRY_DAYS[made["attempt_count"] - 1] * DAY
    agreement["status"] = "past_due"
    desk.emit(account, "invoice.payment_failed", made)
    desk.emit(account, "customer.subscription.updated", agreement)
    desk.at(made["next_payment_attempt"], lambda: _collect(desk, account, agreement, made, intent))


def end(desk: Desk, account: Account, agreement: Thing, *, reason: str = "cancellation_requested") -> None:
    agreement |= {"status": "canceled", "ended_at": desk.now(), "canceled_at": agreement["canceled_at"] or desk.now()}
    agreement["cancellation_details"]["reason"] = reason
    desk.emit(account, "customer.subscription.deleted", agreement)


def update(desk: Desk, account: Account, agreement: Thing, arguments: dict[str, Any]) -> Thing:
    """`POST /v1/subscriptions/{id}` as far as cancelling and metadata go."""
    forms.only(arguments, UPDATE)
    if agreement["status"] in ("canceled", "incomplete_expired"):
        message = "A canceled subscription can only update its cancellation_details and metadata."
        raise StripeRefusal(message)
    if "metadata" in arguments:
        agreement["metadata"] |= forms.metadata(arguments)
    if arguments.get("cancel_at") == "":
        agreement |= {"cancel_at": None, "canceled_at": None}
    elif "cancel_at" in arguments:
        agreement |= {"cancel_at": forms.integer(arguments, "cancel_at"), "canceled_at": desk.now()}
    stops = forms.flag(arguments, "cancel_at_period_end")
    if stops is not None:
        period_end = agreement["items"]["data"][0]["current_period_end"]
        agreement |= {
            "cancel_at_period_end": stops,
            "cancel_at": period_end if stops else None,
            "canceled_at": desk.now() if stops else None,
        }
        agreement["cancellation_details"]["reason"] = "cancellation_requested" if stops else None
    desk.emit(account, "customer.subscription.updated", agreement)
    return agreement
