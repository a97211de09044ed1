"""A cheap phone on a bad network: what was begun goes on, and nothing is lost, asked twice or charged twice."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey

# Slow enough that a text is met while it is being written.
PACE = 45.0


def begin_slow_reading(open_phone: OpenPhone, model: Model) -> Phone:
    """A reading whose interpretation is on the screen and far from its end."""
    model.desk.tokens_per_second = PACE
    phone = open_phone().consented()
    phone.begin("three-cards", "Что сейчас важно?")
    phone.draw_for_me()
    phone.open_all()
    expect(phone.prose.first).to_have_text(re.compile(r"\S.{30}", re.DOTALL))
    return phone


def saved_text(phone: Phone) -> str:
    with phone.api() as client:
        reading = client.get(f"/readings/{phone.reading_id()}").json()
    assert reading["state"] == "finished"
    text: str = reading["interpretation"]["text"].replace("**", "")
    return text


def lose_answer(times: int = 1) -> Callable[[Route], None]:
    """Lets the request through to the server and loses its answer on the way back."""
    left = [times]

    def handle(route: Route) -> None:
        if left[0] == 0 or route.request.method not in ("POST", "DELETE"):
            route.continue_()
            return
        left[0] -= 1
        route.fetch()
        route.abort("connectionreset")

    return handle


class TestStream:
    def test_refresh_in_the_middle(self, open_phone: OpenPhone, model: Model) -> None:
        phone = begin_slow_reading(open_phone, model)
        seen = phone.prose.first.inner_text()
        phone.page.reload()
        # The cards were turned over already: the text goes on without another tap.
        expect(phone.prose.first).to_have_text(re.compile("^" + re.escape(seen[:20])))
        expect(phone.prose.first).to_have_attribute("aria-busy", "true")
        assert phone.read_to_the_end() == saved_text(phone)

    def test_network_lost_and_found(self, open_phone: OpenPhone, model: Model) -> None:
        phone = begin_slow_reading(open_phone, model)
        phone.context.set_offline(True)
        expect(phone.text("offline")).to_be_visible()
        phone.context.set_offline(False)
        expect(phone.text("offline")).to_have_count(0)
        assert phone.read_to_the_end() == saved_text(phone)

    def test_connection_breaks_and_resumes_after_the_last_event(self, open_phone: OpenPhone, model: Model) -> None:
        model.desk.tokens_per_second = PACE
        phone = open_phone().consented()
        resumed: list[str | None] = []

        def cut(route: Route) -> None:
            resumed.append(route.request.headers.get("last-event-id"))
            if len(resumed) > 1:
                route.continue_()
                return
            # The first connection brings one event and half of another.
            body = 'id: 1-4\nevent: delta\ndata: {"text":"Анна"}\n\nid: 1-9\nevent: delta\ndata: {"te'
            route.fulfill(status=200, content_type="text/event-stream", body=body)

        phone.page.route("**/interpretation", cut)
        phone.begin("three-cards")
        phone.draw_for_me()
        phone.open_all()
        text = phone.read_to_the_end()
        assert resumed[:2] == [None, "1-4"]
        assert text == saved_text(phone)

    def test_model_fails_and_the_text_begins_anew(self, open_phone: OpenPhone, model: Model) -> None:
        from app.sandbox.model.faults import Order

        model.desk.faults.order(Order("cut_midway", times=1))
        phone = open_phone().consented()
        phone.begin("three-cards")
        phone.draw_for_me()
        phone.open_all()
        assert phone.read_to_the_end() == saved_text(phone)


class TestLostAnswers:
    def test_start_is_charged_once(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.page.route(re.compile("/api/v1/readings$"), lose_answer())
        phone.begin("three-cards", "Что дальше?")
        with phone.api() as client:
            wallet = client.get("/me").json()["wallet"]["readings"]
            assert (wallet["balance"], wallet["held"], wallet["available"]) == (5, 1, 4)
            assert len(client.get("/readings").json()["items"]) == 1

    def test_draw_shows_the_cards_that_were_drawn(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.page.route("**/draw", lose_answer())
        phone.begin("three-cards")
        phone.draw_for_me()
        phone.open_all()
        with phone.api() as client:
            cards = client.get(f"/readings/{phone.reading_id()}").json()["cards"]
        for drawn in cards:
            expect(phone.page.get_by_role("list").get_by_text(drawn["card"]["name"], exact=True)).to_be_visible()

    def test_follow_up_is_asked_once(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.begin("card-of-the-day")
        phone.draw_for_me()
        phone.button("turn").click()
        phone.read_to_the_end()
        phone.page.route("**/questions", lose_answer())
        phone.page.get_by_role("textbox").fill("Почему?")
        phone.button("ask").last.click()
        assert phone.read_to_the_end(1)
        with phone.api() as client:
            questions = client.get(f"/readings/{phone.reading_id()}").json()["questions"]
        assert [question["text"] for question in questions] == ["Почему?"]


class TestServer:
    def test_too_many_requests_names_the_wait(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        limited = [True]

        def refuse(route: Route) -> None:
            if limited.pop() if limited else False:
                body = '{"error":"rate_limited","detail":"Too many requests."}'
                headers = {"Retry-After": "2", "Content-Type": "application/json"}
                route.fulfill(status=429, headers=headers, body=body)
            else:
                route.continue_()

        phone.page.route(re.compile("/api/v1/readings$"), refuse)
        phone.open("spreads/three-cards/question")
        phone.button("shuffle").or_(phone.page.get_by_role("button", name="Без вопроса")).click()
        expect(phone.page.get_by_role("alert")).to_contain_text("Подожди 2 секунды")
        expect(phone.button("retry")).to_be_disabled()
        phone.button("retry").click()
        phone.place(38).wait_for()

    def test_down_and_back(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        down = [True]

        def refuse(route: Route) -> None:
            if down:
                route.fulfill(status=503, content_type="application/json", body='{"error":"unavailable","detail":""}')
            else:
                route.continue_()

        phone.page.route("**/api/v1/me", refuse)
        phone.open()
        expect(phone.page.get_by_role("heading", name="Скоро вернёмся")).to_be_visible()
        phone.look_over()
        down.clear()
        phone.button("retry").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")

    def test_project_switched_off(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        body = '{"error":"project_not_found","detail":""}'
        phone.page.route("**/catalogue?*", lambda route: route.fulfill(status=404, body=body))
        phone.open()
        expect(phone.page.get_by_role("heading", name="Здесь ничего нет")).to_be_visible()

    def test_expired_access_token_is_renewed_unseen(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        phone.open()
        phone.button("begin").or_(phone.page.get_by_role("navigation")).first.wait_for()
        refused: list[str] = []

        def refuse(route: Route) -> None:
            token = route.request.headers["authorization"]
            if not refused or token in refused:
                refused.append(token)
                body = '{"error":"access_token_expired","detail":""}'
                route.fulfill(status=401, content_type="application/json", body=body)
            else:
                route.continue_()

        phone.page.route(re.compile(r"/api/v1/readings\?"), refuse)
        phone.page.get_by_role("navigation").get_by_role("button", name="История").click()
        expect(phone.page.get_by_role("heading", name="Здесь пока пусто")).to_be_visible()
        assert len(refused) == 1
