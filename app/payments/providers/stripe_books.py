"""Stripe's own books: the balance transactions, with what stands behind each, oldest first.

Source: https://docs.stripe.com/api/balance_transactions. The lines themselves are in the account's own currency; what
the customer paid, and in which currency, stands in their source.
"""

from collections.abc import AsyncIterator, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import stripe

from app.catalogue.library import Project
from app.payments.port import Paid, Transaction
from app.payments.providers import stripe_facts
from app.payments.providers.stripe_calls import answer, plain

PAGE = 100
CHARGES, REFUNDS = ("charge", "payment"), ("refund", "payment_refund")


async def transactions(
    client: stripe.StripeClient, project: Project, *, since: datetime, settled: Set[str]
) -> AsyncIterator[Transaction]:
    """Only what belongs to this project: its account may serve others, and shops that are not ours."""
    origins: dict[str, Paid | None] = {}
    for line in reversed(await _lines(client, since)):
        found = _known(line, settled) or await _transaction(client, project, line, origins)
        if found is not None:
            yield found


async def origin(client: stripe.StripeClient, project: Project, intent: Any) -> Paid | None:
    """The payment behind a PaymentIntent (its id), if it is one of this project; also one of its subscriptions."""
    name = stripe_facts.name_of(intent)
    if name is None:
        return None
    found = plain(await answer(client.v1.payment_intents.retrieve_async(name, {"expand": ["latest_charge"]})))
    metadata = found.get("metadata") or {}
    if "project" in metadata:
        return stripe_facts.paid_by_intent(found) if metadata["project"] == project.key else None
    # Those of invoices carry nothing of ours; the subscription of the invoice does.
    rows = await answer(
        client.v1.invoice_payments.list_async(
            {"payment": {"type": "payment_intent", "payment_intent": name}, "limit": 1, "expand": ["data.invoice"]}
        )
    )
    for row in rows.data:
        invoice = plain(row)["invoice"]
        if stripe_facts.agreement_of(invoice)[1].get("project") == project.key:
            paid = stripe_facts.paid_by_invoice(invoice)
            return replace(paid, charge=name) if paid is not None else None
    return None


async def _lines(client: stripe.StripeClient, since: datetime) -> list[dict[str, Any]]:
    """All lines since then, newest first, as Stripe lists them."""
    lines: list[dict[str, Any]] = []
    arguments: Any = {"created": {"gte": int(since.timestamp())}, "limit": PAGE, "expand": ["data.source"]}
    while True:
        page = await answer(client.v1.balance_transactions.list_async(arguments))
        lines.extend(plain(row) for row in page.data)
        if not page.has_more:
            return lines
        arguments["starting_after"] = lines[-1]["id"]


def _known(line: dict[str, Any], settled: Set[str]) -> Transaction | None:
    """A line of which our books say the same: what stands behind it is not asked again every hour."""
    source, intent = line["source"], _intent_of(line)
    if intent is None:
        return None
    if line["type"] in CHARGES and intent in settled:
        sign = 1
    elif line["type"] in REFUNDS and source["id"] in settled:
        sign = -1
    else:
        return None
    amount, currency = stripe_facts.money_of(source["amount"], source["currency"])
    return Transaction(intent, sign * amount, currency, _moment_of(line))


async def _transaction(
    client: stripe.StripeClient, project: Project, line: dict[str, Any], origins: dict[str, Paid | None]
) -> Transaction | None:
    source, intent = line["source"], _intent_of(line)
    if intent is None:
        return None
    if intent not in origins:
        origins[intent] = await origin(client, project, intent)
    if (paid := origins[intent]) is None:
        return None
    at = _moment_of(line)
    amount, currency = stripe_facts.money_of(source["amount"], source["currency"])
    if line["type"] in CHARGES:
        return Transaction(intent, amount, currency, at, [paid])
    if line["type"] in REFUNDS:
        refund = stripe_facts.refunded(source)
        return Transaction(intent, -amount, currency, at, [refund] if refund else [])
    if source["object"] == "dispute":
        dispute = stripe_facts.disputed(source)
        return Transaction(
            intent, amount if line["amount"] > 0 else -amount, currency, at, [dispute] if dispute else []
        )
    if source["object"] == "refund":
        # A refund that failed: the money is ours again.
        failed = stripe_facts.refund_failed(source)
        return Transaction(intent, amount, currency, at, [failed] if failed else [])
    return None


def _intent_of(line: dict[str, Any]) -> str | None:
    source = line["source"]
    return stripe_facts.name_of(source.get("payment_intent")) if isinstance(source, dict) else None


def _moment_of(line: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(line["created"], UTC)
