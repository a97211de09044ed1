"""Buying in a browser, at the sandbox's bank: what people pay for, what goes wrong, and where it leads back to."""

import re

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone
from tests.journeys.shopping import PAID, button, buy, choose, decide, heading, pay, readings

pytestmark = pytest.mark.journey


def use_code(phone: Phone, code: str) -> None:
    if not phone.page.get_by_label("Промокод").is_visible():
        button(phone, "Есть промокод").click()
    phone.page.get_by_label("Промокод").fill(code)
    button(phone, "Применить").click()


def spend_all(phone: Phone) -> None:
    """Five free readings: a Celtic Cross for three and a choice for two."""
    with phone.api() as client:
        for spread in ("celtic-cross", "choice"):
            headers = {"Idempotency-Key": f"spend-{spread}"}
            assert client.post("/readings", json={"spread": spread}, headers=headers).status_code == 201


class TestBuying:
    def test_package(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        before = readings(phone)
        phone.open("packages")
        heading(phone, "Полнолуние").wait_for()
        phone.look_over()
        choose(phone, "Полнолуние")
        phone.page.get_by_role("radio", name="Игрушечные деньги").check()
        expect(phone.page.get_by_text("600 ₽")).to_be_visible()
        phone.look_over()
        pay(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        phone.look_over()
        assert readings(phone) == before + 10
        phone.open("orders")
        row = phone.page.get_by_role("listitem").filter(has_text="Полнолуние")
        expect(row).to_contain_text("480 ₽")
        expect(row).to_contain_text("Оплачено")
        phone.look_over()
        row.get_by_role("button").click()
        expect(heading(phone, "Чек")).to_be_visible()
        expect(phone.page.get_by_text("Игрушечные деньги")).to_be_visible()

    def test_empty_balance_leads_here_and_back_to_the_question(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("spreads/three-cards/question")
        phone.page.get_by_role("textbox").fill("Куда мне дальше?")
        spend_all(phone)
        phone.page.get_by_role("main").get_by_role("button").last.click()
        expect(heading(phone, "Расклады закончились")).to_be_visible()
        expect(phone.page.get_by_text("Твой вопрос сохранён.")).to_be_visible()
        phone.look_over()
        choose(phone, "Три ночи")
        pay(phone)
        heading(phone, "Спасибо! Всё готово").wait_for(timeout=PAID)
        button(phone, "Вернуться к вопросу").click()
        expect(phone.page.get_by_role("textbox")).to_have_value("Куда мне дальше?")
        phone.page.get_by_role("main").get_by_role("button").last.click()
        phone.place(38).wait_for()

    def test_the_bank_declines(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        before = readings(phone)
        buy(phone, "Три ночи", at_the_bank="decline")
        expect(heading(phone, "Оплата не прошла")).to_be_visible(timeout=PAID)
        expect(phone.page.get_by_text("Банк отказал, ничего не списано.")).to_be_visible()
        phone.look_over()
        assert readings(phone) == before
        button(phone, "Попробовать ещё раз").click()
        decide(phone, "pay")
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        assert readings(phone) == before + 3

    def test_an_order_can_be_left_and_come_back_to(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        buy(phone, "Три ночи", at_the_bank="leave")
        expect(heading(phone, "Ждём оплату")).to_be_visible()
        phone.look_over()
        phone.open("orders")
        expect(phone.page.get_by_text("Ждёт оплаты")).to_be_visible()
        phone.page.get_by_role("listitem").get_by_role("button").click()
        button(phone, "Вернуться к оплате").click()
        decide(phone, "pay")
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)

    def test_an_order_can_be_canceled(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        buy(phone, "Три ночи", at_the_bank="leave")
        button(phone, "Отменить заказ").click()
        phone.look_over()
        phone.page.get_by_role("dialog").get_by_role("button", name="Отменить заказ").click()
        expect(heading(phone, "Заказ отменён")).to_be_visible()
        phone.look_over()
        button(phone, "Оформить заново").click()
        expect(heading(phone, "Три ночи")).to_be_visible()

    def test_a_lost_answer_buys_once(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("packages")
        choose(phone, "Три ночи")
        keys: list[str] = []

        def lose(route: Route) -> None:
            keys.append(route.request.headers["idempotency-key"])
            if len(keys) > 1:
                route.continue_()
                return
            route.fetch()
            route.abort("connectionreset")

        phone.page.route("**/api/v1/orders", lose)
        phone.page.get_by_role("radio", name="Игрушечные деньги").check()
        button(phone, "Оплатить 199 ₽").click()
        decide(phone, "pay")
        heading(phone, "Спасибо! Всё готово").wait_for(timeout=PAID)
        assert len(keys) >= 2 and len(set(keys)) == 1
        phone.page.unroute("**/api/v1/orders")
        with phone.api() as client:
            assert len(client.get("/orders").json()["items"]) == 1

    def test_a_price_that_has_changed_is_shown_before_it_is_paid(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()

        def outdate(route: Route) -> None:
            answer = route.fetch()
            body = answer.json()
            for item in body["items"]:
                for price in item["prices"]:
                    price["total"] = price["price"] = price["regular"] = 100
            route.fulfill(response=answer, json=body)

        phone.page.route("**/api/v1/shop", outdate)
        phone.open("packages")
        choose(phone, "Три ночи")
        phone.page.get_by_role("radio", name="Игрушечные деньги").check()
        button(phone, "Оплатить 1 ₽").wait_for()
        phone.page.unroute("**/api/v1/shop")
        button(phone, "Оплатить 1 ₽").click()
        expect(phone.page.get_by_text("Цена только что изменилась, теперь — 199 ₽.")).to_be_visible()
        button(phone, "Оплатить 199 ₽").click()
        decide(phone, "pay")
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)


class TestCoupon:
    def test_changes_the_prices_and_says_why_it_does_not(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("packages")
        use_code(phone, "nothing")
        expect(phone.page.get_by_text("Такого промокода нет.")).to_be_visible()
        phone.look_over()
        use_code(phone, "MOON20")
        expect(phone.page.get_by_text("Цены — с промокодом MOON20")).to_be_visible()
        phone.look_over()
        choose(phone, "Полнолуние")
        expect(phone.page.get_by_text("Промокод MOON20")).to_be_visible()
        phone.page.get_by_role("radio", name="Игрушечные деньги").check()
        button(phone, "Оплатить 384 ₽").click()
        expect(phone.page.get_by_text("384 ₽").first).to_be_visible()
        decide(phone, "pay")
        heading(phone, "Спасибо! Всё готово").wait_for(timeout=PAID)
        expect(phone.page.get_by_text("384 ₽")).to_be_visible()

    def test_a_free_package_is_given_at_once_and_only_once(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        before = readings(phone)
        phone.open("packages")
        use_code(phone, "friend100")
        expect(phone.page.get_by_text("На этот пакет промокод не действует.").first).to_be_visible()
        choose(phone, "Три ночи")
        button(phone, "Получить бесплатно").click()
        expect(heading(phone, "Всё готово")).to_be_visible()
        phone.look_over()
        assert readings(phone) == before + 3
        phone.open("packages")
        use_code(phone, "friend100")
        expect(phone.page.get_by_text("Этот промокод у тебя уже использован.").first).to_be_visible()


class TestGift:
    def test_is_opened_by_one(self, open_phone: OpenPhone, model: Model) -> None:
        giver, friend, stranger = open_phone().consented(), open_phone().consented(), open_phone().consented()
        giver.open("packages")
        choose(giver, "Три ночи")
        giver.page.get_by_role("switch", name="Это подарок").check(force=True)
        pay(giver)
        field = giver.page.get_by_label("Ссылка на подарок")
        field.wait_for(timeout=PAID)
        giver.look_over()
        code = re.split("gift[_=]", field.input_value())[1]

        before = readings(friend)
        friend.open(f"#gift={code}")
        button(friend, "Открыть подарок").wait_for()
        friend.look_over()
        assert code not in friend.page.url
        button(friend, "Открыть подарок").click()
        expect(friend.page.get_by_text("3 расклада — уже на твоём балансе.")).to_be_visible()
        friend.look_over()
        assert readings(friend) == before + 3

        stranger.open(f"#gift={code}")
        button(stranger, "Открыть подарок").click()
        expect(heading(stranger, "Подарок уже открыт")).to_be_visible()
        button(stranger, "К раскладам").click()
        stranger.page.get_by_role("navigation").wait_for()
        friend.open("profile")
        friend.open(f"#gift={code}")
        button(friend, "Открыть подарок").click()
        expect(heading(friend, "Он уже твой")).to_be_visible()
        giver.page.reload()
        expect(giver.page.get_by_text("Подарок открыт")).to_be_visible()

    def test_unknown_code(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone(language="en").consented()
        phone.open("#gift=nobody-gave-this")
        phone.page.get_by_role("button", name="Open it").click()
        expect(phone.page.get_by_role("heading", name="There is no such gift")).to_be_visible()
        phone.look_over()
        phone.page.get_by_role("button", name="Enter a code").click()
        phone.page.get_by_label("Link or code").fill("what is this?")
        phone.page.get_by_role("button", name="Continue").click()
        expect(phone.page.get_by_text("This does not look like a gift code.")).to_be_visible()
        phone.look_over()


class TestSubscription:
    def test_subscribe_cancel_and_resume(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("packages")
        choose(phone, "Лунный месяц", verb="Попробовать")
        phone.look_over()
        phone.page.get_by_role("radio", name="Сразу подписка").check()
        pay(phone)
        expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
        expect(phone.page.get_by_text(re.compile("^до "))).to_be_visible()
        phone.open("profile")
        phone.page.get_by_role("button", name=re.compile("Лунный месяц")).click()
        expect(phone.page.get_by_text("Продлится сама")).to_be_visible()
        phone.look_over()
        button(phone, "Отключить продление").click()
        phone.look_over()
        phone.page.get_by_role("dialog").get_by_role("button", name="Отключить продление").click()
        expect(phone.page.get_by_text("и сама не продлится")).to_be_visible()
        phone.look_over()
        with phone.api() as client:
            kept = client.get("/me").json()["subscription"]
            assert (kept["state"], kept["renews"]) == ("active", False)
        button(phone, "Включить продление").click()
        expect(phone.page.get_by_text("Продлится сама")).to_be_visible()
        # One that renews by itself is not sold twice.
        phone.open("packages/luna-year")
        expect(phone.page.get_by_text("Ещё одну можно только подарить.")).to_be_visible()
        phone.look_over()

    def test_trial(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        spend_all(phone)
        phone.open("packages")
        choose(phone, "Лунный месяц", verb="Попробовать")
        button(phone, "Начать пробный период").click()
        expect(heading(phone, "Пробный период начался")).to_be_visible()
        phone.look_over()
        phone.begin("three-cards", "Что дальше?")
        phone.open("subscription")
        expect(phone.page.get_by_text("сегодня осталось 9 из 10")).to_be_visible()
        phone.open("packages")
        expect(button(phone, "Попробовать Лунный месяц")).to_have_count(0)

    def test_nobody_without_one_manages_it(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone(slug="verbena", language="en").consented()
        phone.open("subscription")
        expect(phone.page.get_by_role("heading", name="No subscription")).to_be_visible()
        phone.look_over()
        phone.open("orders")
        expect(phone.page.get_by_role("heading", name="No purchases yet")).to_be_visible()
        phone.look_over()
        phone.open("packages")
        phone.page.get_by_role("heading", name="Ten Talks").wait_for()
        phone.look_over()
