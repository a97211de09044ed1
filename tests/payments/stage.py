"""A shop for tests of money: the demo's catalogue on a real Postgres, people, and what providers say happened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from app.catalogue.library import Coupon, Package, Project
from app.container import Container, open_container
from app.kit.database import Database
from app.payments.orders.payments import Payment, PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.orders.service import Wish
from app.payments.outcome import Outcome, Source
from app.payments.port import Fact, Paid
from app.payments.refunds.repository import Refund, RefundRepository
from app.sandbox.bank import create_app
from app.sandbox.bank.server import Bank
from app.settings import Settings
from app.users.init_data import TelegramPerson
from app.wallet.service import wallet
from tests.conftest import Api, Person, open_api, serve

BANK_KEY = "SANDBOX-bank-key"
BANK_SECRET = "SANDBOX-bank-secret"


def with_bank(settings: Settings, url: str = "http://127.0.0.1:9") -> Settings:
    """The settings of an installation with the bank there; by default nobody listens."""
    return settings.model_copy(
        update={
            "sandbox_bank_url": url,
            "sandbox_bank_key": SecretStr(BANK_KEY),
            "sandbox_bank_secret": SecretStr(BANK_SECRET),
        }
    )


@dataclass
class Buyer:
    id: UUID
    telegram_id: int


class Shop:
    """The services of one process without a server. `project` may be changed: packages, coupons, rules."""

    def __init__(self, services: Container, slug: str = "luna") -> None:
        self.services = services
        self.database: Database = services.database
        found = services.catalogue.library().project_by_slug(slug)
        assert found is not None
        self.project: Project = found
        self._people = 1000

    async def buyer(self, telegram_id: int | None = None) -> Buyer:
        self._people += 1
        number = telegram_id or self._people
        person = TelegramPerson(number, "Анна", None, None, "ru", None)
        async with self.database.transaction() as connection:
            user = await self.services.sessions.meet(connection, project=self.project, person=person)
        return Buyer(user.id, number)

    def change(self, key: str = "luna-three", **changes: Any) -> Package:
        """Another version of a package."""
        package = self.project.package(key)
        assert package is not None
        changed = replace(package, **changes)
        packages = tuple(changed if row.key == key else row for row in self.project.packages)
        self.project = replace(self.project, packages=packages)
        return changed

    def coupon(self, code: str = "test", **values: Any) -> Coupon:
        coupon = Coupon(code, values.pop("kind", "percent"), values.pop("amount", 5000), **values)
        self.project = replace(self.project, coupons=(coupon, *self.project.coupons))
        return coupon

    async def order(self, buyer: Buyer, package: str = "luna-three", **wish: Any) -> Order:
        values = {"provider": "sandbox", "place": "web", "language": "ru", **wish}
        async with self.database.transaction() as connection:
            return await self.services.payments.create(
                connection, self.project, buyer.id, Wish(package_key=package, **values)
            )

    async def attempt(self, order: Order, provider: str = "sandbox") -> Payment:
        async with self.database.transaction() as connection:
            return await self.services.payments.attempt(connection, self.project, order, provider=provider)

    async def begin(self, buyer: Buyer, package: str = "luna-three", **wish: Any) -> tuple[Order, Payment]:
        order = await self.order(buyer, package, **wish)
        return order, await self.attempt(order)

    async def buy(self, buyer: Buyer, package: str = "luna-three", **wish: Any) -> tuple[Order, Payment]:
        """Bought and paid, as they are now."""
        order, payment = await self.begin(buyer, package, **wish)
        outcome = await self.tell(paid(payment))
        assert outcome.state == "done", outcome
        return await self.read(order), await self.read_payment(payment)

    async def tell(self, fact: Fact, *, provider: str = "sandbox", account: str | None = None) -> Outcome:
        async with self.database.transaction() as connection:
            source = Source(self.project.id, provider, account or self.project.key, self.project)
            return await self.services.payments.apply(connection, source, fact)

    async def read(self, order: Order) -> Order:
        async with self.database.connection() as connection:
            found = await OrderRepository(connection, order.project_id).get(order.id)
        assert found is not None
        return found

    async def read_payment(self, payment: Payment) -> Payment:
        async with self.database.connection() as connection:
            found = await PaymentRepository(connection, payment.project_id).get(payment.id)
        assert found is not None
        return found

    async def payments(self, order: Order) -> list[Payment]:
        async with self.database.connection() as connection:
            return await PaymentRepository(connection, order.project_id).of_orders([order.id])

    async def refunds(self, order: Order) -> list[Refund]:
        async with self.database.connection() as connection:
            return await RefundRepository(connection, order.project_id).of_order(order.id)

    async def balances(self, buyer: Buyer) -> tuple[int, int]:
        """(readings, follow-ups) that may be used."""
        async with self.database.connection() as connection:
            found = await wallet.get(connection, project_id=self.project.id, user_id=buyer.id)
        return found["readings"].available, found["follow_ups"].available

    async def rows(self, statement: str, *values: Any) -> list[Any]:
        async with self.database.connection() as connection:
            return await connection.fetch(statement, *values)

    async def value(self, statement: str, *values: Any) -> Any:
        async with self.database.connection() as connection:
            return await connection.fetchval(statement, *values)


def paid(payment: Payment, *, charge: str | None = None, **changes: Any) -> Paid:
    """The provider's word that this payment was paid; each call is a charge of its own."""
    values: dict[str, Any] = {"amount": payment.amount, "currency": payment.currency, "payment_id": payment.id}
    return Paid(charge=charge or f"ch_{uuid4().hex}", **{**values, **changes})


@asynccontextmanager
async def open_shop(settings: Settings, slug: str = "luna") -> AsyncIterator[Shop]:
    async with open_container(settings) as services:
        await services.catalogue.start(refreshing=False)
        yield Shop(services, slug)
        await services.catalogue.stop()


@dataclass
class Counter:
    """The API and the bank beside each other, over real HTTP; `client` is a person's browser."""

    api: Api
    bank: Bank
    client: httpx.AsyncClient

    async def sign_in(self, slug: str = "luna", *, telegram_id: int = 77) -> Person:
        """In an ordinary browser, where other providers than Stars are offered."""
        person = await self.api.sign_in(slug, telegram_id=telegram_id)
        services = self.api.services
        project = services.catalogue.library().project_by_slug(slug)
        assert project is not None
        async with self.api.database.transaction() as connection:
            session = await services.sessions.open(
                connection, project_id=project.id, user_id=UUID(person.session["user"]["id"])
            )
        person.headers["Authorization"] = f"Bearer {session.access_token}"
        return person

    async def press(self, url: str, action: str) -> httpx.Response:
        """What a person does on the bank's page."""
        answer = await self.client.post(f"{url}/{action}")
        assert answer.status_code == 303, answer.text
        return answer


async def place(person: Person, package: str = "luna-three", *, total: int = 19900, key: str | None = None,
                **body: Any) -> httpx.Response:  # fmt: skip
    values = {"package": package, "provider": "sandbox", "expected_total": total, "currency": "RUB", **body}
    return await person.post("/api/v1/orders", json=values, headers={"Idempotency-Key": key or uuid4().hex})


@asynccontextmanager
async def open_counter(settings: Settings) -> AsyncIterator[Counter]:
    app = create_app(key=BANK_KEY, secret=BANK_SECRET, page="", late_seconds=0.3)
    bank: Bank = app.state.bank
    async with serve(app) as bank_url:
        bank.page = bank_url
        async with open_api(with_bank(settings, bank_url)) as api, httpx.AsyncClient(timeout=20) as client:
            # Where webhooks go: known only now.
            api.settings.public_url = api.url
            yield Counter(api, bank, client)
