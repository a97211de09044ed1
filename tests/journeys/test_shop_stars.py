"""Buying inside Telegram, where only Stars are offered: the invoice opens over the Mini App."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import OpenDesk
from tests.journeys.desk import World

pytestmark = pytest.mark.journey

# What the bot and the worker need for a payment, on a busy machine.
PAID = 30_000


def test_invoice_closed_and_then_paid(open_desk: OpenDesk, world: World) -> None:
    desk = open_desk()
    desk.open(left=world.person("Зоя"), right=world.person("Коллега"))
    desk.left.chat("Луна")
    desk.left.button("Начать", exact=True).click()
    desk.left.hears("Добрый вечер")
    desk.left.root.locator(".inline-button").first.click()
    app = desk.left.app
    app.get_by_text("Со всем этим соглашаюсь").click()
    app.get_by_role("button", name="Продолжить").click()
    app.get_by_role("button", name="Открыть карты").click()
    app.get_by_role("button", name=re.compile("^Баланс")).click()
    expect(app.get_by_text("прежняя цена: 320 звёзд")).to_be_visible()
    app.get_by_role("button", name="Выбрать Полнолуние").click()
    # There is but one way to pay.
    expect(app.get_by_text("Способ оплаты")).to_have_count(0)
    app.get_by_role("button", name="Оплатить 256 звёзд").click()
    invoice = desk.left.root.get_by_role("dialog", name="Счёт")
    expect(invoice).to_contain_text("Полнолуние")
    invoice.get_by_role("button", name="Отмена").click()
    expect(app.get_by_role("heading", name="Ещё не оплачено")).to_be_visible()

    app.get_by_role("button", name="Оплатить 256 звёзд").click()
    invoice.get_by_role("button", name=re.compile("^Оплатить")).click()
    expect(app.get_by_role("heading", name="Спасибо! Всё готово")).to_be_visible(timeout=PAID)
    expect(app.get_by_text("Telegram Stars")).to_be_visible()
    expect(app.get_by_text("уже на балансе")).to_be_visible()
