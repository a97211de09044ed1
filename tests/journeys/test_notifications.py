"""The bell, the inbox and its switches: what the staff do in their group is seen on the phone."""

import re
import time
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from app.demo_desk import OWNER
from tests.journeys.conftest import Model, OpenPhone
from tests.journeys.phone import Phone

pytestmark = pytest.mark.journey

WORDS: dict[str, dict[str, str]] = {
    "ru": {
        "bell": "Входящие",
        "new": "2 новых уведомления",
        "answered": "Тебе ответили",
        "gift": "Подарок для тебя",
        "gift_text": "прибавилось 3 расклада",
        "news": "Новости и акции",
        "quiet": "Тихие часы",
        "empty": "Здесь пока тихо",
        "asks": "Когда вы работаете?",
        "answers": "По четвергам, с десяти.",
    },
    "en": {
        "bell": "Inbox",
        "new": "2 new notifications",
        "answered": "You have an answer",
        "gift": "A gift for you",
        "gift_text": "3 readings were added",
        "news": "News and offers",
        "quiet": "Quiet hours",
        "empty": "All quiet here",
        "asks": "When are you open?",
        "answers": "On Thursdays, from ten.",
    },
}
PATIENCE_SECONDS = 60.0


class Counter:
    """Both sides of a project's bot on the demo's desk: the phone's person, and the owner in the staff's group."""

    def __init__(self, desk_address: str, phone: Phone) -> None:
        self.client = httpx.Client(base_url=f"{desk_address}/sandbox", timeout=20)
        self.person = {"id": phone.person, "first_name": phone.name, "language_code": phone.language}
        self.act("people", **self.person)
        chats = self.look("chats", person=phone.person)
        self.bot = next(chat["bot"] for chat in chats if phone.slug in str(chat).lower() and "bot" in chat)
        # Where the demo has put it.
        self.group = -(10**12) - self.bot

    def act(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def look(self, path: str, **params: Any) -> Any:
        return self.client.get(path, params=params).raise_for_status().json()

    def until(self, wanted: Any, what: str) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := wanted()):
            assert time.monotonic() < deadline, f"{what} has not come"
            time.sleep(0.2)
        return found

    def command(self, text: str) -> dict[str, Any]:
        """What the bot answers to the owner; also when the demo has just started, and the group is still being
        connected."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            said = self.act("say", chat=self.group, user=OWNER["id"], text=text)["message"]["message_id"]
            for _ in range(25):
                messages = self.look("messages", chat=self.group)
                answers = [one for one in messages if one["message_id"] > said and one["from"]["is_bot"]]
                if answers:
                    found: dict[str, Any] = answers[0]
                    return found
                time.sleep(0.2)
            assert time.monotonic() < deadline, f"{text} was not answered"

    def talk(self, question: str, answer: str) -> None:
        """The person asks in the chat, and the owner answers in his topic."""
        self.act("say", bot=self.bot, user=self.person, text=question)
        copy = self.until(
            lambda: next((one for one in self.look("messages", chat=self.group) if one.get("text") == question), None),
            "the question",
        )
        self.act("say", chat=self.group, user=OWNER["id"], topic=copy["message_thread_id"], text=answer)
        place = {"bot": self.bot, "person": self.person["id"]}
        self.until(lambda: any(one.get("text") == answer for one in self.look("messages", **place)), "the answer")


@pytest.mark.parametrize(("slug", "language"), [("luna", "ru"), ("verbena", "en")])
def test_what_is_new_is_shown_read_and_switched_off(
    open_phone: OpenPhone, desk_address: str, model: Model, slug: str, language: str
) -> None:
    words = WORDS[language]
    phone = open_phone(slug, language).consented()
    phone.open("inbox")
    expect(phone.page.get_by_text(words["empty"])).to_be_visible()
    phone.look_over()

    counter = Counter(desk_address, phone)
    counter.command("/whoami")
    counter.talk(words["asks"], words["answers"])
    counter.command(f"/credit {phone.person} 3 readings journey")
    phone.open()
    expect(bell(phone, f"{words['bell']}: {words['new']}")).to_be_visible()
    bell(phone, words["bell"]).click()
    expect(phone.page.get_by_role("button", name=words["answered"])).to_contain_text(words["answers"])
    gift = phone.page.get_by_role("button", name=words["gift"])
    expect(gift).to_contain_text(words["gift_text"])
    phone.look_over()
    # A gift leads to the balance.
    gift.click()
    expect(phone.page).to_have_url(f"{phone.base}/{slug}/profile")

    news = phone.page.get_by_role("switch", name=words["news"])
    expect(news).to_be_checked()
    assert moved(news) == [False] * 30
    expect(phone.page.get_by_role("switch", name=words["quiet"])).to_be_checked()
    hour = phone.page.locator("input[type=time]").first
    with phone.page.expect_response(lambda answer: answer.request.method == "PATCH"):
        hour.fill("23:15")
        hour.blur()
    phone.open()
    # Everything was read.
    expect(phone.page.get_by_role("button", name=words["bell"], exact=True)).to_be_visible()
    with phone.api() as client:
        wishes = client.get("/me/notifications").json()
        inbox = client.get("/notifications").json()
    assert [row["kind"] for row in wishes["kinds"] if not row["enabled"]] == ["news"]
    assert wishes["quiet"] == {"from": "23:15", "until": "09:00"}
    assert (inbox["unread"], [item["kind"] for item in inbox["items"]]) == (0, ["account", "replies"])


def bell(phone: Phone, name: str) -> Locator:
    return phone.page.get_by_role("button", name=re.compile(f"^{name}"))


def moved(switch: Locator) -> list[bool]:
    """How a switch stands in each of the frames after it was touched."""
    states: list[bool] = switch.evaluate(
        """async (input) => {
            input.click();
            const states = [];
            while (states.length < 30) {
                states.push(input.checked);
                await new Promise(requestAnimationFrame);
            }
            return states;
        }"""
    )
    return states
