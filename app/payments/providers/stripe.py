"""Stripe: Checkout for one payment and for subscriptions, signed webhooks, refunds, disputes, the customer portal.

Sources: https://docs.stripe.com/payments/checkout, https://docs.stripe.com/billing/subscriptions/webhooks,
https://docs.stripe.com/webhooks. In Stripe's dashboard a project needs one endpoint with `EVENTS`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import stripe

from app.catalogue.library import Project, StripeKeys
from app.kit import json
from app.kit.clock import utc_now
from app.kit.ids import made_at
from app.payments.port import (
    Ask,
    Event,
    EventRefused,
    Fact,
    Incoming,
    Limits,
    Provider,
    ProviderRefused,
    RefundOutcome,
    Started,
    Transaction,
)
from app.payments.providers import stripe_books, stripe_facts
from app.payments.providers.stripe_calls import Clients, answer, is_live, limits_of, plain, to_units

TOLERANCE_SECONDS = 300
SESSION_EVENTS = ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
EVENTS = frozenset(
    (
        *(f"checkout.session.{name}" for name in SESSION_EVENTS),
        *("invoice.paid", "invoice.payment_failed"),
        *(f"customer.subscription.{name}" for name in ("updated", "deleted", "paused", "resumed")),
        *("refund.created", "refund.updated", "charge.refunded", "charge.refund.updated"),
        *(f"charge.dispute.{name}" for name in ("created", "updated", "closed", "funds_reinstated", "funds_withdrawn")),
    )
)
# Stripe takes half an hour to a day from the call. A payment that is started again later gets the same answer only
# for the same arguments, so both ends are counted from when our row was made.
SHORTEST, LONGEST = timedelta(minutes=45), timedelta(hours=23)
LOCALES = ("ru", "en")
SESSION_PARTS = ["payment_intent.latest_charge", "invoice.payments"]


class StripeProvider(Provider):
    """`account` is the project's own name for its test or live side, and outlives a change of keys.

    Each project has an endpoint of its own. Where several share one Stripe account, all of them hear of everything:
    what another project, or another shop, wrote on a payment is not ours and means nothing here.
    """

    name = "stripe"
    renewal = "provider"
    has_portal = True

    def __init__(self, http: httpx.AsyncClient, *, api_url: str) -> None:
        self._clients = Clients(http, api_url=api_url)

    def account(self, project: Project) -> str | None:
        keys = project.payments.stripe
        return f"{'live' if is_live(keys) else 'test'}:{project.key}" if keys else None

    def price(self, project: Project, *, stars: int | None, money: tuple[int, str] | None) -> tuple[int, str] | None:
        return money if money is not None and to_units(*money) is not None else None

    def limits(self, currency: str) -> Limits:
        return limits_of(currency)

    async def start(self, ask: Ask) -> Started:
        units = to_units(ask.amount, ask.currency)
        if units is None:
            raise ProviderRefused(reason="amount_not_payable")
        made = made_at(ask.id) or utc_now()
        expires_at = min(max(ask.expires_at, made + SHORTEST), made + LONGEST)
        metadata = {"project": ask.project.key, "order": str(ask.order_id), "payment": str(ask.id)}
        price: dict[str, Any] = {
            "currency": ask.currency.lower(),
            "unit_amount": units,
            "product_data": {"name": ask.title} | ({"description": ask.description} if ask.description else {}),
        }
        # Built in steps, which the package's own types cannot follow.
        arguments: Any = {
            "client_reference_id": str(ask.id),
            "metadata": metadata,
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": ask.return_url,
            "cancel_url": ask.return_url,
            "expires_at": int(expires_at.timestamp()),
            "locale": ask.language if ask.language in LOCALES else "auto",
            # The same sum before, during and after: no prices converted into the customer's own currency.
            "adaptive_pricing": {"enabled": False},
        }
        if ask.contact and "@" in ask.contact:
            arguments["customer_email"] = ask.contact
        if ask.renews and ask.period:
            price["recurring"] = {"interval": ask.period}
            arguments |= {"mode": "subscription", "subscription_data": {"metadata": metadata}}
        else:
            arguments |= {"mode": "payment", "submit_type": "pay", "payment_intent_data": {"metadata": metadata}}
        client = self._client(ask.project)
        call = client.v1.checkout.sessions.create_async(arguments, {"idempotency_key": str(ask.id)})
        session = await answer(call)
        if not session.url:
            # A payment that was started before and has ended meanwhile.
            raise ProviderRefused(reason="session_closed")
        return Started(reference=session.id, url=session.url, opens="redirect")

    async def close(self, project: Project, *, reference: str) -> None:
        await answer(self._client(project).v1.checkout.sessions.expire_async(reference))

    async def look(self, project: Project, *, reference: str, payment_id: UUID) -> Sequence[Fact]:
        session = await self._session(self._client(project), reference)
        if stripe_facts.our_id(session.get("metadata"), "payment") != payment_id or not _ours(session, project):
            raise ProviderRefused(reason="not_this_payment")
        return stripe_facts.of_session(session)

    def refundable(self, *, amount: int, currency: str) -> bool:
        return to_units(amount, currency) is not None

    async def refund(
        self, project: Project, *, charge: str, amount: int, currency: str, refund_id: UUID, telegram_id: int | None
    ) -> RefundOutcome:
        units = to_units(amount, currency)
        if units is None:
            # A refund without an amount would be one of the whole charge.
            raise ProviderRefused(reason="amount_not_payable")
        client = self._client(project)
        target: dict[str, Any] = {"payment_intent": charge} if charge.startswith("pi_") else {"charge": charge}
        # Stripe forgets an idempotency key after a day; its list of refunds forgets nothing.
        if (before := await self._refund_before(client, target, refund_id)) is not None:
            return _outcome(before)
        arguments: Any = target | {
            "amount": units,
            "metadata": {"project": project.key, "refund": str(refund_id)},
        }
        try:
            made = await answer(client.v1.refunds.create_async(arguments, {"idempotency_key": str(refund_id)}))
        except ProviderRefused as refusal:
            if refusal.facts.get("reason") != "charge_already_refunded":
                raise
            # From the dashboard, before we asked: one of the same amount that is nobody else's.
            for row in await self._refunds(client, target):
                if row["amount"] == units and not (row.get("metadata") or {}).get("refund") and _went(row):
                    return _outcome(row)
            raise
        return _outcome(plain(made))

    def transactions(
        self, project: Project, *, since: datetime, settled: Set[str] = frozenset()
    ) -> AsyncIterator[Transaction]:
        return stripe_books.transactions(self._client(project), project, since=since, settled=settled)

    async def receive(self, project: Project, incoming: Incoming) -> Sequence[Event]:
        if (keys := project.payments.stripe) is None:
            raise EventRefused(reason="no_keys")
        secret = keys.webhook_secret.get_secret_value()
        header = incoming.headers.get("stripe-signature")
        try:
            stripe.WebhookSignature.verify_header(incoming.body, header, secret, TOLERANCE_SECONDS)
            event = json.loads(incoming.body)
            about = event["data"]["object"]
            kept = {"id": event["id"], "created": event["created"]}
            kept["object"] = {"id": about.get("id"), "object": about["object"]}
            kind, live = event["type"], event["livemode"]
        except stripe.SignatureVerificationError:
            raise EventRefused(reason="signature") from None
        except (ValueError, TypeError, KeyError, AttributeError):
            # Not UTF-8, not JSON, or not an event; a header of letters that no signature has is a TypeError.
            raise EventRefused(reason="not_an_event") from None
        if event.get("object") != "event" or not isinstance(kept["id"], str) or not isinstance(kind, str):
            raise EventRefused(reason="not_an_event")
        if live is not is_live(keys):
            raise EventRefused(reason="live_and_test_mixed")
        # What it is about is fetched again when it is worked on: nothing of a person needs to be kept here.
        return [Event(id=kept["id"], kind=kind, body=kept)]

    async def understand(self, project: Project, event: Event) -> Sequence[Fact]:
        name = event.body["object"].get("id")
        if event.kind not in EVENTS or not isinstance(name, str):
            return []
        client = self._client(project)
        try:
            return await self._facts(client, project, event.kind, name)
        except ProviderRefused as refusal:
            if refusal.facts.get("reason") != "resource_missing":
                raise
            raise EventRefused(reason="no_such_object") from None

    async def _facts(self, client: stripe.StripeClient, project: Project, kind: str, name: str) -> Sequence[Fact]:
        found: Fact | None = None
        if kind.startswith("checkout.session."):
            session = await self._session(client, name)
            return stripe_facts.of_session(session) if _ours(session, project) else []
        if kind == "invoice.paid":
            invoice = plain(await answer(client.v1.invoices.retrieve_async(name, {"expand": ["payments"]})))
            if stripe_facts.agreement_of(invoice)[1].get("project") == project.key:
                found = stripe_facts.paid_by_invoice(invoice)
        elif kind == "invoice.payment_failed":
            agreement, _ = stripe_facts.agreement_of(plain(await answer(client.v1.invoices.retrieve_async(name))))
            return await self._subscription_facts(client, project, agreement) if agreement else []
        elif kind.startswith("customer.subscription."):
            return await self._subscription_facts(client, project, name)
        elif kind == "charge.refunded":
            charge = plain(await answer(client.v1.charges.retrieve_async(name)))
            if await stripe_books.origin(client, project, charge.get("payment_intent")) is None:
                return []
            rows = [stripe_facts.refunded(row) for row in await self._refunds(client, {"charge": name})]
            return [row for row in rows if row is not None]
        elif kind.startswith("charge.dispute."):
            dispute = plain(await answer(client.v1.disputes.retrieve_async(name)))
            if await stripe_books.origin(client, project, dispute.get("payment_intent")) is not None:
                found = stripe_facts.disputed(dispute)
        else:
            refund = plain(await answer(client.v1.refunds.retrieve_async(name)))
            if await stripe_books.origin(client, project, refund.get("payment_intent")) is not None:
                found = stripe_facts.refunded(refund) or stripe_facts.refund_failed(refund)
        return [found] if found is not None else []

    async def cancel(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        client = self._client(project)
        found = await self._subscription(client, project, subscription)
        if found["status"] in ("canceled", "incomplete_expired") or found["cancel_at_period_end"]:
            return
        await answer(client.v1.subscriptions.update_async(subscription, {"cancel_at_period_end": True}))

    async def resume(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        client = self._client(project)
        found = await self._subscription(client, project, subscription)
        if found["status"] in ("canceled", "incomplete_expired"):
            raise ProviderRefused(reason="subscription_ended")
        if found["cancel_at_period_end"]:
            await answer(client.v1.subscriptions.update_async(subscription, {"cancel_at_period_end": False}))
        elif found.get("cancel_at"):
            # The portal writes a date.
            await answer(client.v1.subscriptions.update_async(subscription, {"cancel_at": ""}))

    async def portal(self, project: Project, *, subscription: str, return_url: str) -> str:
        client = self._client(project)
        customer = stripe_facts.name_of((await self._subscription(client, project, subscription))["customer"])
        if customer is None:
            raise ProviderRefused(reason="no_customer")
        session = await answer(
            client.v1.billing_portal.sessions.create_async({"customer": customer, "return_url": return_url})
        )
        return session.url

    def _keys(self, project: Project) -> StripeKeys:
        if project.payments.stripe is None:
            raise ProviderRefused(reason="no_keys")
        return project.payments.stripe

    def _client(self, project: Project) -> stripe.StripeClient:
        return self._clients.of(self._keys(project))

    async def _session(self, client: stripe.StripeClient, name: str) -> dict[str, Any]:
        return plain(await answer(client.v1.checkout.sessions.retrieve_async(name, {"expand": SESSION_PARTS})))

    async def _subscription(self, client: stripe.StripeClient, project: Project, name: str) -> dict[str, Any]:
        """Raises `ProviderRefused` for one that another project or shop on this account has."""
        found = plain(await answer(client.v1.subscriptions.retrieve_async(name, {"expand": ["latest_invoice"]})))
        if not _ours(found, project):
            raise ProviderRefused(reason="not_ours")
        return found

    async def _subscription_facts(self, client: stripe.StripeClient, project: Project, name: str) -> Sequence[Fact]:
        found = plain(await answer(client.v1.subscriptions.retrieve_async(name, {"expand": ["latest_invoice"]})))
        return [stripe_facts.changed(found)] if _ours(found, project) else []

    async def _refunds(self, client: stripe.StripeClient, target: Mapping[str, Any]) -> list[dict[str, Any]]:
        arguments: Any = {**target, "limit": 100}
        rows = await answer(client.v1.refunds.list_async(arguments))
        return [plain(row) for row in rows.data]

    async def _refund_before(
        self, client: stripe.StripeClient, target: Mapping[str, Any], refund_id: UUID
    ) -> dict[str, Any] | None:
        for row in await self._refunds(client, target):
            if stripe_facts.our_id(row.get("metadata"), "refund") == refund_id:
                return row
        return None


def _ours(thing: Mapping[str, Any], project: Project) -> bool:
    return (thing.get("metadata") or {}).get("project") == project.key


def _went(refund: Mapping[str, Any]) -> bool:
    return refund["status"] in ("succeeded", "pending", "requires_action")


def _outcome(refund: Mapping[str, Any]) -> RefundOutcome:
    if not _went(refund):
        raise ProviderRefused(reason=refund.get("failure_reason") or "refund_failed")
    return RefundOutcome(refund["id"], "succeeded" if refund["status"] == "succeeded" else "pending")
