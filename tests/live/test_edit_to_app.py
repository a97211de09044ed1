"""From the edit in WordPress to what the Mini App reads, with nothing between a real store and a backend but HTTP.

The backend's own polling is off here and WP-Cron does not run, so that only the notices of the plugin carry a change.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import async_playwright, expect

from tests import chromium
from tests.conftest import Api
from tests.live.pairing import paired_with, run
from tests.live.store import Store

pytestmark = pytest.mark.live

PRICE = """
    $id = Arcana\\Content\\Keys::find(Arcana\\Kind::Package, 'luna-three');
    $product = wc_get_product($id);
    $product->set_regular_price('PRICE');
    $product->save();
"""
STARS = """
    $id = Arcana\\Content\\Keys::find(Arcana\\Kind::Package, 'luna-three');
    update_field('field_arcana_package_stars', 'PRICE', $id);
"""
COST = """
    update_field('field_arcana_spread_cost', 'COST', Arcana\\Content\\Keys::find(Arcana\\Kind::Spread, 'three-cards'));
"""
POSITIONS = """
    $id = Arcana\\Content\\Keys::find(Arcana\\Kind::Spread, 'three-cards');
    $saved = get_option('arcana_live_positions');
    if ($saved) {
        update_post_meta($id, '_arcana_positions', $saved);
        delete_option('arcana_live_positions');
    } else {
        update_option('arcana_live_positions', get_post_meta($id, '_arcana_positions', true), false);
        update_post_meta($id, '_arcana_positions', []);
    }
"""
REPORT = "echo implode(' ', Arcana\\Backend\\Report::about(Arcana\\Kind::Spread, 'three-cards'));"


@pytest.fixture
async def paired(php: Store, api: Api, worker: None) -> AsyncIterator[Store]:
    async with paired_with(php, api) as store:
        yield store


async def luna(api: Api) -> dict[str, Any]:
    catalogue: dict[str, Any] = (await api.client.get("/api/v1/projects/luna/catalogue?lang=ru")).json()
    return catalogue


async def until(api: Api, holds: Any, *, seconds: float) -> float:
    """Seconds until the public catalogue is as wanted."""
    since = time.monotonic()
    while not holds(await luna(api)):
        assert time.monotonic() - since < seconds, await luna(api)
        await asyncio.sleep(0.05)
    return time.monotonic() - since


def price(catalogue: dict[str, Any]) -> int:
    return next(int(row["price"]["amount"]) for row in catalogue["packages"] if row["key"] == "luna-three")


def stars(catalogue: dict[str, Any]) -> int:
    return next(int(row["stars"]) for row in catalogue["packages"] if row["key"] == "luna-three")


def cost(catalogue: dict[str, Any]) -> int:
    return next(int(row["cost"]) for row in catalogue["spreads"] if row["key"] == "three-cards")


class TestScreen:
    async def test_price_changes_before_the_persons_eyes_within_five_seconds(self, paired: Store, api: Api) -> None:
        # No provider of money is set up here, and a price that nobody can pay is not shown.
        before = stars(await luna(api))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.ARGUMENTS)
            page = await browser.new_page(viewport={"width": 390, "height": 844}, locale="ru-RU")
            try:
                await page.goto(f"{api.url}/luna/")
                await page.get_by_text("Сначала осмотреться").click()
                await page.goto(f"{api.url}/luna/packages")
                await expect(page.get_by_text(f"{before} звёзд").first).to_be_visible(timeout=20_000)
                await run(paired, STARS.replace("PRICE", "345"))
                await expect(page.get_by_text("345 звёзд").first).to_be_visible(timeout=5_000)
            finally:
                await run(paired, STARS.replace("PRICE", str(before)))
                await browser.close()


class TestEdit:
    async def test_price_is_in_the_app_within_five_seconds(self, paired: Store, api: Api) -> None:
        before = price(await luna(api))
        assert before != 34_500
        try:
            await run(paired, PRICE.replace("PRICE", "345"))
            assert await until(api, lambda catalogue: price(catalogue) == 34_500, seconds=5) < 5
        finally:
            await run(paired, PRICE.replace("PRICE", str(before // 100)))
        assert await until(api, lambda catalogue: price(catalogue) == before, seconds=5) < 5

    async def test_field_that_woocommerce_does_not_notice(self, paired: Store, api: Api) -> None:
        before = cost(await luna(api))
        try:
            await run(paired, COST.replace("COST", "4"))
            assert await until(api, lambda catalogue: cost(catalogue) == 4, seconds=5) < 5
        finally:
            await run(paired, COST.replace("COST", str(before)))

    async def test_coupon_is_there_within_five_seconds_and_gone_as_fast(self, paired: Store, api: Api) -> None:
        def coupon() -> Any:
            project = api.services.catalogue.library().project_by_slug("luna")
            return project.coupon("speed15") if project else None

        async def until_coupon(holds: Any) -> None:
            since = time.monotonic()
            while not holds(coupon()):
                assert time.monotonic() - since < 5
                await asyncio.sleep(0.05)

        make = "$c = new WC_Coupon(); $c->set_code('Speed15'); $c->set_discount_type('percent'); $c->set_amount(15);"
        await run(paired, make + " $c->save();")
        try:
            await until_coupon(lambda found: found is not None and found.amount == 1500)
            await run(paired, "$c = new WC_Coupon('speed15'); $c->set_amount(12.5); $c->save();")
            await until_coupon(lambda found: found is not None and found.amount == 1250)
        finally:
            await run(paired, "(new WC_Coupon('speed15'))->delete(true);")
        await until_coupon(lambda found: found is None)

    async def test_broken_spread_is_told_to_the_manager_and_costs_only_itself(self, paired: Store, api: Api) -> None:
        await run(paired, POSITIONS)
        try:
            since = time.monotonic()
            while not (words := await run(paired, REPORT)):
                assert time.monotonic() - since < 15
                await asyncio.sleep(0.2)
            assert "/positions" in words
            assert price(await luna(api)) > 0
        finally:
            await run(paired, POSITIONS)
