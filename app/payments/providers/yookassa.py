"""YooKassa: payments by redirect, saved methods for renewals, receipts of 54-FZ, refunds, unsigned webhooks.

Sources: https://yookassa.ru/developers/api and https://yookassa.ru/developers/using-api/webhooks. In YooKassa's
settings a shop needs the webhooks `EVENTS`. It has one address for them: projects that share a shop hear of their
payments by being asked, not by webhooks.
"""

import ipaddress
import re
from collections.abc import AsyncIterator, Sequence, Set
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from app.catalogue.library import Project, YooKassaKeys
from app.kit import json
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
from app.payments.providers import yookassa_facts
from app.payments.providers.yookassa_calls import Calls, log
from app.payments.providers.yookassa_facts import DESCRIPTION_LENGTH, amount_of, money_of, receipt

EVENTS = frozenset(("payment.succeeded", "payment.canceled", "refund.succeeded"))
# Where webhooks come from: https://yookassa.ru/developers/using-api/webhooks#ip
ADDRESSES = (
    "185.71.76.0/27",
    "185.71.77.0/27",
    "77.75.153.0/25",
    "77.75.154.128/25",
    "77.75.156.11/32",
    "77.75.156.35/32",
    "2a02:5180::/32",
)
LOOPBACK = ("127.0.0.0/8", "::1/128")
CURRENCIES = frozenset(("RUB", "EUR", "USD", "KZT", "BYN", "UAH", "UZS", "TRY", "INR", "MDL", "AZN", "AMD"))
# By card, whose limits are the narrowest of the ways that renew; in other currencies the shop's contract says.
# https://yookassa.ru/developers/payment-acceptance/integration-scenarios/manual-integration/bank-card
LIMITS = {"RUB": Limits(1_00, 350_000_00)}
OBJECT_ID = re.compile(r"[0-9A-Za-z-]{8,64}")


class YooKassaProvider(Provider):
    """`account` is the shop. `loopback` believes webhooks of this machine too, for the sandbox alone."""

    name = "yookassa"
    renewal = "ours"

    def __init__(self, http: httpx.AsyncClient, *, api_url: str, loopback: bool = False) -> None:
        self._calls = Calls(http, api_url=api_url)
        self._networks = [ipaddress.ip_network(row) for row in (*ADDRESSES, *(LOOPBACK if loopback else ()))]

    def account(self, project: Project) -> str | None:
        return project.payments.yookassa.shop_id if project.payments.yookassa else None

    def price(self, project: Project, *, stars: int | None, money: tuple[int, str] | None) -> tuple[int, str] | None:
        return money if money is not None and money[1] in CURRENCIES else None

    def limits(self, currency: str) -> Limits:
        return LIMITS.get(currency, Limits())

    def needs_contact(self, project: Project) -> bool:
        return project.payments.yookassa is not None and project.payments.yookassa.receipts

    async def start(self, ask: Ask) -> Started:
        locale = "ru_RU" if ask.language == "ru" else "en_US"
        confirmation = {"type": "redirect", "return_url": ask.return_url, "locale": locale}
        body = self._payment(ask, ask.contact) | {"confirmation": confirmation}
        if ask.renews:
            body["save_payment_method"] = True
        payment = await self._calls.post(self._keys(ask.project), "/payments", body, key=str(ask.id))
        url = (payment.get("confirmation") or {}).get("confirmation_url")
        if not url:
            # It has ended before it could be shown, or was ended meanwhile.
            raise ProviderRefused(reason=_why(payment) or "payment_closed")
        return Started(reference=payment["id"], url=url, opens="redirect")

    async def charge(self, ask: Ask, *, method: str) -> Sequence[Fact]:
        name, _, contact = method.partition(" ")
        body = self._payment(ask, ask.contact or contact) | {"payment_method_id": name}
        payment = await self._calls.post(self._keys(ask.project), "/payments", body, key=str(ask.id))
        return yookassa_facts.of_payment(payment)

    async def look(self, project: Project, *, reference: str, payment_id: UUID) -> Sequence[Fact]:
        payment = await self._object(self._keys(project), "payments", reference)
        if yookassa_facts.our_id(payment.get("metadata"), "payment") != payment_id or not _ours(payment, project):
            raise ProviderRefused(reason="not_this_payment")
        return yookassa_facts.of_payment(payment)

    async def refund(
        self, project: Project, *, charge: str, amount: int, currency: str, refund_id: UUID, telegram_id: int | None
    ) -> RefundOutcome:
        keys = self._keys(project)
        payment = await self._object(keys, "payments", charge)
        if not _ours(payment, project):
            raise ProviderRefused(reason="not_ours")
        # YooKassa forgets a key after a day; its list of refunds forgets nothing.
        before = [row async for row in self._calls.pages(keys, "/refunds", {"payment_id": charge})]
        for row in before:
            if yookassa_facts.our_id(row.get("metadata"), "refund") == refund_id:
                return _outcome(row)
        body: dict[str, Any] = {
            "payment_id": charge,
            "amount": amount_of(amount, currency),
            "metadata": {"project": project.key, "refund": str(refund_id)},
        }
        metadata = payment.get("metadata") or {}
        if keys.receipts and metadata.get("contact"):
            title = payment.get("description") or project.text(project.name, project.default_language)
            body["receipt"] = receipt(keys, contact=metadata["contact"], title=title, amount=amount, currency=currency)
        try:
            return _outcome(await self._calls.post(keys, "/refunds", body, key=str(refund_id)))
        except ProviderRefused:
            # From the shop's own pages, before we asked: one of the same sum that is nobody else's.
            for row in before:
                mine = "refund" in (row.get("metadata") or {})
                if not mine and row["status"] != "canceled" and money_of(row["amount"]) == (amount, currency):
                    return _outcome(row)
            raise

    async def transactions(
        self, project: Project, *, since: datetime, settled: Set[str] = frozenset()
    ) -> AsyncIterator[Transaction]:
        keys, moment = self._keys(project), since.isoformat().replace("+00:00", "Z")
        lines: list[Transaction] = []
        ours: dict[str, bool] = {}
        paid = {"captured_at.gte": moment, "status": "succeeded"}
        async for row in self._calls.pages(keys, "/payments", paid):
            ours[row["id"]] = _ours(row, project)
            if ours[row["id"]]:
                at = yookassa_facts.moment(row.get("captured_at") or row["created_at"])
                lines.append(Transaction(row["id"], *money_of(row["amount"]), at, yookassa_facts.of_payment(row)))
        refunds = {"created_at.gte": moment, "status": "succeeded"}
        async for row in self._calls.pages(keys, "/refunds", refunds):
            name = row["payment_id"]
            if name not in ours:
                ours[name] = _ours(await self._object(keys, "payments", name), project)
            if ours[name]:
                amount, currency = money_of(row["amount"])
                at = yookassa_facts.moment(row["created_at"])
                lines.append(Transaction(name, -amount, currency, at, yookassa_facts.of_refund(row)))
        for line in sorted(lines, key=lambda line: line.at):
            yield line

    async def receive(self, project: Project, incoming: Incoming) -> Sequence[Event]:
        if project.payments.yookassa is None:
            raise EventRefused(reason="no_keys")
        if not self._believed(incoming.address):
            raise EventRefused(reason="address")
        try:
            notice = json.loads(incoming.body)
            about = notice["object"]
            kind, name, status = notice["event"], about["id"], about.get("status")
        except (ValueError, TypeError, KeyError, AttributeError):
            raise EventRefused(reason="not_an_event") from None
        if notice.get("type") != "notification" or not isinstance(kind, str) or not isinstance(name, str):
            raise EventRefused(reason="not_an_event")
        if not OBJECT_ID.fullmatch(name) or len(kind) > 64:
            raise EventRefused(reason="not_an_event")
        # It has no number of its own. What it says is asked again: nothing of a person needs to be kept here.
        state = status if isinstance(status, str) and len(status) <= 32 else ""
        kept = {"event": kind, "object": {"id": name, "status": state}}
        return [Event(id=f"{kind}:{name}:{state}", kind=kind, body=kept, numbered=False)]

    async def understand(self, project: Project, event: Event) -> Sequence[Fact]:
        if event.kind not in EVENTS:
            return []
        keys, name = self._keys(project), event.body["object"]["id"]
        try:
            if event.kind.startswith("payment."):
                payment = await self._object(keys, "payments", name)
                return yookassa_facts.of_payment(payment) if _ours(payment, project) else []
            refund = await self._object(keys, "refunds", name)
            payment = await self._object(keys, "payments", refund["payment_id"])
            return yookassa_facts.of_refund(refund) if _ours(payment, project) else []
        except ProviderRefused as refusal:
            if not str(refusal.facts.get("reason")).startswith("not_found"):
                raise
        raise EventRefused(reason="no_such_object")

    def _payment(self, ask: Ask, contact: str | None) -> dict[str, Any]:
        keys = self._keys(ask.project)
        metadata = {"project": ask.project.key, "order": str(ask.order_id), "payment": str(ask.id)}
        body: dict[str, Any] = {
            "amount": amount_of(ask.amount, ask.currency),
            "capture": True,
            "description": ask.title[:DESCRIPTION_LENGTH],
        }
        if keys.receipts:
            if not contact:
                raise ProviderRefused(reason="contact_needed")
            # Refunds and renewals need a receipt as well, when nobody is there to be asked.
            metadata["contact"] = contact
            body["receipt"] = receipt(keys, contact=contact, title=ask.title, amount=ask.amount, currency=ask.currency)
        return body | {"metadata": metadata}

    async def _object(self, keys: YooKassaKeys, kind: str, name: str) -> dict[str, Any]:
        if not OBJECT_ID.fullmatch(name):
            raise ProviderRefused(reason="not_found")
        return await self._calls.get(keys, f"/{kind}/{name}")

    def _keys(self, project: Project) -> YooKassaKeys:
        if project.payments.yookassa is None:
            raise ProviderRefused(reason="no_keys")
        return project.payments.yookassa

    def _believed(self, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        # Behind a socket of both kinds, IPv4 arrives as ::ffff:….
        plain = getattr(found, "ipv4_mapped", None) or found
        return any(plain in network for network in self._networks)


def _ours(payment: dict[str, Any], project: Project) -> bool:
    return (payment.get("metadata") or {}).get("project") == project.key


def _why(thing: dict[str, Any]) -> str:
    return str((thing.get("cancellation_details") or {}).get("reason") or "")


def _outcome(refund: dict[str, Any]) -> RefundOutcome:
    if refund["status"] == "canceled":
        log.warning("YooKassa canceled a refund", refund=refund["id"], reason=_why(refund))
        raise ProviderRefused(reason=_why(refund) or "refund_canceled")
    return RefundOutcome(refund["id"], "succeeded" if refund["status"] == "succeeded" else "pending")
