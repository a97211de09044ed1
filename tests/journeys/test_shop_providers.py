"""Stripe and YooKassa on their own pages: cards that are declined, banks that ask back, receipts, renewals."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import OpenPhone
from tests.journeys.phone import Phone
from tests.journeys.shopping import PAID, button, buy, choose, heading, readings
from tests.journeys.time_machine import TimeMachine

pytestmark = pytest.mark.journey

MAIL = "anna@mail.example"


def touch(phone: Phone, action: str) -> None:
    """A button of the provider's page."""
    phone.page.locator(f"[data-action={action}]").click()


def pay_by(phone: Phone, way: str, *, sum_: str, verb: str = "Оплатить") -> None:
    phone.page.get_by_role("radio", name=way).check()
    button(phone, f"{verb} {sum_}").click()


def contact(phone: Phone) -> Locator:
    return phone.page.get_by_label("Куда прислать чек")


def back_in_the_shop(phone: Phone) -> None:
    phone.page.wait_for_url(f"{phone.base}/{phone.slug}/orders/**")


class TestStripe:
    def test_declined_left_and_paid_after_the_bank_has_asked(self, open_phone: OpenPhone) -> None:
        phone = open_phone().consented()
        before = readings(phone)
        phone.open("packages")
        choose(phone, "Три ночи")
        pay_by(phone, "Карта (Stripe)", sum_="199 ₽")
        expect(phone.page.get_by_role("heading", name=re.compile("^199,00"))).to_be_visible()
        phone.look_over()
        touch(phone, "declined")
        expect(phone.page.get_by_role("alert")).to_be_visible()
        phone.look_over()
        touch(phone, "back")
        back_in_the_shop(phone)
        expect(heading(phone, "Ждём оплату")).to_be_visible()
        assert readings(phone) == before
        button(phone, "Вернуться к оплате").click()
        touch(phone, "secure")
        phone.page.locator("[data-action=yes]").wait_for()
        phone.look_over()
        touch(phone, "yes")
        back_in_the_shop(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        expect(phone.page.get_by_text("Карта (Stripe)")).to_be_visible()
        assert readings(phone) == before + 3

    def test_subscription_is_canceled_in_the_customers_portal(self, open_phone: OpenPhone) -> None:
        phone = open_phone("verbena", "en").consented()
        phone.open("packages")
        choose(phone, "A Month with the Cards", verb="Try it free")
        phone.page.get_by_role("radio", name="Subscribe now").check()
        pay_by(phone, "Card (Stripe)", sum_="₽599", verb="Pay")
        expect(phone.page.get_by_role("button", name="Subscribe")).to_be_visible()
        phone.look_over()
        touch(phone, "good")
        back_in_the_shop(phone)
        expect(heading(phone, "Thank you! It is yours")).to_be_visible(timeout=PAID)
        phone.open("subscription")
        expect(phone.page.get_by_text("It renews by itself on")).to_be_visible()
        phone.look_over()
        button(phone, "Cards and invoices").click()
        phone.page.locator("[data-action=cancel]").wait_for()
        expect(phone.page.get_by_text("A Month with the Cards")).to_be_visible()
        phone.look_over()
        touch(phone, "cancel")
        phone.page.locator("[data-action=resume]").wait_for()
        touch(phone, "back")
        phone.page.wait_for_url("**/verbena/subscription")
        expect(phone.page.get_by_text("and does not renew")).to_be_visible(timeout=PAID)
        expect(button(phone, "Renew again")).to_be_visible()
        phone.look_over()


class TestYooKassa:
    def test_the_receipts_address_is_asked_for_once_and_kept(self, open_phone: OpenPhone) -> None:
        phone = open_phone().consented()
        before = readings(phone)
        phone.open("packages")
        choose(phone, "Три ночи")
        pay_by(phone, "ЮKassa", sum_="199 ₽")
        expect(phone.page.get_by_role("alert")).to_contain_text("адрес почты или номер телефона")
        contact(phone).fill("anna@mail")
        button(phone, "Оплатить 199 ₽").click()
        expect(phone.page.get_by_role("alert")).to_contain_text("адрес почты или номер телефона")
        phone.look_over()
        contact(phone).fill(f" {MAIL} ")
        button(phone, "Оплатить 199 ₽").click()
        expect(phone.page.get_by_role("heading", name=re.compile("^199,00"))).to_be_visible()
        phone.look_over()
        touch(phone, "declined")
        back_in_the_shop(phone)
        expect(heading(phone, "Оплата не прошла")).to_be_visible(timeout=PAID)
        button(phone, "Попробовать ещё раз").click()
        touch(phone, "secure")
        phone.page.locator("[data-action=yes]").wait_for()
        phone.look_over()
        touch(phone, "yes")
        back_in_the_shop(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        expect(phone.page.get_by_text(MAIL)).to_be_visible()
        phone.look_over()
        assert readings(phone) == before + 3
        phone.open("packages/luna-ten")
        phone.page.get_by_role("radio", name="ЮKassa").check()
        expect(contact(phone)).to_have_value(MAIL)

    def test_an_order_without_an_address_gets_it_and_stays_the_same(self, open_phone: OpenPhone) -> None:
        phone = open_phone().consented()
        buy(phone, "Три ночи", at_the_bank="leave")
        order = phone.page.url.partition("?")[0]
        button(phone, "Оплатить иначе").click()
        phone.look_over()
        button(phone, "ЮKassa").click()
        sheet = phone.page.get_by_role("dialog", name="Куда прислать чек")
        sheet.get_by_role("button", name="Оплатить 199 ₽").click()
        expect(sheet.get_by_role("alert")).to_be_visible()
        phone.look_over()
        sheet.get_by_label("Куда прислать чек").fill("8 926 123-45-67")
        sheet.get_by_role("button", name="Оплатить 199 ₽").click()
        touch(phone, "good")
        back_in_the_shop(phone)
        assert phone.page.url == order
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        expect(phone.page.get_by_text("+79261234567")).to_be_visible()
        with phone.api() as client:
            assert len(client.get("/orders").json()["items"]) == 1

    def test_a_renewal_that_fails_is_paid_by_hand(self, open_phone: OpenPhone, time_machine: TimeMachine) -> None:
        phone = open_phone().consented()
        phone.open("packages/luna-month")
        phone.page.get_by_role("radio", name="Сразу подписка").check()
        phone.page.get_by_role("radio", name="ЮKassa").check()
        contact(phone).fill(MAIL)
        button(phone, "Оплатить 599 ₽").click()
        # A card that the bank takes once, and never again without its owner.
        touch(phone, "revokes")
        back_in_the_shop(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        phone.open("subscription")
        expect(phone.page.get_by_text("Продлится сама")).to_be_visible()

        time_machine.end_period(phone.person)
        phone.open("subscription")
        expect(phone.page.get_by_text("Деньги за продление не списались")).to_be_visible(timeout=PAID)
        expect(button(phone, "Оплатить продление: 599 ₽")).to_be_visible(timeout=PAID)
        phone.look_over()
        phone.open("profile")
        expect(phone.page.get_by_text("продление не оплачено")).to_be_visible()
        phone.open("subscription")
        button(phone, "Оплатить продление: 599 ₽").click()
        expect(heading(phone, "Оплата не прошла")).to_be_visible()
        phone.look_over()
        button(phone, "Попробовать ещё раз").click()
        touch(phone, "good")
        back_in_the_shop(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        phone.open("subscription")
        expect(phone.page.get_by_text("Продлится сама")).to_be_visible()
        expect(phone.page.get_by_text("не списались")).to_have_count(0)

    def test_stars_do_not_renew_by_the_year_and_say_so(self, open_phone: OpenPhone) -> None:
        phone = open_phone().consented()
        phone.open("packages/luna-year")
        expect(phone.page.get_by_role("switch", name="Продлевать автоматически")).to_be_visible()
        phone.page.get_by_role("radio", name="Telegram Stars").check()
        expect(phone.page.get_by_text("сама не продлится")).to_be_visible()
        expect(phone.page.get_by_role("switch", name="Продлевать автоматически")).to_have_count(0)
        phone.look_over()
