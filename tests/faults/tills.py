"""Where people pay: the page of each sandbox provider, what may go wrong there, and the provider's own books."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import httpx

from app.sandbox.bank.server import Bank
from app.sandbox.stripe import cards as stripe_cards
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.telegram.state import Desk as TelegramDesk
from app.sandbox.yookassa import cards as yookassa_cards
from app.sandbox.yookassa.state import Desk as YooKassaDesk


@dataclass(frozen=True)
class Charge:
    """Money that a provider took for a payment of ours, and how much of it went back."""

    provider: str
    id: str
    payment_id: UUID
    amount: int
    currency: str
    refunded: int


class Till(ABC):
    """`copies`: how often the shop hears of it. `tamper`: another sum stands on the page than was agreed."""

    name: str

    @abstractmethod
    async def pay(self, url: str, person: int, *, copies: int = 1) -> None: ...

    @abstractmethod
    async def decline(self, url: str, person: int) -> None: ...

    @abstractmethod
    def tamper(self, url: str) -> None: ...

    @abstractmethod
    def charges(self) -> list[Charge]: ...

    @abstractmethod
    def asked(self) -> list[str]:
        """Our payments, as often as the provider has made a page for them."""

    @abstractmethod
    def taken(self) -> list[str]:
        """The events that the shop has taken, by the provider's names: it answered 2xx, and is not told again."""

    @abstractmethod
    async def idle(self) -> None:
        """Until every notification was taken."""


@dataclass
class BankTill(Till):
    bank: Bank
    browser: httpx.AsyncClient
    name: str = "sandbox"

    async def press(self, url: str, action: str) -> None:
        answer = await self.browser.post(f"{url}/{action}")
        assert answer.status_code == 303, answer.text

    async def pay(self, url: str, person: int, *, copies: int = 1) -> None:
        await self.press(url, f"pay?copies={copies}" if copies else "silent")

    async def decline(self, url: str, person: int) -> None:
        await self.press(url, "decline")

    def tamper(self, url: str) -> None:
        self.bank.books.payments[_last(url)].amount += 100

    def charges(self) -> list[Charge]:
        payments = self.bank.books.payments
        return [
            Charge(self.name, row.id, UUID(payments[row.payment].metadata["payment_id"]), row.amount, row.currency,
                   row.refunded)
            for row in self.bank.books.charges.values()
        ]  # fmt: skip

    def asked(self) -> list[str]:
        return [row.metadata["payment_id"] for row in self.bank.books.payments.values()]

    def taken(self) -> list[str]:
        return [event["id"] for _, event, status in self.bank.webhooks.sent if status == 200]

    async def idle(self) -> None:
        await self.bank.webhooks.idle()


@dataclass
class StripeTill(Till):
    desk: StripeDesk
    url: str
    browser: httpx.AsyncClient
    name: str = "stripe"

    async def pay(self, url: str, person: int, *, copies: int = 1) -> None:
        if copies == 1:
            answer = await self.browser.post(url, data={"number": stripe_cards.GOOD})
            assert answer.status_code == 303, answer.text
        else:
            body = {"session": _last(url), "copies": copies}
            answer = await self.browser.post(f"{self.url}/sandbox/pay", json=body)
            assert answer.json()["outcome"] == "paid", answer.text

    async def decline(self, url: str, person: int) -> None:
        answer = await self.browser.post(url, data={"number": stripe_cards.DECLINED})
        assert answer.status_code == 402, answer.text

    def tamper(self, url: str) -> None:
        self.desk.find(_last(url))[1]["amount_total"] += 100

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [row for account in self.desk.accounts.values() for row in account.all(kind)]

    def charges(self) -> list[Charge]:
        back: dict[str, int] = {}
        for row in self._all("refund"):
            assert row["status"] == "succeeded", row
            back[row["payment_intent"]] = back.get(row["payment_intent"], 0) + row["amount"]
        return [
            Charge(self.name, row["id"], UUID(row["metadata"]["payment"]), row["amount_received"],
                   row["currency"].upper(), back.get(row["id"], 0))
            for row in self._all("payment_intent") if row["status"] == "succeeded"
        ]  # fmt: skip

    def asked(self) -> list[str]:
        return [row["metadata"]["payment"] for row in self._all("checkout.session")]

    def taken(self) -> list[str]:
        return [row["event"].split()[1] for row in self.desk.delivery.log if 200 <= row["status"] < 300]

    async def idle(self) -> None:
        await self.desk.delivery.idle()


@dataclass
class YooKassaTill(Till):
    desk: YooKassaDesk
    url: str
    browser: httpx.AsyncClient
    name: str = "yookassa"

    async def pay(self, url: str, person: int, *, copies: int = 1) -> None:
        if copies == 1:
            answer = await self.browser.post(url, data={"number": yookassa_cards.GOOD})
            assert answer.status_code == 303, answer.text
        else:
            body = {"payment": _order(url), "copies": copies}
            answer = await self.browser.post(f"{self.url}/sandbox/pay", json=body)
            assert answer.json()["outcome"] == "paid", answer.text

    async def decline(self, url: str, person: int) -> None:
        body = {"payment": _order(url), "card": yookassa_cards.DECLINED}
        answer = await self.browser.post(f"{self.url}/sandbox/pay", json=body)
        assert answer.json()["outcome"] == "canceled", answer.text

    def tamper(self, url: str) -> None:
        amount = self.desk.find(_order(url))[1]["amount"]
        amount["value"] = str(Decimal(amount["value"]) + 1)

    def _all(self) -> list[dict[str, Any]]:
        return [row for shop in self.desk.shops.values() for row in shop.payments.values()]

    def charges(self) -> list[Charge]:
        return [
            Charge(self.name, row["id"], UUID(row["metadata"]["payment"]), _cents(row["amount"]),
                   row["amount"]["currency"], _cents(row["refunded_amount"]))
            for row in self._all() if row["status"] == "succeeded"
        ]  # fmt: skip

    def asked(self) -> list[str]:
        return [row["metadata"]["payment"] for row in self._all()]

    def taken(self) -> list[str]:
        return [row["event"].replace(" ", ":") for row in self.desk.delivery.log if 200 <= row["status"] < 300]

    async def idle(self) -> None:
        await self.desk.delivery.idle()


@dataclass
class StarsTill(Till):
    desk: TelegramDesk
    url: str
    browser: httpx.AsyncClient
    name: str = "stars"

    async def order(self, url: str, person: int, **how: bool) -> dict[str, Any]:
        """A bot that did not agree in time is asked again: the person presses the button once more."""
        while True:
            body = {"user": {"id": person, "first_name": "Анна", "language_code": "ru"}, "link": url, **how}
            answer = await self.browser.post(f"{self.url}/sandbox/pay", json=body)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            if found.get("error") != "BOT_PRECHECKOUT_TIMEOUT":
                return found

    async def pay(self, url: str, person: int, *, copies: int = 1) -> None:
        found = await self.order(url, person, twice=copies == 2, silent=copies == 0)
        assert found["status"] == "paid", found

    async def refuse(self, url: str, person: int) -> None:
        """Our bot does not let this payment happen."""
        found = await self.order(url, person)
        assert found["status"] == "failed", found

    async def decline(self, url: str, person: int) -> None:
        found = await self.order(url, person, decline=True)
        assert found["status"] == "cancelled", found

    def tamper(self, url: str) -> None:
        slug = _last(url).removeprefix("$")
        invoice = self.desk.stars.invoices[slug]
        self.desk.stars.invoices[slug] = replace(invoice, amount=invoice.amount + 1)

    def charges(self) -> list[Charge]:
        ledgers = [self.desk.stars.ledger(bot_id) for bot_id in self.desk.bots_by_id]
        return [
            Charge(self.name, row.id, UUID(row.invoice.payload), row.invoice.amount, "XTR",
                   row.invoice.amount if row.refunded else 0)
            for ledger in ledgers for row in ledger.charges.values()
        ]  # fmt: skip

    def asked(self) -> list[str]:
        # An invoice link costs nothing, and of several only one can be paid: our bot sees to that.
        return []

    def taken(self) -> list[str]:
        return []

    async def idle(self) -> None:
        while any(bot.updates for bot in self.desk.bots.values()):
            await asyncio.sleep(0.05)


def _last(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


def _order(url: str) -> str:
    return parse_qs(urlsplit(url).query)["orderId"][0]


def _cents(amount: dict[str, str]) -> int:
    return int(Decimal(amount["value"]) * 100)
