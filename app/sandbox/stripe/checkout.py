"""Checkout Sessions (https://docs.stripe.com/api/checkout/sessions): made by the shop, paid on the page."""

from typing import Any, Literal
from urllib.parse import urlsplit

from app.sandbox.stripe import billing, cards, forms, movements, objects
from app.sandbox.stripe.errors import StripeRefusal, invalid, required
from app.sandbox.stripe.objects import Thing
from app.sandbox.stripe.state import Account, Desk

CREATE = (
    "adaptive_pricing", "cancel_url", "client_reference_id", "customer_email", "expand", "expires_at", "line_items",
    "locale", "metadata", "mode", "payment_intent_data", "submit_type", "subscription_data", "success_url",
)  # fmt: skip
LOCALES = ("auto", "de", "en", "en-GB", "es", "fr", "it", "pl", "pt", "pt-BR", "ru", "tr", "zh")
SHORTEST_SECONDS, LONGEST_SECONDS = 30 * 60, 24 * 3600
# Stripe's smallest sums (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts); others are converted.
SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "kwd": 10}

Outcome = Literal["paid", "declined", "authenticate", "closed"]


def create(desk: Desk, account: Account, arguments: dict[str, Any]) -> Thing:
    forms.only(arguments, CREATE)
    mode = forms.one_of(arguments, "mode", ("payment", "subscription"))
    price, amount, currency = _price(arguments, mode)
    now = desk.now()
    expires_at = forms.integer(arguments, "expires_at", now + LONGEST_SECONDS)
    if not now + SHORTEST_SECONDS <= expires_at <= now + LONGEST_SECONDS:
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid("expires_at", message)
    for name in ("payment_intent_data", "subscription_data"):
        forms.only(forms.group(arguments, name), ("metadata",))
    if mode == "payment" and "subscription_data" in arguments:
        raise invalid("subscription_data", "You can not pass `subscription_data` in `payment` mode.")
    if mode == "subscription" and "payment_intent_data" in arguments:
        raise invalid("payment_intent_data", "You can not pass `payment_intent_data` in `subscription` mode.")
    if mode == "subscription" and "submit_type" in arguments:
        raise invalid("submit_type", "You can not pass `submit_type` in `subscription` mode.")
    session = objects.session(
        desk.name(f"cs_{'live' if account.live else 'test'}"),
        now=now,
        live=account.live,
        origin=desk.origin,
        mode=mode,
        amount_subtotal=amount,
        amount_total=amount,
        currency=currency,
        client_reference_id=arguments.get("client_reference_id"),
        customer_email=arguments.get("customer_email"),
        expires_at=expires_at,
        locale=forms.one_of(arguments, "locale", LOCALES, "auto"),
        metadata=forms.metadata(arguments),
        success_url=_address(arguments, "success_url"),
        cancel_url=_address(arguments, "cancel_url"),
        submit_type=arguments.get("submit_type"),
    )
    account.add(session)
    # Of a session, these are known to Stripe only.
    private = {"price": price, "metadata": forms.metadata(forms.group(arguments, f"{_what(mode)}_data"))}
    account.things[f"private_{session['id']}"] = {"object": "private", **private}
    desk.at(expires_at, lambda: expire(desk, account, session))
    return session


def _what(mode: str) -> str:
    return "subscription" if mode == "subscription" else "payment_intent"


def _address(arguments: dict[str, Any], name: str) -> str:
    address = forms.text(arguments, name)
    if urlsplit(address).scheme not in ("http", "https"):
        raise StripeRefusal("Not a valid URL", code="url_invalid", param=name)
    return address


def _price(arguments: dict[str, Any], mode: str) -> tuple[dict[str, Any], int, str]:
    items = arguments.get("line_items")
    if not isinstance(items, list) or not items:
        raise required("line_items")
    if len(items) > 1:
        raise invalid("line_items", "The sandbox sells one thing at a time.")
    forms.only(items[0], ("price_data", "quantity"))
    if forms.integer(items[0], "quantity") != 1:
        raise invalid("line_items[0][quantity]", "The sandbox sells one piece at a time.")
    price = forms.group(items[0], "price_data")
    forms.only(price, ("currency", "unit_amount", "product_data", "recurring"))
    product = forms.group(price, "product_data")
    forms.only(product, ("name", "description"))
    forms.text(product, "name")
    if "description" in product:
        forms.text(product, "description")
    currency = forms.text(price, "currency").lower()
    if len(currency) != 3 or not currency.isalpha() or not currency.isascii():
        raise invalid("line_items[0][price_data][currency]", f"Invalid currency: {currency}")
    amount = forms.integer(price, "unit_amount")
    if amount < SMALLEST.get(currency, 1):
        message = "The Checkout Session's total amount must convert to at least 50 cents."
        raise StripeRefusal(message, code="amount_too_small", param="line_items")
    if ("recurring" in price) != (mode == "subscription"):
        message = f"You specified `{mode}` mode but passed a price of another kind."
        raise invalid("line_items[0][price_data][recurring]", message)
    if mode == "subscription":
        recurring = forms.group(price, "recurring")
        forms.only(recurring, ("interval",))
        forms.one_of(recurring, "interval", ("month", "year"))
    return price, amount, currency


def pay(
    desk: Desk, account: Account, session: Thing, number: str, *, authenticated: bool | None = None
) -> tuple[Outcome, str]:
    """A card on the page; `authenticated` is what came of 3-D Secure. Says what happened, and the refusal's words."""
    if session["status"] != "open":
        return "closed", ""
    card = cards.find(number)
    if card.outcome == "authenticate":
        if authenticated is None:
            return "authenticate", ""
        if not authenticated:
            return "declined", "We are unable to authenticate your payment method. Please choose a different one."
    private = account.things[f"private_{session['id']}"]
    customer = session["customer"] or desk.name("cus")
    if session["mode"] == "payment":
        refusal = _pay_once(desk, account, session, card, private["metadata"])
    else:
        refusal = _subscribe(desk, account, session, card, private, customer)
    if refusal is not None:
        return "declined", refusal
    session |= {
        "status": "complete",
        "payment_status": "paid",
        "url": None,
        "customer": customer if session["mode"] == "subscription" else None,
        "customer_details": {
            "address": objects.NO_ADDRESS,
            "business_name": None,
            "email": session["customer_email"] or "person@example.com",
            "individual_name": None,
            "name": "SANDBOX PERSON",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
        },
    }
    desk.emit(account, "checkout.session.completed", session)
    return "paid", ""


def _intent(desk: Desk, account: Account, session: Thing, metadata: dict[str, str]) -> Thing:
    return account.add(
        objects.payment_intent(
            desk.name("pi"),
            now=desk.now(),
            live=account.live,
            amount=session["amount_total"],
            currency=session["currency"],
            metadata=dict(metadata),
        )
    )


def _pay_once(desk: Desk, account: Account, session: Thing, card: cards.Card, metadata: dict[str, str]) -> str | None:
    if session["payment_intent"] is None:
        session["payment_intent"] = _intent(desk, account, session, metadata)["id"]
    return movements.charge(desk, account, account.things[session["payment_intent"]], card)


def _subscribe(
    desk: Desk, account: Account, session: Thing, card: cards.Card, private: dict[str, Any], customer: str
) -> str | None:
    """The subscription is made when the money has come, and not before (since 2025-03-31.basil)."""
    price = objects.price(
        desk.name("price"),
        now=desk.now(),
        live=account.live,
        currency=session["currency"],
        amount=session["amount_total"],
        product=desk.name("prod"),
        interval=private["price"]["recurring"]["interval"],
    )
    if card.outcome == "declined":
        return movements.charge(desk, account, _intent(desk, account, session, {}), card)
    agreement = billing.begin(
        desk, account, price=price, customer=customer, card=card, metadata=dict(private["metadata"])
    )
    session |= {"subscription": agreement["id"], "customer": customer}
    desk.emit(account, "customer.subscription.created", agreement)
    invoice, intent = billing.invoice(desk, account, agreement, reason="subscription_create")
    session["invoice"] = invoice["id"]
    movements.charge(desk, account, intent, card)
    billing.settle(desk, account, invoice)
    billing.schedule(desk, account, agreement)
    return None


def expire(desk: Desk, account: Account, session: Thing) -> None:
    if session["status"] == "open":
        session |= {"status": "expired", "url": None}
        desk.emit(account, "checkout.session.expired", session)
