"""The Mini App inside Telegram: a client that speaks the web view's protocol, of different versions."""

from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from app.kit import json
from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey

THEME = {"bg_color": "#17212b", "text_color": "#f5f5f5", "hint_color": "#708499", "section_bg_color": "#1f2c38"}

# The part of Telegram's native client that a web view talks to. https://core.telegram.org/bots/webapps
CLIENT = """
window.telegramCalls = [];
const stored = new Map();
const emit = (name, data) => setTimeout(() => window.Telegram.WebView.receiveEvent(name, data));
window.TelegramWebviewProxy = {
  postEvent(name, json) {
    const data = JSON.parse(json || '{}') || {};
    window.telegramCalls.push([name, data]);
    const insets = { left: 0, top: 0, bottom: 0, right: 0 };
    if (name === 'web_app_request_theme') emit('theme_changed', { theme_params: THEME });
    if (name === 'web_app_request_viewport')
      emit('viewport_changed', { height: innerHeight, width: innerWidth, is_expanded: true, is_state_stable: true });
    if (name === 'web_app_request_safe_area') emit('safe_area_changed', { ...insets, bottom: 20 });
    if (name === 'web_app_request_content_safe_area') emit('content_safe_area_changed', { ...insets, top: 46 });
    if (name === 'web_app_device_storage_save_key') {
      stored.set(data.key, data.value);
      emit('device_storage_key_saved', { req_id: data.req_id });
    }
    if (name === 'web_app_device_storage_get_key')
      emit('device_storage_key_received', { req_id: data.req_id, value: stored.get(data.key) ?? null });
  },
};
"""


def open_in_telegram(phone: Phone, path: str = "", *, version: str) -> None:
    phone.context.add_init_script(CLIENT.replace("THEME", json.dumps(THEME).decode()))
    launch = {
        "tgWebAppData": phone.init_data(),
        "tgWebAppVersion": version,
        "tgWebAppPlatform": "android",
        "tgWebAppThemeParams": json.dumps(THEME).decode(),
    }
    phone.open(f"{path}#{urlencode(launch)}")


def calls(phone: Phone, name: str) -> list[dict[str, Any]]:
    made: list[list[Any]] = phone.page.evaluate("window.telegramCalls")
    return [data for called, data in made if called == name]


def press_back(phone: Phone) -> None:
    phone.page.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed')")


def back_is_shown(phone: Phone) -> bool:
    shown = calls(phone, "web_app_setup_back_button")
    return bool(shown and shown[-1]["is_visible"])


def expect_back_hidden(phone: Phone) -> None:
    phone.page.wait_for_function(
        "() => telegramCalls.findLast(([name]) => name === 'web_app_setup_back_button')[1].is_visible === false"
    )


class TestNewClient:
    def test_back_button_leads_home_and_never_nowhere(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        page = phone.page
        open_in_telegram(phone, "spreads/three-cards", version="9.1")
        expect(page.get_by_role("heading", level=1)).to_have_text("Прошлое, настоящее, будущее")
        expect(phone.button("back")).to_have_count(0)
        assert back_is_shown(phone)

        # Opened from outside, so there is nothing behind: back leads up.
        press_back(phone)
        expect(page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        expect_back_hidden(phone)
        press_back(phone)
        expect(page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")

        page.get_by_role("navigation").get_by_role("button", name="Профиль").click()
        page.get_by_role("button", name="Удалить меня").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        press_back(phone)
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_have_text("Анна")
        press_back(phone)
        expect(page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")

    def test_sent_question_does_not_come_up_again(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        open_in_telegram(phone, version="9.1")
        phone.page.get_by_role("button", name="Карта дня").click()
        phone.button("begin").click()
        phone.ask_cards("Каким будет день?")
        press_back(phone)
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        phone.button("resume").click()
        phone.place(38).wait_for()

    def test_wears_the_project_and_keeps_its_secret_with_the_client(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        open_in_telegram(phone, version="9.1")
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        background = phone.page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--background')")
        assert calls(phone, "web_app_set_header_color")[-1] == {"color": background}
        assert calls(phone, "web_app_set_background_color")[-1] == {"color": background}
        assert calls(phone, "web_app_setup_swipe_behavior")[-1] == {"allow_vertical_swipe": False}
        assert calls(phone, "web_app_ready")
        assert calls(phone, "web_app_expand")
        saved = calls(phone, "web_app_device_storage_save_key")[-1]
        assert saved["key"] == f"arcana:luna:{phone.person}:refresh"
        assert phone.page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith(':refresh'))") == []
        phone.look_over()

    def test_haptics_while_choosing(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        open_in_telegram(phone, "spreads/card-of-the-day", version="9.1")
        phone.button("begin").click()
        phone.ask_cards("")
        phone.place(38).click(position={"x": 12, "y": 60})
        phone.button("turn").first.wait_for()
        styles = [call.get("impact_style") for call in calls(phone, "web_app_trigger_haptic_feedback")]
        assert "light" in styles
        assert "medium" in styles


class TestOldClient:
    def test_works_without_what_it_does_not_know(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        open_in_telegram(phone, "spreads/three-cards", version="6.0")
        # No back button in this version, so the app draws its own.
        phone.button("back").click()
        expect(phone.page.get_by_role("heading", level=1)).to_have_text("Привет, Анна")
        for name in ("web_app_setup_back_button", "web_app_trigger_haptic_feedback", "web_app_device_storage_save_key"):
            assert calls(phone, name) == []
        kept = phone.page.evaluate("Object.keys(localStorage).filter((key) => key.endsWith(':refresh'))")
        assert kept == [f"arcana:luna:{phone.person}:refresh"]


class TestForgedSignIn:
    def test_is_refused_in_words(self, open_phone: OpenPhone, model: Model) -> None:
        phone = open_phone().consented()
        signed = phone.init_data()
        phone.init_data = lambda: signed.replace("hash=", "hash=0")  # type: ignore[method-assign] # The forgery itself.
        open_in_telegram(phone, version="9.1")
        expect(phone.page.get_by_role("heading", name="Сеанс закончился")).to_be_visible()
