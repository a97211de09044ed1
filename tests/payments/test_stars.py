"""The provider of Stars against the desk's Bot API, over HTTP."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.catalogue.library import Project
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Ask, Paid, Photo, ProviderAway, ProviderRefused, Refunded
from app.payments.providers.stars import StarsProvider
from app.sandbox.telegram import create_app
from app.sandbox.telegram.state import Desk as State
from app.settings import Settings
from tests.conftest import serve
from tests.telegram.conftest import LUNA, Desk, project_of, token

BUYER = 5
PERSON = {"id": BUYER, "is_bot": False, "first_name": "Анна"}
MONTH = 2_592_000


@dataclass
class Counter:
    """`state` is the desk from within, for what would take years; everything else goes over HTTP."""

    provider: StarsProvider
    desk: Desk
    state: State
    project: Project

    def ask(self, **changes: Any) -> Ask:
        values: dict[str, Any] = {
            "id": new_id(),
            "project": self.project,
            "order_id": new_id(),
            "telegram_id": BUYER,
            "language": "ru",
            "title": "Три ночи",
            "description": "Три расклада",
            "amount": 105,
            "currency": "XTR",
            "place": "telegram",
            "return_url": "https://tarot.example/luna",
            "expires_at": utc_now() + timedelta(hours=1),
        }
        return Ask(**{**values, **changes})

    async def invoice(self, url: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.desk.look("invoice", slug=url.rpartition("$")[2])
        return found

    def charge(self, ask: Ask, url: str, *, first: str | None = None, at: int | None = None) -> str:
        """The money as Telegram books it, without the bot being asked."""
        invoice = self.state.stars.invoices[url.rpartition("$")[2]]
        made = self.state.stars.charge(invoice, PERSON, chat_id=BUYER, first=first)
        if at is not None:
            self.state.stars.ledger(LUNA).transactions[-1]["date"] = at
        return made.id


@asynccontextmanager
async def open_counter(settings: Settings) -> AsyncIterator[Counter]:
    app = create_app(test_environment=True)
    async with serve(app) as url, httpx.AsyncClient(base_url=url) as client, httpx.AsyncClient() as http:
        desk = Desk(url, client)
        await desk.add_bot(LUNA)
        provider = StarsProvider(settings.model_copy(update={"telegram_api_url": url}), http)
        yield Counter(provider, desk, app.state.desk, project_of(1, "luna", LUNA))


@pytest.fixture
async def counter(settings: Settings) -> AsyncIterator[Counter]:
    async with open_counter(settings) as counter:
        yield counter


class TestInvoices:
    async def test_an_invoice_is_made_for_the_payment(self, counter: Counter) -> None:
        ask = counter.ask()
        started = await counter.provider.start(ask)
        assert (started.reference, started.opens) == (str(ask.id), "invoice")
        shown = await counter.invoice(started.url)
        assert (shown["title"], shown["description"], shown["total_amount"]) == ("Три ночи", "Три расклада", 105)
        assert (shown["currency"], shown["subscription_period"]) == ("XTR", None)
        assert counter.state.stars.invoices[shown["slug"]].payload == str(ask.id)

    @pytest.mark.parametrize(
        ("title", "expected"),
        [
            ("Сорок раскладов для долгих зимних вечеров", "Сорок раскладов для долгих…"),
            ("🔮" * 40, "🔮" * 15 + "…"),
            ("  ", "XTR"),
            ("Ночи\nи дни", "Ночи и дни"),
        ],
    )
    async def test_titles_are_cut_between_words(self, counter: Counter, title: str, expected: str) -> None:
        started = await counter.provider.start(counter.ask(title=title, description="ы" * 400))
        shown = await counter.invoice(started.url)
        assert shown["title"] == expected
        assert len(shown["title"].encode("utf-16-le")) // 2 <= 32
        assert 0 < len(shown["description"]) <= 255

    @pytest.mark.parametrize(
        ("period", "amount", "renews", "expected"),
        [
            ("month", 320, True, MONTH),
            ("month", 10_000, True, MONTH),
            ("month", 10_001, True, None),
            ("year", 2660, True, None),
            ("month", 320, False, None),
        ],
    )
    async def test_only_a_month_renews_and_only_up_to_a_sum(
        self, counter: Counter, period: str, amount: int, renews: bool, expected: int | None
    ) -> None:
        started = await counter.provider.start(counter.ask(amount=amount, renews=renews, period=period))
        assert (await counter.invoice(started.url))["subscription_period"] == expected

    async def test_a_project_without_a_bot_takes_no_stars(self, counter: Counter) -> None:
        nobody = replace(counter.project, bot=None)
        assert counter.provider.account(counter.project) == str(LUNA)
        assert counter.provider.account(nobody) is None
        with pytest.raises(ProviderRefused):
            await counter.provider.start(counter.ask(project=nobody))

    def test_what_has_no_price_in_stars_is_not_sold_for_them(self, settings: Settings) -> None:
        provider = StarsProvider(settings, httpx.AsyncClient())
        project = project_of(1, "luna", LUNA)
        assert provider.price(project, stars=105, money=(19900, "RUB")) == (105, "XTR")
        assert provider.price(project, stars=None, money=(19900, "RUB")) is None


PHOTO = Photo("https://tarot.example/media/abc-720.jpg", 720, 480)
NOBODY_CAN_FETCH_IT = Photo("https://127.0.0.1/media/abc-720.jpg", 720, 480)


class TestPhotos:
    async def test_an_invoice_shows_what_is_sold(self, counter: Counter) -> None:
        shown = await counter.invoice((await counter.provider.start(counter.ask(photo=PHOTO))).url)
        assert (shown["photo_url"], shown["photo_width"], shown["photo_height"]) == (PHOTO.url, 720, 480)

    async def test_there_is_no_photo_without_a_picture(self, counter: Counter) -> None:
        shown = await counter.invoice((await counter.provider.start(counter.ask())).url)
        assert (shown["photo_url"], shown["photo_width"]) == (None, 0)
        (call,) = await counter.desk.calls("createInvoiceLink")
        assert not any(name.startswith("photo") for name in call["parameters"])

    @pytest.mark.parametrize("refusal", ["WEBPAGE_CURL_FAILED", "WEBPAGE_MEDIA_EMPTY", "WEBDOCUMENT_MIME_INVALID"])
    async def test_a_photo_that_telegram_does_not_take_costs_the_photo_alone(
        self, counter: Counter, refusal: str
    ) -> None:
        await counter.desk.fault(method="createInvoiceLink", status=400, description=f"Bad Request: {refusal}", times=1)
        shown = await counter.invoice((await counter.provider.start(counter.ask(photo=PHOTO))).url)
        assert (shown["photo_url"], shown["total_amount"]) == (None, 105)

    async def test_one_that_telegram_cannot_reach_is_left_out(self, counter: Counter) -> None:
        shown = await counter.invoice((await counter.provider.start(counter.ask(photo=NOBODY_CAN_FETCH_IT))).url)
        assert shown["photo_url"] is None
        assert len(await counter.desk.calls("createInvoiceLink")) == 2

    async def test_what_else_is_wrong_is_still_refused(self, counter: Counter) -> None:
        with pytest.raises(ProviderRefused):
            await counter.provider.start(counter.ask(amount=0, photo=PHOTO))

    async def test_a_telegram_that_is_away_is_not_asked_without_it(self, counter: Counter) -> None:
        await counter.desk.fault(method="createInvoiceLink", status=502, times=1)
        with pytest.raises(ProviderAway):
            await counter.provider.start(counter.ask(photo=PHOTO))


class TestFailures:
    @pytest.mark.parametrize("fault", [{"status": 502}, {"status": 429}, {"status": 401}, {"cut": "before"}])
    async def test_what_passes_is_asked_again_and_names_no_token(
        self, counter: Counter, fault: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        await counter.desk.fault(method="createInvoiceLink", times=1, **fault)
        ask = counter.ask()
        with pytest.raises(ProviderAway) as raised:
            await counter.provider.start(ask)
        secret = token(LUNA)
        assert secret not in repr(raised.value) and raised.value.__cause__ is None
        assert secret not in "".join(capsys.readouterr())
        assert (await counter.provider.start(ask)).reference == str(ask.id)

    async def test_a_refusal_keeps_its_words_to_the_log(self, counter: Counter) -> None:
        with pytest.raises(ProviderRefused) as raised:
            await counter.provider.start(counter.ask(amount=0))
        assert raised.value.body() == {"error": "provider_refused", "detail": "The payment provider refused."}


class TestRefunds:
    async def test_a_charge_goes_back_once_however_often_it_is_asked_for(self, counter: Counter) -> None:
        ask = counter.ask()
        charge = counter.charge(ask, (await counter.provider.start(ask)).url)
        for _ in range(2):
            outcome = await counter.provider.refund(
                counter.project, charge=charge, amount=105, currency="XTR", refund_id=new_id(), telegram_id=BUYER
            )
            assert (outcome.reference, outcome.state) == (charge, "succeeded")
        assert counter.state.stars.balance(BUYER) == 10_000

    @pytest.mark.parametrize("telegram_id", [6, None])
    async def test_it_goes_to_nobody_else(self, counter: Counter, telegram_id: int | None) -> None:
        ask = counter.ask()
        charge = counter.charge(ask, (await counter.provider.start(ask)).url)
        with pytest.raises(ProviderRefused):
            await counter.provider.refund(
                counter.project, charge=charge, amount=105, currency="XTR", refund_id=new_id(), telegram_id=telegram_id
            )
        assert counter.state.stars.balance(BUYER) == 10_000 - 105


class TestBooks:
    async def test_a_payment_is_found_with_its_refund(self, counter: Counter) -> None:
        ask, other = counter.ask(), counter.ask()
        link = (await counter.provider.start(ask)).url
        assert await counter.provider.look(counter.project, reference=str(ask.id), payment_id=ask.id) == []
        counter.charge(other, (await counter.provider.start(other)).url)
        charge = counter.charge(ask, link)
        paid, *rest = await counter.provider.look(counter.project, reference=str(ask.id), payment_id=ask.id)
        assert isinstance(paid, Paid) and rest == []
        assert (paid.charge, paid.amount, paid.currency) == (charge, 105, "XTR")
        assert (paid.payment_id, paid.telegram_id, paid.subscription) == (ask.id, BUYER, None)
        counter.state.stars.refund(counter.state.stars.ledger(LUNA).charges[charge])
        _, refunded = await counter.provider.look(counter.project, reference=str(ask.id), payment_id=ask.id)
        assert refunded == Refunded(charge, charge, 105, "XTR")

    async def test_a_renewal_says_until_when_it_pays(self, counter: Counter) -> None:
        ask = counter.ask(renews=True, period="month", amount=320)
        charge = counter.charge(ask, (await counter.provider.start(ask)).url)
        (paid,) = await counter.provider.look(counter.project, reference=str(ask.id), payment_id=ask.id)
        assert isinstance(paid, Paid) and paid.at is not None
        assert (paid.subscription, paid.renewal) == (charge, True)
        assert paid.paid_until == paid.at + timedelta(days=30)

    async def test_long_books_are_read_from_where_it_matters(self, counter: Counter) -> None:
        """In a year there are thousands of lines: only those of the last days are fetched, and their place is sought
        once."""
        ask = counter.ask()
        link = (await counter.provider.start(ask)).url
        now = int(time.time())
        old = 5000
        rows: list[dict[str, Any]] = counter.state.stars.ledger(LUNA).transactions
        rows.extend(_line(f"old{number}", ask.id, now - 400_000 - (old - number)) for number in range(old))
        new = [counter.charge(ask, link, at=now - 200 + number) for number in range(150)]
        since = datetime.fromtimestamp(now - 300_000, UTC)
        found = [line async for line in counter.provider.transactions(counter.project, since=since)]
        assert [line.charge for line in found] == new
        first = len(await counter.desk.calls("getStarTransactions"))
        assert first < 30
        assert [line.charge async for line in counter.provider.transactions(counter.project, since=since)] == new
        assert len(await counter.desk.calls("getStarTransactions")) - first <= 6
        everything = [
            line
            async for line in counter.provider.transactions(counter.project, since=datetime(2020, 1, 1, tzinfo=UTC))
        ]
        assert len(everything) == old + 150

    async def test_what_is_no_invoice_is_left_out_and_foreign_invoices_are_told(self, counter: Counter) -> None:
        now = int(time.time())
        rows = counter.state.stars.ledger(LUNA).transactions
        rows += [
            {"id": "w", "amount": 1000, "date": now, "receiver": {"type": "fragment"}},
            {"id": "g", "amount": 5, "date": now, "source": {"type": "other"}},
            _line("foreign", "somebody-else", now),
        ]
        since = utc_now() - timedelta(days=1)
        (line,) = [line async for line in counter.provider.transactions(counter.project, since=since)]
        (fact,) = line.facts
        assert isinstance(fact, Paid)
        assert (line.charge, fact.payment_id) == ("foreign", None)

    async def test_books_that_cannot_be_read_are_not_empty(self, counter: Counter) -> None:
        await counter.desk.fault(method="getStarTransactions", status=500, times=1)
        with pytest.raises(ProviderAway):
            await counter.provider.look(counter.project, reference="", payment_id=new_id())


def _line(name: str, payload: UUID | str, at: int) -> dict[str, Any]:
    source = {"type": "user", "transaction_type": "invoice_payment", "invoice_payload": str(payload)}
    return {"id": name, "amount": 105, "date": at, "source": {**source, "user": PERSON}}
