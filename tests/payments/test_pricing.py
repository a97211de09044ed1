"""Prices are exact: one rule of rounding, the same sum wherever it is shown."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.catalogue.library import Coupon, Package, Payments, Price
from app.payments.errors import CouponInvalid, ProviderNotOffered
from app.payments.orders.pricing import check_package, discount, find_coupon, quote
from app.payments.providers.sandbox import SandboxProvider
from app.payments.providers.stripe import StripeProvider
from app.payments.providers.yookassa import YooKassaProvider
from app.payments.shop import show_shop
from app.payments.sums import share, show
from app.settings import Settings
from app.users.repository import UserRepository
from tests.payments.stage import Shop
from tests.payments.stripe_shop import stripe_project
from tests.payments.yookassa_shop import yookassa_project


def package(**changes: Any) -> Package:
    base = Package("five", {}, {}, "readings", 5, 0, Price(29900, 39900, "RUB"), 160, None)
    return replace(base, **changes)


class TestShare:
    @pytest.mark.parametrize(("amount", "part", "whole", "result"), [
        (100, 1, 3, 33), (101, 1, 2, 51), (1, 1, 2, 1), (29900, 2000, 10000, 5980), (105, 1250, 10000, 13),
        (0, 1, 2, 0),
    ])  # fmt: skip
    def test_rounds_half_up(self, amount: int, part: int, whole: int, result: int) -> None:
        assert share(amount, part, whole) == result


class TestDiscount:
    def test_percent_is_in_hundredths(self) -> None:
        assert discount(Coupon("c", "percent", 1250), package(), 29900) == 3738

    def test_a_fixed_one_takes_the_same_share_off_stars(self) -> None:
        coupon = Coupon("c", "fixed_cart", 10000, "RUB")
        assert discount(coupon, package(), 29900) == 10000
        assert discount(coupon, package(), 160) == share(160, 10000, 29900) == 54

    def test_one_of_more_than_the_price_makes_it_free(self) -> None:
        assert discount(Coupon("c", "fixed_product", 50000, "RUB"), package(), 29900) == 29900
        assert discount(Coupon("c", "percent", 10000), package(), 160) == 160
        assert discount(Coupon("c", "fixed_cart", 1, "RUB", free=True), package(), 160) == 160

    def test_only_a_coupon_for_all_of_it_makes_it_free(self) -> None:
        assert discount(Coupon("c", "percent", 9999), package(), 1) == 0
        assert discount(Coupon("c", "percent", 9999), package(), 100) == 99

    @given(some.integers(1, 10**9), some.integers(1, 20_000))
    def test_never_below_zero_and_never_more_than_the_price(self, amount: int, percent: int) -> None:
        off = discount(Coupon("c", "percent", percent), package(), amount)
        assert 0 <= off <= amount
        assert (off == amount) == (percent >= 10_000)


class TestCoupons:
    @pytest.mark.parametrize(("changes", "reason"), [
        ({"packages": frozenset({"other"})}, "not_for_this"),
        ({"excluded_packages": frozenset({"five"})}, "not_for_this"),
        ({"kind": "fixed_cart", "currency": "USD"}, "not_for_this"),
        ({"minimum": 29901}, "below_minimum"),
        ({"maximum": 29899}, "above_maximum"),
    ])  # fmt: skip
    def test_what_does_not_fit_the_package(self, shop: Shop, changes: dict[str, Any], reason: str) -> None:
        coupon = replace(Coupon("c", "percent", 1000), **changes)
        with pytest.raises(CouponInvalid) as refused:
            check_package(coupon, shop.project, package())
        assert refused.value.facts["reason"] == reason

    def test_a_package_for_stars_alone_takes_percents_only(self, shop: Shop) -> None:
        check_package(Coupon("c", "percent", 1000), shop.project, package(price=None))
        with pytest.raises(CouponInvalid):
            check_package(Coupon("c", "fixed_cart", 1000, "RUB"), shop.project, package(price=None))

    def test_is_found_however_it_is_written_until_it_expires(self, shop: Shop) -> None:
        now = datetime(2026, 11, 21, 12, tzinfo=UTC)
        shop.coupon("moon", expires_at=now)
        found = find_coupon(shop.project, "  MooN ", datetime(2026, 11, 21, 11, 59, tzinfo=UTC))
        assert found is not None and found.code == "moon"
        with pytest.raises(CouponInvalid) as expired:
            find_coupon(shop.project, "moon", now)
        assert expired.value.facts["reason"] == "expired"
        for code in ("nothing", "\x00", "x" * 65):
            with pytest.raises(CouponInvalid) as unknown:
                find_coupon(shop.project, code, now)
            assert unknown.value.facts["reason"] == "unknown"
        assert find_coupon(shop.project, "  ", now) is None

    def test_one_of_another_project_is_unknown_here(self, shop: Shop) -> None:
        shop.coupon("theirs", projects=frozenset({"verbena"}))
        with pytest.raises(CouponInvalid) as unknown:
            find_coupon(shop.project, "theirs", datetime.now(UTC))
        assert unknown.value.facts["reason"] == "unknown"


class TestQuote:
    async def test_shows_sale_and_coupon(self, shop: Shop) -> None:
        bank = shop.services.payments.registry.get("sandbox")
        assert bank is not None
        line = quote(shop.project, package(), Coupon("c", "percent", 1000), [bank]).line("sandbox")
        assert line is not None
        assert (line.currency, line.regular, line.price, line.discount, line.total) == (
            "RUB",
            39900,
            29900,
            2990,
            26910,
        )
        assert quote(shop.project, package(price=None), None, [bank]).lines == ()

    def test_who_does_not_take_such_a_sum_is_not_offered_and_says_what_he_takes(self, shop: Shop) -> None:
        keys = Payments(stripe_project().payments.stripe, yookassa_project().payments.yookassa)
        project = replace(shop.project, payments=keys)
        both = (StripeProvider(httpx.AsyncClient(), api_url=""), YooKassaProvider(httpx.AsyncClient(), api_url=""))
        for amount, currency, offered, refused in (
            (99, "RUB", ["stripe"], [("yookassa", 99, "below_minimum", 100)]),
            (100, "RUB", ["stripe", "yookassa"], []),
            (35_000_001, "RUB", ["stripe"], [("yookassa", 35_000_001, "above_maximum", 35_000_000)]),
            (49, "USD", ["yookassa"], [("stripe", 49, "below_minimum", 50)]),
            (50, "USD", ["stripe", "yookassa"], []),
            # The yen has no hundredths, and neither has Stripe for it.
            (49, "JPY", [], [("stripe", 49, "below_minimum", 50)]),
        ):
            found = quote(project, package(price=Price(amount, None, currency)), None, both)
            assert [line.provider for line in found.lines] == offered
            assert [(row.provider, row.total, row.reason, row.limit) for row in found.refused] == refused

    async def test_a_coupon_that_leaves_too_little_does_not_count(self, shop: Shop) -> None:
        buyer = await shop.buyer()
        shop.project = replace(shop.project, payments=yookassa_project().payments)
        shop.coupon("most", amount=9960)
        async with shop.database.connection() as connection:
            user = await UserRepository(connection, shop.project.id).get(buyer.id)
            assert user is not None
            shown = await show_shop(connection, shop.services.payments, shop.project, user, coupon="most", place="web")
        [offer] = [item for item in shown["items"] if item["package"] == "luna-three"]
        assert "yookassa" not in [price["provider"] for price in offer["prices"]]
        [refused] = [row for row in offer["refused"] if row["provider"] == "yookassa"]
        assert (refused["total"], refused["reason"], refused["limit"]) == (80, "below_minimum", 100)
        with pytest.raises(CouponInvalid) as error:
            await shop.order(buyer, provider="yookassa", coupon="most", contact="anna@example.com")
        assert error.value.facts["reason"] == "below_minimum"
        # Agreed with somebody who takes it, it cannot be paid at YooKassa either.
        order = await shop.order(buyer, coupon="most")
        with pytest.raises(ProviderNotOffered):
            await shop.attempt(order, "yookassa")


class TestShow:
    @pytest.mark.parametrize(("amount", "currency", "language", "text"), [
        (19900, "RUB", "ru", "199\u00a0₽"), (199000, "RUB", "ru", "1\u00a0990\u00a0₽"),
        (1990, "USD", "ru", "19,90\u00a0$"),
        (1990, "USD", "en", "$19.90"), (105, "XTR", "en", "105\u00a0⭐"), (1500, "JPY", "en", "1,500\u00a0JPY"),
        (-500, "RUB", "en", "−5\u00a0₽"), (1234, "KWD", "en", "1.234\u00a0KWD"),
    ])  # fmt: skip
    def test_sums_as_people_write_them(self, amount: int, currency: str, language: str, text: str) -> None:
        assert show(amount, currency, language) == text


class TestSandbox:
    def test_does_not_exist_outside_of_the_demo(self) -> None:
        with pytest.raises(ValueError, match="SANDBOX_BANK_URL"):
            Settings(_env_file=None, sandbox_bank_url="http://127.0.0.1:1")
        with pytest.raises(ValueError, match="demo"):
            SandboxProvider(Settings(_env_file=None), httpx.AsyncClient())
