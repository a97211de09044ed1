"""Two devices of one person, an empty balance, what can be deleted, and leaving."""

import re

import pytest
from playwright.sync_api import Route, expect

from app.kit import json
from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey


def spend_all(phone: Phone) -> None:
    """Five free readings: a Celtic Cross for three and a choice for two."""
    with phone.api() as client:
        for spread in ("celtic-cross", "choice"):
            headers = {"Idempotency-Key": f"spend-{spread}"}
            assert client.post("/readings", json={"spread": spread}, headers=headers).status_code == 201


class TestTwoDevices:
    def test_second_one_takes_over(self, open_phone: OpenPhone, model: Model) -> None:
        first = open_phone().consented()
        first.begin("three-cards", "Что важно на этой неделе?")
        first.place(38).click(position={"x": 12, "y": 60})

        second = open_phone(person=first.person, size=(390, 844))
        second.open()
        second.button("resume").click()
        second.place(38).wait_for()
        assert second.reading_id() == first.reading_id()
        second.draw_for_me()
        second.open_all()
        text = second.read_to_the_end()

        # The first one still shows the fan; its own choice comes too late and the drawn cards appear instead.
        first.button("random").click()
        assert first.read_to_the_end() == text
        second.open()
        second.page.get_by_role("navigation").wait_for()
        expect(second.button("resume")).to_have_count(0)


class TestEmptyBalance:
    def test_says_how_readings_come(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        spend_all(phone)
        phone.open()
        expect(phone.page.get_by_role("button", name="Баланс: 0 раскладов")).to_be_visible()
        phone.open("spreads/three-cards")
        expect(phone.page.get_by_text("Этот расклад стоит 1 расклад, а на балансе — 0 раскладов.")).to_be_visible()
        phone.look_over()
        phone.page.get_by_role("button", name="Пакеты и подписки").click()
        expect(phone.page.get_by_role("heading", name="Расклады закончились")).to_be_visible()
        expect(phone.page.get_by_role("heading", name="Полнолуние")).to_be_visible()
        expect(phone.page.get_by_text("480 ₽")).to_be_visible()
        phone.look_over()
        phone.button("back").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Прошлое, настоящее, будущее")

    def test_prices_follow_the_store(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        changed: list[str | None] = []

        def change(route: Route) -> None:
            known = route.request.headers.get("if-none-match")
            if known is None:
                route.continue_()
                return
            changed.append(known)
            headers = {name: value for name, value in route.request.headers.items() if name != "if-none-match"}
            body = route.fetch(headers=headers).json()
            route.fulfill(status=200, body=json.dumps(body).decode(), headers={"ETag": '"changed"'})

        def reprice(route: Route) -> None:
            body = route.fetch().json()
            for price in body["items"][0]["prices"]:
                price["regular"] = price["price"] = price["total"] = 12300
            route.fulfill(status=200, body=json.dumps(body).decode())

        phone.open("packages")
        expect(phone.page.get_by_text("199 ₽").first).to_be_visible()
        phone.page.route("**/api/v1/shop", reprice)
        phone.page.route("**/catalogue?*", change)
        expect(phone.page.get_by_text("123 ₽")).to_be_visible(timeout=5_000)
        assert changed[0]


class TestHistory:
    def test_delete(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.begin("card-of-the-day", "Каким будет день?")
        phone.draw_for_me()
        phone.open("history")
        entry = phone.page.get_by_role("listitem").filter(has_text="Каким будет день?")
        remove = entry.get_by_role("button", name=re.compile("^Удалить"))
        remove.click()
        phone.look_over()
        phone.page.get_by_role("dialog").get_by_role("button", name="Отмена").click()
        expect(entry).to_have_count(1)
        remove.click()
        phone.page.get_by_role("dialog").get_by_role("button", name="Удалить").click()
        expect(phone.page.get_by_role("heading", name="Здесь пока пусто")).to_be_visible()
        with phone.api() as client:
            assert client.get("/readings").json()["items"] == []

    def test_long_history_loads_as_one_scrolls(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        pages = {
            "": {"items": [self.entry(number) for number in range(20)], "next_cursor": "second"},
            "second": {"items": [self.entry(number) for number in range(20, 25)], "next_cursor": None},
        }

        def serve(route: Route) -> None:
            match = re.search("cursor=([a-z]*)", route.request.url)
            route.fulfill(json=pages[match[1] if match else ""])

        phone.page.route(re.compile(r"/api/v1/readings\?"), serve)
        phone.open("history")
        expect(phone.page.get_by_role("listitem").first).to_be_visible()
        phone.page.get_by_role("listitem").nth(19).scroll_into_view_if_needed()
        expect(phone.page.get_by_role("listitem")).to_have_count(25)
        expect(phone.page.get_by_text("Это все расклады")).to_be_visible()

    @staticmethod
    def entry(number: int) -> dict[str, object]:
        return {
            "id": f"01900000-0000-7000-8000-{number:012d}",
            "state": "finished",
            "spread": {"key": "three-cards", "name": f"Расклад {number}"},
            "deck": {"key": "rider", "name": "Таро"},
            "question": "Вопрос",
            "language": "ru",
            "created_at": "2026-11-20T10:00:00Z",
            "finished_at": "2026-11-20T10:01:00Z",
            "rating": None,
            "cards": [],
            "excerpt": "Начало толкования",
        }


class TestProof:
    def test_forged_one_is_seen(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.begin("card-of-the-day")
        phone.draw_for_me()
        phone.button("turn").click()
        phone.read_to_the_end()

        def forge(route: Route) -> None:
            proof = route.fetch().json()
            proof["order"][proof["picks"][0]], proof["order"][0] = proof["order"][0], "major-00-fool"
            proof["drawn"][0]["card"] = proof["order"][proof["picks"][0]]
            route.fulfill(json=proof)

        phone.page.route("**/proof", lambda route: forge(route) if "/api/" in route.request.url else route.continue_())
        phone.button("proof").click()
        expect(phone.page.get_by_role("heading", name="Проверка не сошлась")).to_be_visible()
        phone.look_over()


class TestLeaving:
    def test_look_around_then_agree_at_the_first_question(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone()
        phone.open()
        phone.page.get_by_role("button", name="Сначала осмотреться").click()
        phone.page.get_by_role("button", name=re.compile("Карта дня")).click()
        phone.button("begin").click()
        phone.page.get_by_text("Со всем этим соглашаюсь").click()
        phone.button("next").click()
        phone.button("open").click()
        expect(phone.page.get_by_role("textbox", name=re.compile("вопрос"))).to_be_visible()

    def test_withdraw_consent(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("profile")
        phone.page.get_by_role("button", name="Отозвать согласие").click()
        phone.page.get_by_role("dialog").get_by_role("button", name="Отозвать согласие").click()
        expect(phone.page.get_by_text("Согласия нет")).to_be_visible()
        with phone.api() as client:
            assert client.get("/me").json()["user"]["consented_at"] is None

    def test_erase(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("profile")
        phone.page.get_by_role("button", name="Удалить меня").click()
        dialog = phone.page.get_by_role("dialog")
        expect(dialog).to_contain_text("Сгорит и остаток на балансе: 5 раскладов и 0 уточняющих вопросов.")
        phone.look_over()
        dialog.get_by_role("button", name="Стереть всё").click()
        expect(phone.page.get_by_role("heading", name="Всё стёрто")).to_be_visible()
        kept = phone.page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith(':refresh'))")
        assert kept == []

    def test_log_out_and_in(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("profile")
        phone.page.get_by_role("button", name="Выйти").click()
        expect(phone.page.get_by_role("heading", name="Выход выполнен")).to_be_visible()
        phone.look_over()
        phone.page.get_by_role("button", name="Войти снова").click()
        expect(phone.page.get_by_role("heading", name="Анна")).to_be_visible()

    def test_outside_of_telegram(self, open_phone: OpenPhone, demo_server: str, model: Model) -> None:
        phone = open_phone()

        def deploy(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=answer.text().replace('"demo":true', '"demo":false'))

        phone.page.route(f"{demo_server}/luna/", deploy)
        phone.open()
        expect(phone.page.get_by_role("heading", name="Откройте в Telegram")).to_be_visible()
        expect(phone.page.get_by_role("button", name=re.compile("^Открыть @"))).to_be_visible()
        phone.look_over()
