"""What comes after the page to pay on: money that is late or goes back, orders that are over, gifts that are opened."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import expect

from app.demo_desk import OWNER
from tests.journeys.conftest import OpenDesk, OpenPhone
from tests.journeys.desk import World
from tests.journeys.phone import Phone
from tests.journeys.shopping import PAID, button, buy, choose, decide, heading, readings
from tests.journeys.test_notifications import Counter
from tests.journeys.time_machine import TimeMachine

pytestmark = pytest.mark.journey


def give(phone: Phone) -> dict[str, Any]:
    """A gift that cost nothing."""
    with phone.api() as client:
        body = {"package": "luna-three", "provider": "stars", "coupon": "friend100", "expected_total": 0}
        placed = client.post(
            "/orders", json={**body, "currency": "XTR", "gift": True}, headers={"Idempotency-Key": uuid4().hex}
        )
        assert placed.status_code == 201, placed.text
        [gift] = client.get("/gifts").json()["items"]
        found: dict[str, Any] = gift
        return found


def code_of(gift: dict[str, Any]) -> str:
    return re.split("gift[_=]", gift["url"])[1]


def whole_refund(counter: Counter) -> tuple[int, str] | None:
    """The last question in the group whose button gives everything back: the message, and what the button carries."""
    for message in reversed(counter.look("messages", chat=counter.group)):
        for row in (message.get("reply_markup") or {}).get("inline_keyboard", ()):
            for key in row:
                if ":whole:" in key.get("callback_data", ""):
                    return message["message_id"], key["callback_data"]
    return None


def test_a_silent_bank_is_waited_for_and_then_asked(open_phone: OpenPhone, time_machine: TimeMachine) -> None:
    phone = open_phone().consented()
    before = readings(phone)
    phone.open("packages/luna-three")
    phone.page.get_by_role("radio", name="Игрушечные деньги").check()
    button(phone, "Оплатить 199 ₽").click()
    phone.page.locator("[data-action=silent]").click()
    phone.page.get_by_role("link", name="Вернуться в магазин").click()
    expect(heading(phone, "Ждём оплату")).to_be_visible()
    phone.page.reload()
    expect(heading(phone, "Ждём оплату")).to_be_visible()
    expect(phone.page.get_by_text("Можно уйти с этого экрана")).to_be_visible()
    time_machine.ask_providers(phone.person)
    expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
    assert readings(phone) == before + 3


def test_an_order_whose_time_is_over_says_so_by_itself(open_phone: OpenPhone, time_machine: TimeMachine) -> None:
    phone = open_phone().consented()
    buy(phone, "Три ночи", at_the_bank="leave")
    expect(heading(phone, "Ждём оплату")).to_be_visible()
    time_machine.expire_orders(phone.person)
    expect(heading(phone, "Срок заказа вышел")).to_be_visible()
    expect(button(phone, "Вернуться к оплате")).to_have_count(0)
    phone.look_over()
    button(phone, "Оформить заново").click()
    expect(heading(phone, "Три ночи")).to_be_visible()


def test_a_coupon_of_money_names_what_it_is_for(open_phone: OpenPhone) -> None:
    phone = open_phone().consented()
    phone.open("packages")
    button(phone, "Есть промокод").click()
    phone.page.get_by_label("Промокод").fill("MINUS100")
    button(phone, "Применить").click()
    card = phone.page.get_by_role("listitem").filter(has_text="Три ночи")
    expect(card).to_contain_text("Промокод действует на пакеты от 300 ₽.")
    phone.look_over()
    choose(phone, "Полнолуние")
    expect(phone.page.get_by_text("−100 ₽")).to_be_visible()
    phone.page.get_by_role("radio", name="Игрушечные деньги").check()
    button(phone, "Оплатить 380 ₽").click()
    decide(phone, "pay")
    expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
    expect(phone.page.get_by_text("380 ₽")).to_be_visible()


def test_what_the_staff_give_back_stands_in_the_purchases(open_phone: OpenPhone, desk_address: str) -> None:
    phone = open_phone().consented()
    before = readings(phone)
    buy(phone, "Полнолуние")
    expect(heading(phone, "Спасибо! Всё готово")).to_be_visible(timeout=PAID)
    assert readings(phone) == before + 10
    order = phone.page.url.partition("?")[0]
    with phone.api() as client:
        number = client.get("/orders").json()["items"][0]["number"]
    counter = Counter(desk_address, phone)
    counter.command("/whoami")
    counter.command(f"/refund {number}")
    # Cards of orders come into the group at the same time.
    number_of_message, whole = counter.until(lambda: whole_refund(counter), "the question before the refund")
    counter.act("press", chat=counter.group, user=OWNER["id"], message_id=number_of_message, data=whole)
    with phone.api() as client:
        counter.until(lambda: client.get("/orders").json()["items"][0]["state"] == "refunded", "the refund")
    phone.open("orders")
    row = phone.page.get_by_role("listitem").filter(has_text="Полнолуние")
    expect(row).to_contain_text("Деньги возвращены")
    expect(row).to_contain_text("480 ₽")
    phone.look_over()
    row.get_by_role("button").click()
    expect(phone.page).to_have_url(order)
    expect(heading(phone, "Деньги возвращены")).to_be_visible()
    expect(phone.page.get_by_text(re.compile(r"Возвращено 480\s₽ — \d+"))).to_be_visible()
    expect(phone.page.get_by_text("С баланса снято: 10 раскладов + 5 уточняющих вопросов")).to_be_visible()
    phone.look_over()
    assert readings(phone) == before
    phone.open("profile")
    expect(phone.page.get_by_text(str(before), exact=True).first).to_be_visible()


class TestGift:
    def test_is_opened_inside_telegram_by_the_first(
        self, open_phone: OpenPhone, open_desk: OpenDesk, world: World
    ) -> None:
        giver = open_phone().consented()
        url = give(giver)["url"]
        desk = open_desk()
        desk.open(left=world.person("Вера"), right=world.person("Пётр"))
        for pane in (desk.left, desk.right):
            pane.chat("Луна")
            pane.button("Начать", exact=True).click()
            pane.say(url)
            pane.hears(url).get_by_role("link").click()
            pane.app.get_by_role("button", name="Открыть подарок").click()
            if pane is desk.left:
                expect(pane.app.get_by_text("3 расклада — уже на вашем балансе.")).to_be_visible()
        expect(desk.right.app.get_by_role("heading", name="Подарок уже открыт")).to_be_visible()
        expect(desk.right.app.get_by_text("Этот подарок уже открыл кто-то другой.")).to_be_visible()
        giver.open("orders")
        giver.page.get_by_role("listitem").get_by_role("button").click()
        expect(giver.page.get_by_text("Подарок открыт")).to_be_visible()

    def test_of_a_client_that_is_not_known_yet(self, open_phone: OpenPhone, desk_address: str) -> None:
        giver, friend = open_phone().consented(), open_phone().consented()
        before = readings(friend)
        # Outside of a frame, the library for Mini Apps does not recognize where it is.
        open_in_telegram(friend, desk_address, f"gift_{code_of(give(giver))}")
        button(friend, "Открыть подарок").click()
        expect(friend.page.get_by_text("3 расклада — уже на твоём балансе.")).to_be_visible()
        assert readings(friend) == before + 3

    def test_a_link_that_is_pasted_into_an_open_tab(self, open_phone: OpenPhone) -> None:
        giver, friend = open_phone().consented(), open_phone().consented()
        code = code_of(give(giver))
        friend.open("profile")
        friend.page.get_by_role("navigation").wait_for()
        friend.page.evaluate("window.sameTab = true")
        for pasted, outcome in (("nobody-gave-this", "Такого подарка нет"), (code, "Твой подарок")):
            friend.page.evaluate("hash => { location.hash = hash }", f"gift={pasted}")
            button(friend, "Открыть подарок").click()
            expect(friend.page.get_by_role("main", name=outcome)).to_be_visible()
        assert code not in friend.page.url
        assert friend.page.evaluate("window.sameTab") is True


def open_in_telegram(phone: Phone, desk_address: str, start: str) -> None:
    """What Telegram opens for a link `https://t.me/<bot>?startapp=…`."""
    with httpx.Client(base_url=f"{desk_address}/sandbox", timeout=20) as client:
        person = {"id": phone.person, "first_name": phone.name, "language_code": phone.language}
        client.post("/people", json=person).raise_for_status()
        chats = client.get("/chats", params={"person": phone.person}).json()
        bot = next(chat["bot"] for chat in chats if phone.slug in str(chat).lower() and "bot" in chat)
        opening = {"bot": bot, "user": phone.person, "url": f"{phone.base}/{phone.slug}/", "start_param": start}
        opened = client.post("/open-app", json=opening)
        assert opened.is_success, opened.text
    phone.page.goto(opened.json()["url"])
