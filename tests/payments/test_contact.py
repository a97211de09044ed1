"""Receipts go somewhere: a provider that sends them is not asked without an address."""

from dataclasses import replace

import pytest

from app.payments.errors import ContactNeeded
from app.payments.shop import show_shop
from app.users.repository import UserRepository
from tests.payments.stage import Buyer, Shop
from tests.payments.yookassa_shop import yookassa_project


async def contact_for(shop: Shop, buyer: Buyer) -> tuple[list[str], list[str]]:
    """The providers that are offered, and those of them that need a contact."""
    async with shop.database.connection() as connection:
        user = await UserRepository(connection, shop.project.id).get(buyer.id)
        assert user is not None
        shown = await show_shop(connection, shop.services.payments, shop.project, user, coupon=None, place="web")
    return shown["providers"], shown["contact_for"]


async def test_only_where_the_shop_sends_receipts(shop: Shop) -> None:
    buyer = await shop.buyer()
    shop.project = replace(shop.project, payments=yookassa_project(receipts=False).payments)
    offered, needed = await contact_for(shop, buyer)
    assert "yookassa" in offered
    assert needed == []
    order = await shop.order(buyer, provider="yookassa", expected_total=19900, currency="RUB")
    assert (await shop.attempt(order, "yookassa")).state == "new"


async def test_without_one_no_payment_is_begun(shop: Shop) -> None:
    buyer = await shop.buyer()
    shop.project = replace(shop.project, payments=yookassa_project(receipts=True).payments)
    assert (await contact_for(shop, buyer))[1] == ["yookassa"]
    order = await shop.order(buyer, provider="yookassa", expected_total=19900, currency="RUB")
    with pytest.raises(ContactNeeded) as refusal:
        await shop.attempt(order, "yookassa")
    assert refusal.value.body() == {
        "error": "contact_needed",
        "detail": "This provider needs an address for the receipt.",
        "provider": "yookassa",
    }
    assert await shop.payments(order) == []
    other = await shop.order(
        buyer, provider="yookassa", expected_total=19900, currency="RUB", contact="anna@example.com"
    )
    assert (await shop.attempt(other, "yookassa")).state == "new"
