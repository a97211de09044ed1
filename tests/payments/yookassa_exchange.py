"""All that we ask of YooKassa and all that its sandbox answers, written down in the course of sales and refunds."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Paid, ProviderRefused
from app.sandbox.yookassa import cards
from tests.payments.yookassa_shop import Shop, open_shop, yookassa_project


@dataclass(frozen=True)
class Exchange:
    """`body` is None where nothing was sent; `path` is without the version."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: Any
    status: int
    answer: Any

    @property
    def name(self) -> str:
        """As `POST /payments 200`, with ids left out."""
        return f"{self.method} {re.sub(r'/[0-9a-f-]{20,}', '/{id}', self.path)} {self.status}"


async def record() -> list[Exchange]:
    """Sales, once and with a saved method, renewed, declined, given back, listed; with and without receipts."""
    said: list[Exchange] = []

    async def note(response: httpx.Response) -> None:
        await response.aread()
        url, sent = response.request.url, response.request.content
        if url.path.startswith("/v3/"):
            body = json.loads(sent) if sent else None
            query = url.params.multi_items()
            said.append(
                Exchange(response.request.method, url.path[3:], query, body, response.status_code, response.json())
            )

    for receipts in (False, True):
        project = yookassa_project(receipts=receipts, **({"vat_code": 11, "tax_system": 2} if receipts else {}))
        async with open_shop(project) as shop:
            shop.http.event_hooks["response"].append(note)
            await _trade(shop)
    return said


async def _trade(shop: Shop) -> None:
    for contact in ("+79991234567", "anna@example.com"):
        ask, _, (paid,) = await shop.sold(contact=contact)
        assert isinstance(paid, Paid)
        await shop.provider.refund(
            shop.project,
            charge=paid.charge,
            amount=900,
            currency="RUB",
            refund_id=new_id(),
            telegram_id=ask.telegram_id,
        )
    _, _, (saved,) = await shop.sold(contact="anna@example.com", renews=True, period="month")
    assert isinstance(saved, Paid) and saved.method is not None
    assert await shop.provider.charge(shop.ask(contact="anna@example.com"), method=saved.method)
    declined = await shop.provider.start(shop.ask(contact="anna@example.com"))
    await shop.pay(declined, cards.DECLINED)
    assert await shop.facts()
    lines = shop.provider.transactions(shop.project, since=utc_now() - timedelta(days=1))
    assert len([line async for line in lines]) == 6
    with pytest.raises(ProviderRefused):
        await shop.provider.refund(
            shop.project, charge=saved.charge, amount=10**9, currency="RUB", refund_id=new_id(), telegram_id=77
        )
    with pytest.raises(ProviderRefused):
        await shop.provider.look(shop.project, reference="22c5d173-000f-5000-9000-1bdf241d4651", payment_id=new_id())
