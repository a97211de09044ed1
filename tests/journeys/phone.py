"""A person with a phone: what they see and do in the Mini App, in their own language."""

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page, expect

from app.kit import json
from tests.journeys.accessibility import check_accessibility

WORDS: dict[str, dict[str, str]] = {
    "ru": {
        "agree": "Со всем этим соглашаюсь",
        "next": "Продолжить",
        "open": "Открыть карты",
        "begin": "Начать расклад",
        "question": "Ваш вопрос|Твой вопрос",
        "shuffle": "Перемешать карты",
        "undo": "Вернуть",
        "random": "Вытяни за меня|Вытяните за меня",
        "open_all": "Открыть все",
        "turn": "^Открыть: ",
        "interpretation": "Толкование",
        "rating": "Вышло в точку?",
        "follow_up": "Уточняющий вопрос",
        "ask": "Спросить",
        "proof": "Карты вытянуты честно",
        "fair": "Всё сходится",
        "unfair": "Проверка не сошлась",
        "back": "Назад",
        "resume": "Продолжи",
        "offline": "Нет связи",
        "reconnecting": "Связь прервалась",
        "retry": "Повторить",
    },
    "en": {
        "agree": "I agree to all of this",
        "next": "Continue",
        "open": "Open the cards",
        "begin": "Begin this spread",
        "question": "Your question",
        "shuffle": "Shuffle the cards",
        "undo": "Take back",
        "random": "Draw for me",
        "open_all": "Open all",
        "turn": "^Turn over: ",
        "interpretation": "Interpretation",
        "rating": "Was it to the point?",
        "follow_up": "Ask a follow-up",
        "ask": "Ask",
        "proof": "The draw was fair",
        "fair": "Everything matches",
        "unfair": "The check does not match",
        "back": "Back",
        "resume": "Continue",
        "offline": "No connection",
        "reconnecting": "The connection is lost",
        "retry": "Try again",
    },
}

# What the console says when a test itself takes the network or the server away.
EXPECTED = re.compile(
    r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|ERR_CONNECTION_RESET|ERR_NETWORK_CHANGED"
    r"|status of (402|409|422|429|401|404|503)"
)
# Pages of the sandboxes' bank, Stripe and YooKassa, which people are sent to on purpose.
BANK = re.compile(r"http://127\.0\.0\.1:\d+/(pay|c/pay|p/session|checkout/payments)/")
SLOW = 30_000


class Phone:
    """One person's browser. `person` is who signs in; two phones may belong to the same one."""

    def __init__(
        self,
        browser: Browser,
        base: str,
        *,
        slug: str,
        language: str,
        person: int | None = None,
        size: tuple[int, int] = (360, 740),
        reduced_motion: bool = False,
    ) -> None:
        self.base, self.slug, self.words = base, slug, WORDS[language]
        self.person = person or random.randint(10**9, 2 * 10**9)
        self.name = "Анна" if language == "ru" else "Anna"
        self.language = language
        self.errors: list[str] = []
        self.strangers: list[str] = []
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="ru-RU" if language == "ru" else "en-US",
            reduced_motion="reduce" if reduced_motion else "no-preference",
        )
        stored = json.dumps({"id": self.person, "first_name": self.name}).decode()
        self.context.add_init_script(
            f"localStorage.setItem({json.dumps(f'arcana:{slug}:demo-person').decode()}, {json.dumps(stored).decode()})"
        )
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(SLOW)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("request", lambda request: self._watch(request.url))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not EXPECTED.search(text):
            self.errors.append(text)

    def _watch(self, url: str) -> None:
        if not url.startswith((self.base, "data:", "blob:")) and not BANK.match(url):
            self.strangers.append(url)

    def close(self) -> None:
        self.context.close()

    # What one sees.

    def button(self, word: str) -> Locator:
        return self.page.get_by_role("button", name=re.compile(self.words[word]))

    def text(self, word: str) -> Locator:
        return self.page.get_by_text(re.compile(self.words[word]))

    @property
    def prose(self) -> Locator:
        return self.page.locator("[aria-busy]:not(button)")

    @property
    def fan(self) -> Locator:
        return self.page.locator("[data-place]")

    def place(self, number: int) -> Locator:
        return self.page.locator(f'[data-place="{number}"]')

    def look_over(self) -> None:
        """Everything on this screen can be named, read and touched."""
        assert check_accessibility(self.page) == []

    # What one does.

    def open(self, path: str = "") -> None:
        self.page.goto(f"{self.base}/{self.slug}/{path}")

    def agree(self) -> None:
        """Through the consent at the first visit."""
        self.page.get_by_role("checkbox", name=self.words["agree"]).wait_for()
        self.look_over()
        expect(self.button("next")).to_be_disabled()
        self.page.get_by_text(self.words["agree"]).click()
        self.button("next").click()
        self.button("open").wait_for()
        self.look_over()
        if self.language == "ru":
            self.page.get_by_text("На «ты»").click()
            self.page.get_by_text("Она", exact=True).click()
        self.button("open").click()
        self.page.get_by_role("navigation").wait_for()

    def begin(self, spread: str, question: str = "") -> None:
        """From the spread's page to the fan."""
        self.open(f"spreads/{spread}")
        self.button("begin").click()
        self.ask_cards(question)

    def ask_cards(self, question: str) -> None:
        self.page.get_by_role("textbox").fill(question)
        self.page.get_by_role("main").get_by_role("button").last.click()
        self.place(38).wait_for()

    def draw_for_me(self) -> None:
        self.button("random").click()
        self.button("turn").first.wait_for()

    def open_all(self) -> None:
        self.button("open_all").click()
        self.page.get_by_role("heading", name=self.words["interpretation"]).wait_for()

    def read_to_the_end(self, number: int = 0) -> str:
        """The whole text, once it has been written."""
        self.page.get_by_role("group", name=self.words["rating"]).nth(number).wait_for()
        expect(self.prose.nth(number)).to_have_attribute("aria-busy", "false")
        return self.prose.nth(number).inner_text()

    def reading_id(self) -> str:
        return self.page.url.split("/readings/")[1].split("/")[0]

    # The same person through the API.

    def init_data(self) -> str:
        """What Telegram would sign for this person."""
        user = {"id": self.person, "first_name": self.name, "language_code": self.language}
        answer = httpx.post(f"{self.base}/api/v1/dev/init-data", json={"project": self.slug, "user": user})
        signed: str = answer.json()["init_data"]
        return signed

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """A signed-in client of the same person."""
        with httpx.Client(base_url=f"{self.base}/api/v1", timeout=20) as client:
            session = client.post(f"/projects/{self.slug}/auth/telegram", json={"init_data": self.init_data()}).json()
            client.headers["Authorization"] = f"Bearer {session['access_token']}"
            yield client

    def consented(self) -> "Phone":
        """Somebody who has been here before."""
        with self.api() as client:
            changes: dict[str, Any] = {"consent": True, "address": "informal", "language": self.language}
            assert client.patch("/me", json=changes).status_code == 200
        return self
