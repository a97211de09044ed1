"""From the first visit to a reading that is found again: the whole way, in both projects."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey


class TestLunaInRussian:
    def test_whole_way(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone("luna", "ru")
        page = phone.page

        phone.open()
        phone.agree()
        expect(page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        expect(page.get_by_role("button", name="Баланс: 5 раскладов")).to_be_visible()
        phone.look_over()

        page.get_by_role("button", name=re.compile("Прошлое, настоящее, будущее")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Прошлое, настоящее, будущее")
        phone.look_over()
        phone.button("begin").click()
        page.get_by_role("textbox", name="Твой вопрос").wait_for()
        phone.look_over()
        phone.ask_cards("На что опереться этой осенью?")
        phone.look_over()

        self.choose(phone)
        self.turn_over(phone)
        text = phone.read_to_the_end()
        phone.look_over()
        with phone.api() as client:
            reading = client.get(f"/readings/{phone.reading_id()}").json()
        assert reading["state"] == "finished"
        assert reading["question"] == "На что опереться этой осенью?"
        for drawn in reading["cards"]:
            assert drawn["card"]["name"] in text
        assert text == reading["interpretation"]["text"].replace("**", "")

        self.rate_and_ask(phone)
        self.check_proof(phone)
        self.find_again(phone, text)

    def choose(self, phone: Phone) -> None:
        """One by touch, taken back, one by keyboard, the last by touch."""
        page = phone.page
        expect(phone.fan).to_have_count(78)
        expect(page.get_by_role("heading", name="1 из 3. Прошлое")).to_be_visible()
        expect(phone.button("undo")).to_be_disabled()
        phone.place(38).click(position={"x": 12, "y": 60})
        expect(page.get_by_role("heading", name="2 из 3. Настоящее")).to_be_visible()
        phone.button("undo").click()
        expect(page.get_by_role("heading", name="1 из 3. Прошлое")).to_be_visible()
        phone.place(40).focus()
        for key in ("ArrowRight", "PageDown", "ArrowLeft", "Enter"):
            page.keyboard.press(key)
        expect(phone.place(50)).to_have_attribute("aria-disabled", "true")
        expect(page.get_by_role("heading", name="2 из 3. Настоящее")).to_be_visible()
        page.reload()
        expect(page.get_by_role("heading", name="2 из 3. Настоящее")).to_be_visible()
        phone.place(37).click(position={"x": 12, "y": 60})
        expect(page.get_by_role("heading", name="3 из 3. Будущее")).to_be_visible()
        phone.place(40).click(position={"x": 12, "y": 60})
        phone.button("turn").first.wait_for()

    def turn_over(self, phone: Phone) -> None:
        page = phone.page
        phone.look_over()
        for left, position in ((3, "Прошлое"), (2, "Настоящее"), (1, "Будущее")):
            expect(phone.button("turn")).to_have_count(left)
            expect(page.get_by_role("heading", name="Толкование")).to_have_count(0)
            page.get_by_role("button", name=f"Открыть: {position}").click()
        expect(page.get_by_role("heading", name="Толкование")).to_be_visible()
        page.get_by_role("button", name=re.compile("^Прошлое: ")).first.click()
        sheet = page.get_by_role("dialog")
        expect(sheet.get_by_role("heading")).not_to_be_empty()
        sheet.get_by_role("button", name="Закрыть").click()
        expect(sheet).to_have_count(0)

    def rate_and_ask(self, phone: Phone) -> None:
        page = phone.page
        good = page.get_by_role("group", name="Вышло в точку?").get_by_role("button", name="Да")
        good.click()
        expect(good).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_text("Спасибо, это помогает.")).to_be_visible()
        expect(page.get_by_text("Осталось 2 бесплатных вопроса")).to_be_visible()
        page.get_by_role("textbox", name="Уточняющий вопрос").fill("А если подождать до весны?")
        page.get_by_role("button", name="Спросить").click()
        assert phone.read_to_the_end(1)
        expect(page.get_by_text("Остался 1 бесплатный вопрос")).to_be_visible()
        phone.look_over()

    def check_proof(self, phone: Phone) -> None:
        phone.button("proof").click()
        expect(phone.page.get_by_role("heading", name="Всё сходится")).to_be_visible()
        phone.look_over()
        phone.page.get_by_text("Числа для любопытных").click()
        with phone.api() as client:
            proof = client.get(f"/readings/{phone.reading_id()}/proof").json()
        assert proof["picks"] == [50, 37, 40]
        assert re.fullmatch("[0-9a-f]{32}", proof["client_seed"])
        expect(phone.page.get_by_text(proof["seed"], exact=True)).to_be_visible()
        phone.button("back").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Прошлое, настоящее, будущее")

    def find_again(self, phone: Phone, text: str) -> None:
        page = phone.page
        phone.button("back").click()
        expect(page.get_by_role("button", name="Баланс: 4 расклада")).to_be_visible()
        page.get_by_role("navigation").get_by_role("button", name="История").click()
        entry = page.get_by_role("listitem").filter(has_text="На что опереться этой осенью?")
        expect(entry).to_have_count(1)
        phone.look_over()
        entry.get_by_role("button").first.click()
        expect(phone.prose.first).to_have_text(re.compile(re.escape(text[:40])))
        expect(page.get_by_role("article")).to_contain_text("А если подождать до весны?")
        good = page.get_by_role("group", name="Вышло в точку?").first.get_by_role("button", name="Да")
        expect(good).to_have_attribute("aria-pressed", "true")


class TestVerbenaInEnglish:
    def test_whole_way(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone("verbena", "en", size=(390, 844), reduced_motion=True)
        page = phone.page
        phone.open()
        phone.agree()
        expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Anna")
        phone.look_over()
        page.get_by_role("button", name=re.compile("Relationship")).click()
        expect(page.get_by_text("2 readings")).to_be_visible()
        phone.button("begin").click()
        phone.ask_cards("")
        phone.draw_for_me()
        phone.look_over()
        phone.open_all()
        text = phone.read_to_the_end()
        phone.look_over()
        with phone.api() as client:
            reading = client.get(f"/readings/{phone.reading_id()}").json()
            wallet = client.get("/me").json()["wallet"]
        assert reading["question"] is None
        assert reading["language"] == "en"
        assert len(reading["cards"]) == 5
        assert all(drawn["card"]["name"] in text for drawn in reading["cards"])
        assert (wallet["readings"]["balance"], wallet["readings"]["held"]) == (3, 0)

        phone.button("proof").click()
        expect(page.get_by_role("heading", name="Everything matches")).to_be_visible()
        phone.look_over()
        phone.open("profile")
        expect(page.get_by_text("Your balance")).to_be_visible()
        phone.look_over()
        page.get_by_text("Русский").click()
        expect(page.get_by_role("navigation").get_by_role("button", name="Профиль")).to_be_visible()
        page.get_by_role("button", name="Пакеты и подписки").click()
        expect(page.get_by_role("heading", name="Пакеты", exact=True)).to_be_visible()
        expect(page.get_by_role("definition").filter(has_text=re.compile("^3$"))).to_be_visible()
        phone.look_over()
