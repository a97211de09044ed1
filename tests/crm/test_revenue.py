"""Money in the statistics and on a client's card: each currency by itself, refunds when they went, days of UTC."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from PIL import Image, ImageColor

from app.crm.contact import card_text
from app.crm.contact_facts import contact_facts
from app.crm.statistics import Period, Series
from app.crm.statistics_chart import SALES, render, top_of
from app.crm.statistics_money import Money, money, project_line, revenue_lines
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.payments.orders.payments import PaymentRepository
from app.payments.orders.repository import Order, OrderRepository
from app.payments.refunds.repository import RefundRepository
from app.payments.revenue import Customers, Revenue, customers, paid_by, revenue, sales_by_bar
from tests.factories import make_order, make_project, make_user
from tests.payments.subscribing import Subscriber

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0)
TODAY = Period.named("today", NOON)


@dataclass
class Books:
    """Sales of one project, written as if they had come about."""

    connection: Connection
    project_id: int
    user_id: UUID

    async def sell(
        self, amount: int, currency: str = "RUB", *, at: datetime = NOON, provider: str = "stripe",
        user_id: UUID | None = None, kind: str = "purchase", package: str = "three", state: str = "paid",
    ) -> Order:  # fmt: skip
        order_id = await make_order(self.connection, self.project_id, user_id or self.user_id)
        await self.connection.execute(
            """
            UPDATE orders SET state = 'paid', paid_at = $2, total = $3, price = $3, regular = $3, currency = $4,
                kind = $5, package_key = $6
            WHERE id = $1
            """,
            order_id, at, amount, currency, kind, package,
        )  # fmt: skip
        order = await OrderRepository(self.connection, self.project_id).get(order_id)
        assert order is not None
        if amount:
            await self.pay(order, at=at, provider=provider, state=state)
        return order

    async def pay(self, order: Order, *, at: datetime = NOON, provider: str = "stripe", state: str = "paid") -> None:
        await PaymentRepository(self.connection, self.project_id).add_paid(
            order, state=state, provider=provider, account="a", amount=order.total, currency=order.currency,
            charge=f"ch_{new_id()}", reference=None, payer=None, at=at,
        )  # fmt: skip

    async def refund(self, order: Order, amount: int, *, at: datetime = NOON, surplus: bool = False) -> None:
        rows = await PaymentRepository(self.connection, self.project_id).of_orders([order.id])
        payment = next(row for row in rows if (row.state == "surplus") is surplus)
        refund = await RefundRepository(self.connection, self.project_id).add(
            payment, amount=amount, started_by="admin", done_as=f"re_{new_id()}"
        )
        await self.connection.execute("UPDATE refunds SET done_at = $2 WHERE id = $1", refund.id, at)
        if not surplus:
            await self.connection.execute(
                "UPDATE orders SET refunded_amount = refunded_amount + $2 WHERE id = $1", order.id, amount
            )

    async def told(self, *, active: int = 0, language: str = "ru", period: Period = TODAY) -> list[str]:
        found = await money(self.connection, project_ids=[self.project_id], period=period)
        return [line.replace("\u00a0", " ") for line in revenue_lines(found, active=active, language=language)]


async def books_of(connection: Connection, slug: str = "luna") -> Books:
    project_id = await make_project(connection, slug)
    return Books(connection, project_id, await make_user(connection, project_id))


class TestLines:
    async def test_without_sales_it_says_so(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            assert await books.told(active=4) == [
                "💰 Продаж не было",
                "🛒 Купили: 0 из 4 активных (0 %) · подписок: 0",
            ]
            assert (await books.told(language="en"))[1] == "🛒 Buyers: 0 of 0 active (—) · subscriptions: 0"

    async def test_each_currency_has_its_line_with_average_and_refunds(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            first = await books.sell(19900)
            await books.sell(39950)
            await books.sell(105, "XTR", provider="stars")
            await books.sell(1099, "EUR")
            # A gift of the house, and a code that took all of the price: neither is a sale.
            await books.sell(0)
            await books.refund(first, 9900)
            assert await books.told(active=8) == [
                "💰 <b>10,99 €</b> · продаж: 1 · средний чек 10,99 € · возвраты 0 €",
                "💰 <b>499,50 ₽</b> · продаж: 2 · средний чек 299,25 ₽ · возвраты 99 ₽",
                "💰 <b>105 ⭐</b> · продаж: 1 · средний чек 105 ⭐ · возвраты 0 ⭐",
                "🛒 Купили: 1 из 8 активных (12 %) · подписок: 0",
            ]
            english = await books.told(active=8, language="en")
            assert english[2] == "💰 <b>105 ⭐</b> · sales: 1 · on average 105 ⭐ · refunds 0 ⭐"

    async def test_a_refund_of_an_older_sale_may_take_more_than_came_in(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            older = await books.sell(19900, at=NOON - timedelta(days=40))
            await books.refund(older, 19900)
            assert (await books.told())[0].startswith("💰 <b>−199 ₽</b> · продаж: 0 · средний чек 0 ₽ · возвраты 199 ₽")

    async def test_a_surplus_that_went_back_is_neither_sale_nor_refund(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            order = await books.sell(19900)
            await books.pay(order, state="surplus")
            await books.refund(order, 19900, surplus=True)
            assert (await books.told())[0].startswith("💰 <b>199 ₽</b> · продаж: 1 ·")

    async def test_those_who_bought_are_people_and_no_more_than_were_there(self, database: Database) -> None:
        """A renewal is nobody's visit; and whoever paid was here, whatever his last visit says."""
        async with database.transaction() as connection:
            books = await books_of(connection)
            for _ in range(3):
                await books.sell(100)
            await books.sell(100, user_id=await make_user(connection, books.project_id), kind="renewal")
            assert (await books.told(active=4))[-1].startswith("🛒 Купили: 1 из 4 активных (25 %)")
            await books.sell(100, user_id=await make_user(connection, books.project_id))
            assert (await books.told(active=1))[-1].startswith("🛒 Купили: 2 из 2 активных (100 %)")

    async def test_what_runs_is_counted_until_it_ends(self, database: Database) -> None:
        subscriber = await Subscriber.new(database)
        await subscriber.buy()

        async def running() -> Customers:
            async with database.connection() as connection:
                found = await customers(connection, project_ids=[subscriber.project_id], since=MIDNIGHT)
            return found[subscriber.project_id]

        assert (await running()).subscriptions == 1
        async with database.connection() as connection:
            await connection.execute("UPDATE subscriptions SET until = now(), grace_until = NULL")
        assert (await running()).subscriptions == 0

    async def test_no_more_currencies_than_a_caption_has_room_for(self) -> None:
        rows = [Revenue("", currency, 1, 100, 0) for currency in ("BYN", "EUR", "GBP", "KZT", "RUB", "USD", "XTR")]
        lines = revenue_lines(Money(rows, {1: rows}, {1: Customers(1)}, ()), active=1, language="ru")
        assert len(lines) == 5
        assert project_line(Money(rows, {1: rows}, {}, ()), 1, "ru").count(" · ") == 4


class TestBorders:
    async def test_days_begin_and_end_with_utcs(self, database: Database) -> None:
        moments = [MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=1, microseconds=-1)]
        async with database.transaction() as connection:
            # What a server's own zone is changes nothing.
            await connection.execute("SET LOCAL TIME ZONE 'Asia/Vladivostok'")
            books = await books_of(connection)
            orders = [await books.sell(100 * 10**place, at=at) for place, at in enumerate(moments)]
            await books.refund(orders[0], 100, at=moments[1])
            days = await revenue(
                connection, project_ids=[books.project_id], since=MIDNIGHT - timedelta(days=1), by="day"
            )
            assert days == [
                Revenue("2026-11-19", "RUB", 1, 100, 0),
                Revenue("2026-11-20", "RUB", 2, 11_000, 100),
            ]
            until = MIDNIGHT + timedelta(days=1, microseconds=-1)
            (found,) = await revenue(connection, project_ids=[books.project_id], since=MIDNIGHT, until=until)
            assert (found.orders, found.sales, found.refunds) == (1, 1000, 100)

    @pytest.mark.parametrize(
        ("name", "bars"), [("today", {0: 1, 23: 1}), ("week", {5: 1, 6: 2}), ("month", {28: 1, 29: 2})]
    )
    async def test_each_sale_stands_in_its_bar(self, database: Database, name: str, bars: dict[int, int]) -> None:
        period = Period.named(name, NOON)  # type: ignore[arg-type]  # the literals are in the list above
        moments = [MIDNIGHT - timedelta(microseconds=1), MIDNIGHT, MIDNIGHT + timedelta(hours=23, minutes=59)]
        async with database.transaction() as connection:
            books = await books_of(connection)
            for at in moments:
                await books.sell(100, at=at)
            found = await sales_by_bar(
                connection, project_ids=[books.project_id], since=period.since, step=period.step, bars=period.bars
            )
        assert {place: count for place, count in enumerate(found) if count} == bars
        assert len(found) == period.bars

    async def test_packages_and_providers_have_their_sums(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            order = await books.sell(100, package="five")
            await books.sell(50, "XTR", provider="stars", package="five")
            await books.sell(70)
            await books.refund(order, 30)
            ids = [books.project_id]
            assert await revenue(connection, project_ids=ids, since=MIDNIGHT, by="package") == [
                Revenue("five", "RUB", 1, 100, 30),
                Revenue("five", "XTR", 1, 50, 0),
                Revenue("three", "RUB", 1, 70, 0),
            ]
            assert await revenue(connection, project_ids=ids, since=MIDNIGHT, by="provider") == [
                Revenue("stars", "XTR", 1, 50, 0),
                Revenue("stripe", "RUB", 2, 170, 30),
            ]

    async def test_another_projects_money_is_not_ours(self, database: Database) -> None:
        async with database.transaction() as connection:
            ours, theirs = await books_of(connection), await books_of(connection, "verbena")
            order = await theirs.sell(19900)
            await theirs.refund(order, 100)
            assert (await ours.told())[0] == "💰 Продаж не было"
            both = await money(connection, project_ids=[ours.project_id, theirs.project_id], period=TODAY)
            assert [row.net for row in both.revenue] == [19800]
            assert project_line(both, ours.project_id, "ru") == ""
            assert project_line(both, theirs.project_id, "ru").replace("\u00a0", " ") == " · 198 ₽"


class TestChart:
    @pytest.mark.parametrize(
        ("highest", "top"), [(0, 4), (1, 4), (5, 8), (12, 12), (13, 16), (118, 120), (121, 160), (900, 1200)]
    )
    def test_the_scale_is_round_and_not_half_empty(self, highest: int, top: int) -> None:
        assert top_of([0, highest]) == top

    @pytest.mark.parametrize("name", ["today", "week", "month"])
    def test_it_is_drawn_with_and_without_figures(self, name: str) -> None:
        period = Period.named(name, NOON)  # type: ignore[arg-type]  # the literals are in the list above
        pictures = []
        for most in (0, 1, 1_234_567):
            bars = tuple(most for _ in range(period.bars))
            drawn = render(Series(bars, bars, bars), period, sales=bars, title="Луна " * 20, subtitle="", language="ru")
            with Image.open(io.BytesIO(drawn)) as image:
                assert (image.format, image.size) == ("PNG", (1080, 1350))
                pictures.append(image.convert("RGB").tobytes())
        assert len(set(pictures)) == 3

    def test_sales_have_a_scale_of_their_own(self) -> None:
        """Three of them beside thousands of newcomers are three bars that one sees."""
        period = Period.named("week", NOON)
        many, few = (5000,) * 7, (0, 0, 0, 0, 0, 0, 3)
        drawn = render(Series(many, many, many), period, sales=few, title="", subtitle="", language="ru")
        with Image.open(io.BytesIO(drawn)) as image:
            sales = ImageColor.getrgb(SALES)
            pixels = image.convert("RGB").crop((700, 900, 1080, 1350)).tobytes()
            assert sum(pixels[at : at + 3] == bytes(sales) for at in range(0, len(pixels), 3)) > 2000


class TestCard:
    async def test_it_says_what_the_client_has_paid_and_not_got_back(self, database: Database) -> None:
        async with database.transaction() as connection:
            books = await books_of(connection)
            assert await paid_by(connection, project_id=books.project_id, user_id=books.user_id) == []
            order = await books.sell(19900)
            await books.sell(5000)
            await books.sell(105, "XTR", provider="stars")
            stranger = await make_user(connection, books.project_id)
            await books.sell(77700, user_id=stranger)
            await books.refund(order, 9900)
            back = await books.sell(99, "EUR")
            await books.refund(back, 99)
            paid = await paid_by(connection, project_id=books.project_id, user_id=books.user_id)
            assert [(one.currency, one.amount) for one in paid] == [("RUB", 15000), ("XTR", 105)]
            facts = await contact_facts(connection, project_id=books.project_id, user_id=books.user_id)
            assert facts is not None
            for language, line in (("ru", "Оплаты: 150 ₽, 105 ⭐"), ("en", "Paid: 150 ₽, 105 ⭐")):
                told = card_text(facts, language)
                assert line in told.replace("\u00a0", " ")
