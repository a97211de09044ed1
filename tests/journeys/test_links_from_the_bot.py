"""A link from the bot signs in an ordinary browser, once; and a finished reading goes back into the chat."""

import random
import re
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Model, OpenPhone

pytestmark = pytest.mark.journey


class Chat:
    """A person's chat with Luna's bot on the demo's desk."""

    def __init__(self, desk_address: str, language: str) -> None:
        self.user = random.randint(10**9, 2 * 10**9)
        self.person = {"id": self.user, "first_name": "Вера", "language_code": language}
        self.client = httpx.Client(base_url=desk_address, timeout=20)
        self.client.post("/sandbox/people", json=self.person)
        chats = self.client.get("/sandbox/chats", params={"person": self.user}).json()
        self.bot = next(chat["bot"] for chat in chats if "luna" in str(chat).lower() and "bot" in chat)

    def say(self, text: str) -> None:
        said = self.client.post("/sandbox/say", json={"bot": self.bot, "user": self.person, "text": text})
        assert said.status_code == 201, said.text

    def answer(self, wanted: str) -> dict[str, Any]:
        """The bot's first message that holds this, once it came."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            place = {"bot": self.bot, "person": self.user}
            for message in self.client.get("/sandbox/messages", params=place).json():
                if message["from"]["is_bot"] and re.search(wanted, message.get("text") or message.get("caption") or ""):
                    found: dict[str, Any] = message
                    return found
            time.sleep(0.1)
        raise AssertionError(f"the bot did not say {wanted}")

    def link(self) -> str:
        self.say("/web")
        found = re.search(r"http\S+#code=\S+", self.answer("#code=")["text"])
        assert found is not None
        return found[0]


def test_a_link_signs_in_once_and_a_reading_goes_back_into_the_chat(
    open_phone: OpenPhone, desk_address: str, model: Model
) -> None:
    chat = Chat(desk_address, "ru")
    url = chat.link()
    phone = open_phone()
    phone.page.goto(url)
    phone.agree()
    assert "#" not in phone.page.url
    # A reload goes on with the same person.
    phone.page.reload()
    phone.page.get_by_role("link", name="Профиль").or_(phone.page.get_by_role("button", name="Профиль")).click()
    expect(phone.page.get_by_text("Вера").first).to_be_visible()

    phone.begin("three-cards", "Что важно сегодня?")
    phone.draw_for_me()
    phone.open_all()
    phone.read_to_the_end()
    phone.look_over()
    phone.page.get_by_role("button", name="Отправить в чат с ботом").click()
    expect(phone.page.get_by_text("Уже летит в чат")).to_be_visible()
    # With their picture, unless the demo, which has just started, had not mirrored the pictures yet.
    chat.answer("1. Прошлое: ")
    assert "Что важно сегодня?" in chat.answer("Что важно сегодня")["text"]

    other = open_phone()
    other.page.goto(url)
    expect(other.page.get_by_role("heading", name="Ссылка больше не действует")).to_be_visible()
    expect(other.page.get_by_role("button", name="Пришлите мне ссылку для входа")).to_be_visible()
    other.look_over()


def test_in_english(open_phone: OpenPhone, desk_address: str) -> None:
    chat = Chat(desk_address, "en")
    url = chat.link()
    phone = open_phone(language="en")
    phone.page.goto(url)
    phone.agree()
    second = open_phone(language="en")
    second.page.goto(url)
    expect(second.page.get_by_role("heading", name="This link no longer works")).to_be_visible()


@pytest.mark.parametrize(
    ("language", "balance", "packages"), [("ru", "Ваш баланс", "Пакеты"), ("en", "Your balance", "Readings")]
)
def test_the_balance_leads_to_the_packages(
    open_phone: OpenPhone, desk_address: str, language: str, balance: str, packages: str
) -> None:
    chat = Chat(desk_address, language)
    chat.say("/balance")
    rows = chat.answer(balance)["reply_markup"]["inline_keyboard"]
    [url] = [button["web_app"]["url"] for row in rows for button in row if "web_app" in button]
    opening = {"bot": chat.bot, "user": chat.user, "url": url}
    opened = chat.client.post("/sandbox/open-app", json=opening)
    assert opened.status_code == 200, opened.text
    phone = open_phone(language=language)
    phone.page.goto(opened.json()["url"])

    expect(phone.page.get_by_role("heading", name=packages, exact=True)).to_be_visible()
    assert "/luna/packages" in phone.page.url
    phone.look_over()
