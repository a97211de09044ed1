"""The sandbox's bank (`app/sandbox/bank`, which documents its API): play money for the demo and the tests alone."""

import hmac
import time
from collections.abc import AsyncIterator, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import httpx

from app.catalogue.library import Project
from app.kit import json
from app.payments.port import (
    Ask,
    Event,
    EventRefused,
    Fact,
    Failed,
    Incoming,
    Paid,
    Provider,
    ProviderAway,
    ProviderRefused,
    Refunded,
    RefundOutcome,
    Started,
    Transaction,
)
from app.settings import Settings

NAME = "sandbox"
SIGNATURE = "bank-signature"
TOLERANCE_SECONDS = 300
SECONDS = 10.0


class SandboxProvider(Provider):
    """Raises `ValueError` outside of demo mode."""

    name = NAME
    # It saves a method of payment, and we charge it.
    renewal: Literal["provider", "ours", "none"] = "ours"

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        if not settings.demo or not settings.sandbox_bank_url:
            raise ValueError("the sandbox's bank belongs to the demo and the tests")
        self._settings = settings
        self._http = http
        self._key = settings.sandbox_bank_key.get_secret_value()
        self._secret = settings.sandbox_bank_secret.get_secret_value()

    def account(self, project: Project) -> str | None:
        return project.key

    def price(self, project: Project, *, stars: int | None, money: tuple[int, str] | None) -> tuple[int, str] | None:
        return money

    async def start(self, ask: Ask) -> Started:
        answer = await self._call("POST", "/v1/payments", body=self._body(ask), key=str(ask.id))
        return Started(answer["id"], answer["page_url"], "redirect")

    async def charge(self, ask: Ask, *, method: str) -> Sequence[Fact]:
        answer = await self._call("POST", "/v1/payments", body={**self._body(ask), "method": method}, key=str(ask.id))
        return _facts(answer)

    async def close(self, project: Project, *, reference: str) -> None:
        await self._call("POST", f"/v1/payments/{reference}/close", body={}, key=f"close:{reference}")

    async def look(self, project: Project, *, reference: str, payment_id: UUID) -> Sequence[Fact]:
        try:
            return _facts(await self._call("GET", f"/v1/payments/{reference}"))
        except ProviderRefused:
            # A bank that was started anew has forgotten it.
            return (Failed("expired", payment_id=payment_id),)

    async def refund(
        self, project: Project, *, charge: str, amount: int, currency: str, refund_id: UUID, telegram_id: int | None
    ) -> RefundOutcome:
        body = {"amount": amount, "metadata": {"refund_id": str(refund_id)}}
        answer = await self._call("POST", f"/v1/charges/{charge}/refunds", body=body, key=str(refund_id))
        return RefundOutcome(answer["id"], "succeeded")

    async def transactions(
        self, project: Project, *, since: datetime, settled: Set[str] = frozenset()
    ) -> AsyncIterator[Transaction]:
        query = {"account": project.key, "since": f"{since.timestamp():.0f}"}
        for line in (await self._call("GET", "/v1/transactions", query=query))["items"]:
            at = datetime.fromtimestamp(line["at"], UTC)
            if line["kind"] == "charge":
                fact: Fact = _paid(line, line["metadata"])
                yield Transaction(line["id"], line["amount"], line["currency"], at, (fact,))
            else:
                yield Transaction(line["charge"], -line["amount"], line["currency"], at, (_refunded(line),))

    async def receive(self, project: Project, incoming: Incoming) -> Sequence[Event]:
        if not self._is_signed(incoming):
            raise EventRefused("the signature does not fit")
        try:
            body = json.loads(incoming.body)
            event = Event(str(body["id"]), str(body["type"]), body["data"])
            account = body["account"]
        except (KeyError, TypeError, ValueError) as error:
            raise EventRefused("not an event") from error
        if account != project.key:
            raise EventRefused("of another project")
        return (event,)

    def _is_signed(self, incoming: Incoming) -> bool:
        parts = dict(part.partition("=")[::2] for part in incoming.headers.get(SIGNATURE, "").split(","))
        moment = parts.get("t", "")
        if not moment.isascii() or not moment.isdigit() or abs(time.time() - int(moment)) > TOLERANCE_SECONDS:
            return False
        expected = hmac.digest(self._secret.encode(), f"{moment}.".encode() + incoming.body, "sha256").hex()
        return hmac.compare_digest(parts.get("v1", "").encode(), expected.encode())

    async def understand(self, project: Project, event: Event) -> Sequence[Fact]:
        if event.kind == "payment.paid":
            return (_paid(event.body["charge"], event.body["payment"]["metadata"]),)
        if event.kind == "payment.declined":
            return _facts(event.body["payment"])
        if event.kind == "refund.done":
            return (_refunded(event.body["refund"]),)
        return ()

    async def cancel(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        """Nothing renews there by itself."""

    async def resume(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        """As above."""

    def _body(self, ask: Ask) -> dict[str, Any]:
        return {
            "account": ask.project.key,
            "amount": ask.amount,
            "currency": ask.currency,
            "description": ask.title,
            "language": ask.language,
            "return_url": ask.return_url,
            "webhook_url": f"{self._settings.public_url}/api/v1/payments/{NAME}/{ask.project.slug}",
            "metadata": {"payment_id": str(ask.id)},
            "save_method": ask.renews,
        }

    async def _call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        query: dict[str, str] | None = None,
        key: str | None = None,
    ) -> Any:
        headers = {"authorization": f"Bearer {self._key}"} | ({"idempotency-key": key} if key else {})
        try:
            response = await self._http.request(
                method,
                f"{self._settings.sandbox_bank_url}{path}",
                json=body,
                params=query,
                headers=headers,
                timeout=SECONDS,
            )
        except httpx.HTTPError as error:
            raise ProviderAway from error
        if response.status_code >= 500 or response.status_code == 429:
            raise ProviderAway
        if response.status_code != 200:
            raise ProviderRefused(f"the bank answered {response.status_code}")
        try:
            return json.loads(response.content)
        except ValueError as error:
            raise ProviderAway from error


def _facts(payment: dict[str, Any]) -> Sequence[Fact]:
    """Every charge of a payment with its refunds; a decline only as long as nothing was paid."""
    metadata = payment["metadata"]
    facts: list[Fact] = []
    for charge in payment["charges"]:
        facts.append(_paid(charge, metadata))
        facts.extend(_refunded(refund) for refund in charge["refunds"])
    if payment["state"] == "closed":
        facts.append(Failed("canceled", payment_id=_payment_id(metadata), reference=payment["id"]))
    if payment["state"] == "declined":
        facts.append(Failed("declined", payment_id=_payment_id(metadata), reference=payment["id"]))
    return facts


def _paid(charge: dict[str, Any], metadata: dict[str, str]) -> Paid:
    return Paid(
        charge=charge["id"],
        amount=charge["amount"],
        currency=charge["currency"],
        payment_id=_payment_id(metadata),
        reference=charge["payment"],
        method=charge["method"],
        at=datetime.fromtimestamp(charge["at"], UTC),
    )


def _refunded(refund: dict[str, Any]) -> Refunded:
    ours = refund["metadata"].get("refund_id")
    return Refunded(refund["charge"], refund["id"], refund["amount"], refund["currency"], UUID(ours) if ours else None)


def _payment_id(metadata: dict[str, str]) -> UUID | None:
    try:
        return UUID(metadata["payment_id"])
    except (KeyError, ValueError):
        return None
