"""The desk's page in a browser: a pane is a person, and bots of the test's own answer through the Bot API."""

import itertools
import random
import re
from typing import Any

import httpx
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

from tests.journeys.accessibility import check_accessibility

SLOW = 15_000
_numbers = itertools.count(random.randint(10**6, 10**8))


class Pane:
    """One side of the desk."""

    def __init__(self, page: Page, side: str) -> None:
        self.page = page
        self.root: Locator = page.locator(f".pane-{side}")

    def button(self, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
        return self.root.get_by_role("button", name=name, exact=exact)

    @property
    def composer(self) -> Locator:
        return self.root.get_by_role("textbox", name=re.compile("^(Сообщение|Message)$"))

    @property
    def bubbles(self) -> Locator:
        return self.root.locator(".message:not(.draft) .bubble")

    @property
    def app(self) -> FrameLocator:
        """What is inside the Mini App's frame."""
        return self.root.frame_locator("iframe.app-frame")

    @property
    def sheet(self) -> Locator:
        return self.root.locator(".app-sheet")

    def chat(self, name: str | re.Pattern[str]) -> None:
        self.root.locator(".chats .row", has=self.page.get_by_text(name, exact=True)).first.click()
        self.root.locator(".head-title", has_text=name).first.wait_for()

    def topic(self, name: str) -> None:
        self.root.locator(".row.topic", has_text=name).click()
        self.root.locator(".chat .head-title", has_text=name).wait_for()

    def say(self, text: str) -> None:
        self.composer.fill(text)
        self.composer.press("Enter")
        expect(self.composer).to_have_value("")

    def hears(self, text: str | re.Pattern[str]) -> Locator:
        """A bubble with this text, once it is there."""
        found = self.bubbles.filter(has_text=text).last
        expect(found).to_be_visible()
        return found

    def menu_of(self, bubble: Locator, entry: str) -> None:
        """Chooses from the menu of a message."""
        bubble.click(button="right", position={"x": 5, "y": 5})
        self.root.get_by_role("menuitem", name=entry).click()

    def toast(self, text: str) -> None:
        expect(self.root.locator(".toast", has_text=text)).to_be_visible()


class DeskPage:
    """A browser with the desk's page; `errors` are those of its console."""

    def __init__(self, browser: Browser, address: str, *, language: str, size: tuple[int, int], **options: Any) -> None:
        self.address = address
        self.errors: list[str] = []
        self.context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="ru-RU" if language == "ru" else "en-US",
            reduced_motion="reduce",
            **options,
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(SLOW)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.left, self.right = Pane(self.page, "left"), Pane(self.page, "right")

    def _hear(self, kind: str, text: str) -> None:
        # The stream of changes is cut when a test takes the network away; refusals are shown to the person.
        if kind == "error" and not re.search(r"ERR_INTERNET_DISCONNECTED|status of 4\d\d", text):
            self.errors.append(text)

    def open(self, *, left: int, right: int) -> None:
        self.page.goto(f"{self.address}/?left={left}&right={right}")
        self.left.root.locator(".row").first.wait_for()

    def look_over(self) -> None:
        """Everything on this screen can be named, read and touched."""
        assert check_accessibility(self.page) == []


class World:
    """The sandbox behind the page: people and groups of this test alone, and bots that it speaks for."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=20)

    def act(self, path: str, **body: Any) -> Any:
        answer = self.client.post(f"/sandbox/{path}", json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json() if answer.content else None

    def person(self, name: str, *, language: str = "ru") -> int:
        number = 3_000_000_000 + next(_numbers)
        self.act("people", id=number, first_name=name, language_code=language)
        return number

    def group(self, title: str, owner: int) -> int:
        return int(self.act("groups", title=title, is_forum=True, owner=owner)["chat"]["id"])

    def bot(self, name: str = "Эхо") -> "BotOfTest":
        """A bot of this name with a number behind it, for all tests share the desk."""
        number = 8_000_000_000 + next(_numbers)
        name = f"{name} {number % 100_000}"
        self.act("bots", token=f"{number}:SANDBOX_journey", username=f"b{number}_bot", name=name)
        return BotOfTest(self.client, number, name)


class BotOfTest:
    """A bot whose words are the test's."""

    def __init__(self, client: httpx.Client, number: int, name: str) -> None:
        self.id, self.name, self.username = number, name, f"b{number}_bot"
        self._client, self._offset = client, 0

    def call(self, method: str, **body: Any) -> Any:
        answer = self._client.post(f"/bot{self.id}:SANDBOX_journey/test/{method}", json=body).json()
        assert answer["ok"], f"{method}: {answer}"
        return answer["result"]

    def update(self, kind: str, *, having: str = "") -> Any:
        """The next update of this kind that has such a field; others before it are passed over."""
        while True:
            allowed = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]
            allowed.append("pre_checkout_query")
            updates = self.call("getUpdates", offset=self._offset, timeout=10, limit=1, allowed_updates=allowed)
            assert updates, f"no {kind} came"
            self._offset = updates[0]["update_id"] + 1
            if kind in updates[0] and (not having or having in updates[0][kind]):
                return updates[0][kind]
