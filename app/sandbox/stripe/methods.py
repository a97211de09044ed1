"""What a shop may ask for: one function for each address of the API that is served."""

from collections.abc import Callable
from typing import Any

from app.sandbox.stripe import agreements, billing, checkout, forms, movements, objects
from app.sandbox.stripe.errors import StripeRefusal, invalid
from app.sandbox.stripe.objects import Thing
from app.sandbox.stripe.state import Account, Desk

Arguments = dict[str, Any]
PAGE = ("limit", "starting_after", "ending_before", "created")


def _retrieve(kind: str) -> Callable[[Desk, Account, Arguments, dict[str, str]], Thing]:
    def retrieve(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
        forms.only(arguments, ())
        return account.get(kind, path["name"])

    return retrieve


def _page(account: Account, kind: str, url: str, arguments: Arguments, filters: dict[str, str]) -> Thing:
    """A page of a list, the newest first (https://docs.stripe.com/api/pagination)."""
    forms.only(arguments, (*PAGE, *filters))
    limit = forms.integer(arguments, "limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("limit", "Limit must be between 1 and 100.")
    created = forms.group(arguments, "created")
    first, last = forms.integer(created, "gte", 0), forms.integer(created, "lte", 2**53)
    rows = [row for row in account.all(kind) if first <= row["created"] <= last]
    for name, field in filters.items():
        if name in arguments:
            rows = [row for row in rows if row[field] == arguments[name]]
    if (after := arguments.get("starting_after")) is not None:
        account.get(kind, after, param="starting_after")
        names = [row["id"] for row in rows]
        rows = rows[names.index(after) + 1 :] if after in names else []
    return objects.listing(url, rows[:limit], has_more=len(rows) > limit)


def _create_session(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    return checkout.create(desk, account, arguments)


def _expire_session(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    session = account.get("checkout.session", path["name"])
    if session["status"] != "open":
        raise StripeRefusal('Only Checkout Sessions with a status in ["open"] can be expired.')
    checkout.expire(desk, account, session)
    return session


def _create_refund(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    forms.only(arguments, ("payment_intent", "charge", "amount", "metadata", "reason"))
    paid = movements.charge_of(account, intent=arguments.get("payment_intent"), charge=arguments.get("charge"))
    amount = forms.integer(arguments, "amount") if "amount" in arguments else None
    reasons = ("duplicate", "fraudulent", "requested_by_customer")
    reason = forms.one_of(arguments, "reason", reasons) if "reason" in arguments else None
    return movements.refund(desk, account, paid, amount=amount, metadata=forms.metadata(arguments), reason=reason)


def _list_refunds(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    filters = {"payment_intent": "payment_intent", "charge": "charge"}
    return _page(account, "refund", "/v1/refunds", arguments, filters)


def _list_balance(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    filters = {"type": "type", "source": "source"}
    return _page(account, "balance_transaction", "/v1/balance_transactions", arguments, filters)


def _list_events(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    return _page(account, "event", "/v1/events", arguments, {"type": "type"})


def _list_invoice_payments(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    payment = forms.group(arguments, "payment")
    forms.only(payment, ("type", "payment_intent"))
    rest = {name: value for name, value in arguments.items() if name != "payment"}
    if not payment:
        return _page(account, "invoice_payment", "/v1/invoice_payments", rest, {"invoice": "invoice"})
    forms.one_of(payment, "type", ("payment_intent",))
    forms.only(rest, PAGE)
    wanted = forms.text(payment, "payment_intent")
    rows = [row for row in account.all("invoice_payment") if row["payment"]["payment_intent"] == wanted]
    return objects.listing("/v1/invoice_payments", rows)


def _update_subscription(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    return billing.update(desk, account, account.get("subscription", path["name"]), arguments)


def _cancel_subscription(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    agreement = account.get("subscription", path["name"])
    if agreement["status"] == "canceled":
        raise StripeRefusal(f"No such subscription: '{path['name']}'", status=404, code="resource_missing")
    billing.end(desk, account, agreement)
    return agreement


def _create_portal(desk: Desk, account: Account, arguments: Arguments, path: dict[str, str]) -> Thing:
    forms.only(arguments, ("customer", "return_url"))
    customer = forms.text(arguments, "customer")
    if not any(row["customer"] == customer for row in account.all("subscription")):
        message = f"No such customer: '{customer}'"
        raise StripeRefusal(message, status=404, code="resource_missing", param="customer")
    return account.add(
        agreements.portal_session(
            desk.name("bps"),
            now=desk.now(),
            live=account.live,
            customer=customer,
            return_url=arguments.get("return_url"),
            origin=desk.origin,
        )
    )


METHODS = {
    ("POST", "/v1/checkout/sessions"): _create_session,
    ("GET", "/v1/checkout/sessions/{name}"): _retrieve("checkout.session"),
    ("POST", "/v1/checkout/sessions/{name}/expire"): _expire_session,
    ("GET", "/v1/payment_intents/{name}"): _retrieve("payment_intent"),
    ("GET", "/v1/charges/{name}"): _retrieve("charge"),
    ("POST", "/v1/refunds"): _create_refund,
    ("GET", "/v1/refunds"): _list_refunds,
    ("GET", "/v1/refunds/{name}"): _retrieve("refund"),
    ("GET", "/v1/disputes/{name}"): _retrieve("dispute"),
    ("GET", "/v1/invoices/{name}"): _retrieve("invoice"),
    ("GET", "/v1/invoice_payments"): _list_invoice_payments,
    ("GET", "/v1/subscriptions/{name}"): _retrieve("subscription"),
    ("POST", "/v1/subscriptions/{name}"): _update_subscription,
    ("DELETE", "/v1/subscriptions/{name}"): _cancel_subscription,
    ("POST", "/v1/billing_portal/sessions"): _create_portal,
    ("GET", "/v1/balance_transactions"): _list_balance,
    ("GET", "/v1/events"): _list_events,
    ("GET", "/v1/events/{name}"): _retrieve("event"),
}
