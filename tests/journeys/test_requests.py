"""A request left in the Mini App: from the profile to the staff's group, where it is taken and finished."""

import random
import re

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.conftest import Model, OpenDesk, OpenPhone
from tests.journeys.desk import DeskPage
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey

# The demo's own people, who run its staff groups (app/demo_desk.py).
MARINA = 70_000_000_101
ANNA = 70_000_000_001
REQUESTS = re.compile("/api/v1/leads$")


class Form:
    """The screen of a request."""

    TITLE = "Оставить заявку|Leave a request"

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.page = phone.page
        self.name = self.page.get_by_role("textbox", name=re.compile("^(Твоё имя|Your name)$"))
        self.number = self.page.get_by_role("textbox", name=re.compile("^(Телефон|Telephone)$"))
        self.about = self.page.get_by_role("textbox", name=re.compile(r"^(О чём речь|What is it about)\?$"))
        self.send = self.page.get_by_role("button", name=re.compile("^(Отправить|Send)$"))

    def find(self) -> "Form":
        """Where a person looks for people: in the profile."""
        self.phone.open()
        self.page.get_by_role("navigation").get_by_role("button").last.click()
        self.page.get_by_role("button", name=re.compile(self.TITLE)).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(re.compile(self.TITLE))
        return self

    def fill(self, number: str, about: str) -> None:
        self.number.fill(number)
        self.about.fill(about)

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)


def new_number() -> tuple[str, str]:
    """A Russian number as people dial it at home, and as it is read; nobody's within this run."""
    tail = f"{random.randrange(10**7):07d}"
    parts = tail[:3], tail[3:5], tail[5:]
    return "8 (926) " + "-".join(parts), "+7 926 " + "-".join(parts)


class TestRequest:
    def test_staff_get_it_at_once_take_it_and_finish_it(
        self, open_phone: OpenPhone, open_desk: OpenDesk, model: Model
    ) -> None:
        dialled, read = new_number()
        staff = open_desk()
        staff.open(left=ANNA, right=MARINA)
        # The demo's owner connects her group when the demo has started, which a busy machine takes its time for.
        staff.right.chat("Луна")
        connected = staff.right.bubbles.filter(has_text="готова: каждому клиенту").last
        expect(connected).to_be_visible(timeout=60_000)
        phone = open_phone().consented()
        form = Form(phone).find()
        expect(form.name).to_have_value("Анна")
        phone.look_over()
        form.name.fill("Анна Петровна")
        form.fill(dialled, "Хочу личную встречу\nв эти выходные")
        form.send.click()
        form.heading("Заявка у нас")
        # As the server understood it, so that a wrong digit is seen while it can still be put right.
        expect(phone.page.get_by_text(read)).to_be_visible()
        phone.look_over()

        self.take_and_finish(staff, read)
        phone.page.get_by_role("button", name="К раскладам").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        phone.button("back").or_(phone.page.get_by_role("navigation")).wait_for()

    def take_and_finish(self, staff: DeskPage, read: str) -> None:
        pane = staff.right
        pane.chat("Arcana Staff · Луна")
        pane.topic("Заявки")
        card = pane.hears(read)
        expect(card).to_contain_text("Анна Петровна")
        expect(card).to_contain_text("из приложения")
        expect(card).to_contain_text("в эти выходные")
        card = pane.root.locator(".message", has_text=read)
        card.get_by_role("button", name="Взять").click()
        expect(card).to_contain_text("В работе: Марина Ветрова")
        expect(card.get_by_role("button", name="Взять")).to_have_count(0)
        staff.look_over()
        card.get_by_role("button", name="Готово").click()
        expect(card).to_contain_text("Готово: Марина Ветрова")
        expect(card.get_by_role("button", name="Готово")).to_have_count(0)

    def test_in_english_on_light_ground(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone("verbena", "en", size=(390, 844)).consented()
        form = Form(phone).find()
        phone.look_over()
        form.send.click()
        expect(phone.page.get_by_role("alert")).to_have_text(
            ["Please write your telephone number", "A few words, please"]
        )
        phone.look_over()
        form.fill(new_number()[1], "A personal session")
        form.send.click()
        form.heading("We have your request")
        phone.look_over()

    def test_a_second_one_of_the_day_says_that_it_was_not_sent(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        form = Form(phone).find()
        form.fill(new_number()[0], "Первая")
        form.send.click()
        form.heading("Заявка у нас")
        phone.button("back").click()
        phone.page.get_by_role("button", name="Оставить заявку").click()
        # What was sent is not there again.
        expect(form.about).to_have_value("")
        form.fill(new_number()[0], "Вторая")
        form.send.click()
        form.heading("Заявка уже есть")
        expect(phone.page.get_by_role("button", name="Написать боту")).to_be_visible()
        phone.look_over()


class TestMistakes:
    def test_what_is_missing_is_named_where_it_is_missing(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        form = Form(phone).find()
        form.name.fill("  ")
        form.send.click()
        complaints = phone.page.get_by_role("alert")
        expect(complaints).to_have_text(
            ["Напиши, пожалуйста, имя", "Напиши, пожалуйста, номер телефона", "Несколько слов, пожалуйста"]
        )
        expect(form.name).to_be_focused()
        phone.look_over()
        form.name.fill("Анна")
        expect(complaints).to_have_count(2)
        expect(form.number).to_have_attribute("aria-invalid", "true")

    def test_number_that_nobody_has_is_refused_by_the_server_and_put_right(
        self, open_phone: OpenPhone, model: Model
    ) -> None:
        phone = open_phone().consented()
        form = Form(phone).find()
        # Digits enough to be sent, and of no network.
        form.fill("+7 000 000-00-00", "Встреча")
        form.send.click()
        expect(phone.page.get_by_role("alert")).to_have_text("Не похоже на номер телефона. Попробуй с кодом страны")
        expect(form.number).to_be_focused()
        expect(form.about).to_have_value("Встреча")
        phone.look_over()
        form.number.fill(new_number()[0])
        expect(phone.page.get_by_role("alert")).to_have_count(0)
        form.send.click()
        form.heading("Заявка у нас")


class TestWeather:
    def test_lost_answer_makes_no_second_request(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        lost = [True]

        def lose(route: Route) -> None:
            if lost:
                route.fetch()
                route.abort("connectionreset")
            else:
                route.continue_()

        phone.page.route(REQUESTS, lose)
        form = Form(phone).find()
        form.fill(new_number()[0], "Встреча")
        form.send.click()
        expect(phone.page.get_by_role("alert")).to_have_text("Проверь интернет. Ничего не потеряно.")
        expect(form.send).to_be_enabled()
        expect(form.about).to_have_value("Встреча")
        phone.look_over()
        lost.clear()
        form.send.click()
        # Its own first try stands, and is not called somebody's earlier request.
        form.heading("Заявка у нас")

    def test_offline_and_slow(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        form = Form(phone).find()
        form.fill(new_number()[0], "Встреча")
        phone.context.set_offline(True)
        form.send.click()
        expect(phone.page.get_by_role("alert")).to_have_text("Проверь интернет. Ничего не потеряно.")
        phone.context.set_offline(False)

        waiting: list[Route] = []
        phone.page.route(REQUESTS, lambda route: waiting.append(route))
        form.send.click()
        # While it is under way nothing can be changed or sent again.
        expect(form.send).to_have_attribute("aria-busy", "true")
        expect(form.number).not_to_be_editable()
        expect(phone.page.get_by_role("alert")).to_have_count(0)
        phone.look_over()
        waiting[0].continue_()
        form.heading("Заявка у нас")
        assert len(waiting) == 1

    def test_what_was_written_waits_for_whoever_goes_back(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        form = Form(phone).find()
        form.fill("+7 926", "Длинный рассказ о том, что случилось")
        phone.button("back").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Анна")
        phone.page.get_by_role("button", name="Оставить заявку").click()
        expect(form.number).to_have_value("+7 926")
        expect(form.about).to_have_value("Длинный рассказ о том, что случилось")

    def test_opened_by_its_address_back_leads_to_the_profile(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open("request")
        Form(phone).send.wait_for()
        phone.button("back").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Анна")
        expect(phone.page.get_by_role("navigation")).to_be_visible()

    def test_field_is_seen_above_the_keyboard(self, open_phone: OpenPhone, model: Model) -> None:
        # What a keyboard leaves of a small phone.
        phone = open_phone(size=(360, 400)).consented()
        form = Form(phone).find()
        form.about.focus()
        foot = form.send.bounding_box()
        field = form.about.bounding_box()
        assert foot is not None
        assert field is not None
        assert field["y"] >= 0
        assert field["y"] + field["height"] <= foot["y"]
