"""The demo's sandboxes keep their books: money that was taken before the demo was started anew is still there."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import demo_payments
from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.demo import bot_registrar, serve
from app.kit.ids import new_id
from app.payments import reconciliation
from app.payments.port import Provider
from app.sandbox import telegram as telegram_sandbox
from app.sandbox.bank.server import Bank
from app.sandbox.keeping import Keeping
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.telegram import stars_keeping
from app.sandbox.telegram.state import Desk as TelegramDesk
from app.sandbox.yookassa.state import Desk as YooKassaDesk
from app.settings import Settings
from tests import conftest
from tests.conftest import Api, Person, open_api
from tests.payments.stage import Counter, place

PROVIDERS = ("stripe", "yookassa", "sandbox", "stars")


@dataclass
class Sandboxes:
    """One run of them."""

    stripe: StripeDesk
    yookassa: YooKassaDesk
    bank: Bank
    telegram: TelegramDesk


@dataclass
class House:
    """An installation whose sandboxes come and go, at the same addresses."""

    api: Api
    ports: list[int]
    client: httpx.AsyncClient

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Sandboxes]:
        """As the demo runs them."""
        settings, catalogue = self.api.settings, self.api.services.catalogue
        telegram = telegram_sandbox.create_app(test_environment=True)
        bot_registrar(telegram.state.desk)(catalogue.library())
        stars = demo_payments.keep(telegram, settings, "stars", stars_keeping, telegram.state.desk.stars)
        stripe, yookassa, bank = demo_payments.create_apps(settings, catalogue)
        async with AsyncExitStack() as stack:
            for app, port in zip((stripe, yookassa, bank, stars), self.ports, strict=True):
                await stack.enter_async_context(serve(app, socket.create_server(("127.0.0.1", port))))
            yield Sandboxes(stripe.app.state.desk, yookassa.app.state.desk, bank.app.state.bank, telegram.state.desk)

    @property
    def project(self) -> Project:
        found = self.catalogue.library().project_by_slug("luna")
        assert found is not None
        return found

    @property
    def catalogue(self) -> Catalogue:
        return self.api.services.catalogue

    def provider(self, name: str) -> Provider:
        found = self.api.services.payments.registry.get(name)
        assert found is not None
        return found

    async def compare(self) -> dict[str, dict[str, int]]:
        """What the hourly comparison counts, of each provider."""
        services = self.api.services
        return {
            name: await reconciliation.compare(services.payments, services.database, self.project, self.provider(name))
            for name in PROVIDERS
        }

    async def value(self, statement: str, *values: Any) -> Any:
        async with self.api.database.connection() as connection:
            return await connection.fetchval(statement, *values)

    async def begin(self, person: Person, provider: str, **body: Any) -> str:
        """The provider's name for a payment that waits."""
        answer = await place(person, provider=provider, **body)
        assert answer.status_code == 201, answer.text
        reference: str = await self.value(
            "SELECT reference FROM payments WHERE provider = $1 AND order_id = $2::uuid", provider,
            answer.json()["order"]["id"],
        )  # fmt: skip
        return reference

    async def buy(self, sandboxes: Sandboxes) -> None:
        """With every provider; nobody works on what they tell, so that the comparison has to find it."""
        counter = Counter(self.api, sandboxes.bank, self.client)
        person = await counter.sign_in()
        settings = self.api.settings
        reference = await self.begin(person, "stripe")
        paid = await self.client.post(f"{settings.stripe_api_url}/sandbox/pay", json={"session": reference})
        assert paid.json()["outcome"] == "paid"
        reference = await self.begin(person, "yookassa", contact="anna@example.com")
        shop = settings.yookassa_api_url.removesuffix(demo_payments.VERSION)
        paid = await self.client.post(f"{shop}/sandbox/pay", json={"payment": reference})
        assert paid.json()["outcome"] == "paid"
        reference = await self.begin(person, "sandbox")
        await counter.press(f"{settings.sandbox_bank_url}/pay/{reference}", "silent")
        guest = await self.api.sign_in(telegram_id=78)
        await self.begin(guest, "stars", total=105, currency="XTR")
        stars = sandboxes.telegram.stars
        stars.charge(next(iter(stars.invoices.values())), {"id": 78, "is_bot": False, "first_name": "Анна"}, chat_id=78)


@pytest.fixture
async def house(stocked_settings: Settings) -> AsyncIterator[House]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
    ports = [row.getsockname()[1] for row in sockets]
    for row in sockets:
        row.close()
    stripe, yookassa, bank, telegram = (f"http://127.0.0.1:{port}" for port in ports)
    places = demo_payments.environment(stripe=stripe, yookassa=yookassa, bank=bank)
    secret = ("SANDBOX_BANK_KEY", "SANDBOX_BANK_SECRET")
    changes = {name.lower(): SecretStr(value) if name in secret else value for name, value in places.items()}
    settings = stocked_settings.model_copy(update={**changes, "telegram_api_url": telegram})
    async with open_api(settings) as api, httpx.AsyncClient(timeout=20) as client:
        yield House(api, ports, client)


async def test_books_are_the_same_after_the_demo_was_started_anew(house: House) -> None:
    async with house.run() as sandboxes:
        await house.buy(sandboxes)
        found = await house.compare()
        assert {name: (counts["lines"], counts["done"]) for name, counts in found.items()} == dict.fromkeys(
            PROVIDERS, (1, 1)
        )
        # Old enough for somebody to miss it.
        await house.value("UPDATE payments SET paid_at = now() - interval '1 hour'")
    async with house.run() as sandboxes:
        found = await house.compare()
        assert {name: (counts["lines"], counts["done"], counts["missing"]) for name, counts in found.items()} == (
            dict.fromkeys(PROVIDERS, (1, 0, 0))
        )
        assert await house.value("SELECT count(*) FROM staff_cards WHERE kind = 'payment_missing'") == 0
        assert sandboxes.telegram.stars.balance(78) == 10_000 - 105
        # And it can be given back.
        for name in PROVIDERS:
            charge, amount, currency = await house.value(
                "SELECT (charge, amount, currency) FROM payments WHERE provider = $1 AND state = 'paid'", name
            )
            outcome = await house.provider(name).refund(
                house.project, charge=charge, amount=amount, currency=currency, refund_id=new_id(), telegram_id=78
            )
            assert outcome.state == "succeeded"
    # Without them, all of that money would be missed.
    shutil.rmtree(house.api.settings.data_dir / "sandbox")
    async with house.run():
        found = await house.compare()
        assert {name: counts["missing"] for name, counts in found.items()} == dict.fromkeys(PROVIDERS, 1)


async def test_what_was_due_happens_after_a_restart(house: House) -> None:
    async with house.run() as sandboxes:
        person = await Counter(house.api, sandboxes.bank, house.client).sign_in()
        session = await house.begin(person, "stripe")
        payment = await house.begin(person, "yookassa", contact="anna@example.com")
        late = await house.begin(person, "sandbox")
        answer = await house.client.post(f"{house.api.settings.sandbox_bank_url}/pay/{late}/late")
        assert answer.status_code == 303
        sandboxes.bank.books.payments[late].arrives_at = 1.0
    async with house.run() as sandboxes:
        sandboxes.stripe.ahead = sandboxes.yookassa.ahead = 2 * 24 * 3600
        sandboxes.stripe.tick()
        sandboxes.yookassa.tick()
        assert sandboxes.stripe.find(session)[1]["status"] == "expired"
        assert sandboxes.yookassa.find(payment)[1]["status"] == "canceled"
        async with asyncio.timeout(20):
            while sandboxes.bank.books.payments[late].state != "paid":
                await asyncio.sleep(0.01)


class TestKeeping:
    def kept(self, path: Path, bank: dict[str, str]) -> Keeping:
        """A sandbox that remembers one word."""

        async def say(request: Request) -> Response:
            bank["word"] = (await request.body()).decode()
            return Response()

        def load(data: bytes) -> None:
            bank["word"] = data.decode("ascii")

        app = Starlette(routes=[Route("/", say, methods=["POST"])])
        return Keeping(app, path, dump=lambda: bank["word"].encode(), load=load)

    async def test_written_while_it_runs(self, tmp_path: Path) -> None:
        """Whoever kills the demo loses nothing but the last moment."""
        path, bank = tmp_path / "sandbox" / "one.json", {"word": ""}
        async with conftest.serve(self.kept(path, bank)) as url, httpx.AsyncClient() as client:
            for word in ("one", "two"):
                await client.post(url, content=word)
                async with asyncio.timeout(20):
                    while not path.exists() or path.read_text() != word:
                        await asyncio.sleep(0.01)
        assert path.stat().st_mode & 0o777 == 0o600
        again = {"word": ""}
        self.kept(path, again)
        assert again == {"word": "two"}

    async def test_what_is_not_readable_is_begun_anew(self, tmp_path: Path) -> None:
        path, bank = tmp_path / "one.json", {"word": "new"}
        path.write_text("старое")
        kept = self.kept(path, bank)
        assert bank == {"word": "new"}
        kept.write()
        assert path.read_text() == "new"
