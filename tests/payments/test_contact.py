"""Receipts go somewhere: a provider that sends them is not asked without an address."""

from dataclasses import replace
from typing import Any

import pytest

from app.payments.errors import ContactNeeded, OrderNotFound
from app.payments.orders.payments import Payment
from app.payments.orders.repository import Order
from app.payments.shop import show_shop
from app.users.repository import UserRepository
from tests.payments.stage import Buyer, Shop
from tests.payments.yookassa_shop import yookassa_project

RUBLES = {"expected_total": 19900, "currency": "RUB"}


async def shown_to(shop: Shop, buyer: Buyer) -> dict[str, Any]:
    async with shop.database.connection() as connection:
        user = await UserRepository(connection, shop.project.id).get(buyer.id)
        assert user is not None
        return await show_shop(connection, shop.services.payments, shop.project, user, coupon=None, place="web")


async def contact_for(shop: Shop, buyer: Buyer) -> tuple[list[str], list[str]]:
    """The providers that are offered, and those of them that need a contact."""
    shown = await shown_to(shop, buyer)
    return shown["providers"], shown["contact_for"]


async def known_to(shop: Shop, buyer: Buyer) -> str | None:
    """What the field is filled with before anybody types."""
    found: str | None = (await shown_to(shop, buyer))["contact"]
    return found


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


async def again(shop: Shop, buyer: Buyer, order: Order, contact: str | None) -> Payment:
    async with shop.database.transaction() as connection:
        return await shop.services.payments.again(
            connection, shop.project, buyer.id, order.id, provider="yookassa", contact=contact
        )


async def test_an_order_without_one_is_given_it_when_it_is_paid_another_way(shop: Shop) -> None:
    buyer = await shop.buyer()
    shop.project = replace(shop.project, payments=yookassa_project(receipts=True).payments)
    order = await shop.order(buyer, **RUBLES)
    bank = await shop.attempt(order)
    with pytest.raises(ContactNeeded):
        await again(shop, buyer, order, None)
    with pytest.raises(OrderNotFound):
        await again(shop, await shop.buyer(), order, "eva@example.com")
    assert (await shop.read(order)).contact is None
    payment = await again(shop, buyer, order, "anna@example.com")
    assert (payment.order_id, payment.provider, payment.amount) == (order.id, "yookassa", 19900)
    assert (await shop.read(order)).contact == "anna@example.com"
    # The page that was opened for it sends the receipt there; another address comes too late.
    assert (await again(shop, buyer, order, "eva@example.com")).id == payment.id
    assert (await shop.read(order)).contact == "anna@example.com"
    assert {row.id for row in await shop.payments(order)} == {bank.id, payment.id}


async def test_the_last_one_is_remembered_for_this_person_alone(shop: Shop) -> None:
    buyer, other = await shop.buyer(), await shop.buyer()
    shop.project = replace(shop.project, payments=yookassa_project(receipts=True).payments)
    for contact in ("anna@example.com", "+79261234567"):
        await shop.order(buyer, provider="yookassa", contact=contact, **RUBLES)
    await shop.order(buyer, **RUBLES)
    assert [await known_to(shop, one) for one in (buyer, other)] == ["+79261234567", None]
    shop.project = replace(shop.project, payments=yookassa_project(receipts=False).payments)
    assert await known_to(shop, buyer) is None
