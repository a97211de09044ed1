"""Everybody who speaks one language, what they do, and what they hear."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.catalogue.library import Project
from app.kit.database import Database
from app.locales import texts
from app.worker.container import WorkerContainer
from tests.languages.watch import foreign, pattern
from tests.telegram.conftest import Desk

Message = dict[str, Any]
# Parts of people's ids; each language has people of its own.
CLIENT, OWNER, MEMBER, SUPER, GUEST = 1, 2, 3, 4, 5
FIRST_ID = {"ru": 1000, "en": 2000}
NAMES = {
    "ru": {CLIENT: "Анна", OWNER: "Ольга", MEMBER: "Пётр", SUPER: "Софья", GUEST: "Вера"},
    "en": {CLIENT: "Anna", OWNER: "Olga", MEMBER: "Peter", SUPER: "Sophia", GUEST: "Vera"},
}
SLUGS = {"ru": "verbena", "en": "luna"}
BOTS = {"verbena": 700_000_011, "luna": 700_000_012, "verbena-off": 700_000_013, "luna-off": 700_000_014}


def token(slug: str) -> str:
    return f"{BOTS[slug]}:SANDBOX-0123456789abcd"


class House(Protocol):
    """Where they all are; see `tests.languages.house`."""

    @property
    def desk(self) -> Desk: ...

    @property
    def container(self) -> WorkerContainer: ...

    # What has happened on the desk, oldest first.
    @property
    def changes(self) -> list[dict[str, Any]]: ...

    @property
    def database(self) -> Database: ...

    def project(self, slug: str) -> Project: ...

    async def now(self) -> int: ...

    async def idle(self, bot_id: int | None = None) -> None: ...

    async def until(self, look: Callable[[], Any], what: str, otherwise: Callable[[], Any] | None = None) -> Any: ...

    async def value(self, query: str, *arguments: Any) -> Any: ...


@dataclass
class Party:
    """Everybody who speaks one language. An action names the texts that are expected, by their keys, in order; what
    is no key is taken literally."""

    house: House
    language: str
    chat: int = 0
    # The number of the desk's change before the last action.
    since: int = 0
    # Groups besides `chat`.
    more_chats: set[int] = field(default_factory=set)

    @property
    def slug(self) -> str:
        return SLUGS[self.language]

    @property
    def project(self) -> Project:
        return self.house.project(self.slug)

    @property
    def bot_id(self) -> int:
        return BOTS[self.slug]

    def id(self, who: int) -> int:
        return FIRST_ID[self.language] + who

    def person(self, who: int) -> dict[str, Any]:
        return {"id": self.id(who), "first_name": NAMES[self.language][who], "language_code": self.language}

    def word(self, russian: str, english: str) -> str:
        return russian if self.language == "ru" else english

    def text(self, key: str) -> str:
        """The words of a text without values, as on a button."""
        found: str = texts(self.language)[key]
        return found

    # What people do.

    async def say(
        self, text: str | None, *expected: str, who: int = CLIENT, bot: int | None = None, **more: Any
    ) -> Any:
        """In private."""
        content = {"text": text} if text is not None else {}
        return await self.act("say", *expected, bot=bot or self.bot_id, user=self.person(who), **content, **more)

    async def write(
        self, text: str | None, *expected: str, who: int = OWNER, topic: int | None = None, **more: Any
    ) -> Any:
        """In the group."""
        content = {"text": text} if text is not None else {}
        return await self.act("say", *expected, chat=self.chat, user=self.id(who), topic=topic, **content, **more)

    async def press(self, message: Message, caption: str, *expected: str, who: int | None = None) -> Message:
        """The button under a message; the newest message of those that are expected."""
        chat = message["chat"]["id"]
        place = {"chat": chat} if chat < 0 else {"bot": message["from"]["id"]}
        user = (self.id(who) if who else self.id(OWNER)) if chat < 0 else chat
        button = self.button(message, caption)
        order = {"user": user, "message_id": message["message_id"], "data": button["callback_data"]}
        return await self.act("press", *expected, **place, **order)

    def button(self, message: Message, caption: str) -> dict[str, Any]:
        rows = message["reply_markup"]["inline_keyboard"]
        for button in (button for row in rows for button in row):
            if self.matches(caption, button["text"]):
                return dict(button)
        raise AssertionError(f"no button {caption!r} in {rows}")

    async def key(self, caption: str, *expected: str, who: int = CLIENT, **more: Any) -> Message:
        """A button of the reply keyboard."""
        order = {"bot": self.bot_id, "user": self.id(who), "text": self.text(caption), **more}
        return await self.act("keyboard", *expected, **order)

    async def act(self, path: str, *expected: str, **order: Any) -> Message:
        """Any order to the desk, and what is heard then; without an expectation, what the desk answered."""
        self.since = await self.house.now()
        done = await self.house.desk.order(path, **order)
        heard: Message = done.get("message") or done
        for one in expected:
            heard = await self.hear(one)
        if expected:
            # Whatever else the handler does is over before the next action, and not taken for its answer.
            await self.house.idle(self.bot_id)
        return heard

    # What they hear.

    def matches(self, expected: str, text: str) -> bool:
        if expected in texts(self.language):
            return pattern(self.language, expected).search(text) is not None
        return expected in text

    def mine(self, change: dict[str, Any]) -> bool:
        chat = change.get("chat")
        people = range(FIRST_ID[self.language], FIRST_ID[self.language] + 100)
        return change["bot"] == self.bot_id if chat is None else chat in (self.chat, *self.more_chats, *people)

    async def hear(self, expected: str) -> Message:
        """The bot's message, or its answer to a press, since the last action; it waits for it."""

        def look() -> Message | None:
            for change in self.house.changes:
                if change["seq"] <= self.since or not self.mine(change):
                    continue
                if any(self.matches(expected, text) for text in said(change)):
                    found: Message = change.get("message") or change
                    return found
            return None

        return await self.house.until(look, f"{self.language}: {expected}", lambda: self.heard())

    async def hear_again(self, expected: str) -> Message:
        """The newest update is worked on once more, as after a process that died before it could note that it was."""
        self.since = await self.house.now()
        await self.house.value(
            """
            UPDATE telegram_updates SET state = 'pending', done_at = NULL
            WHERE bot_id = $1 AND update_id = (SELECT max(update_id) FROM telegram_updates WHERE bot_id = $1)
            """,
            self.bot_id,
        )
        heard = await self.hear(expected)
        await self.house.idle(self.bot_id)
        return heard

    async def hear_any(self, *expected: str) -> Message:
        """The first of them that is heard."""
        hearing = [asyncio.create_task(self.hear(one)) for one in expected]
        done, others = await asyncio.wait(hearing, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        return done.pop().result()

    async def hear_in(self, chat: int, words: str) -> Message:
        """The bot's message with these words in one of its chats."""

        def look() -> Message | None:
            for change in self.house.changes:
                if change["seq"] > self.since and change.get("chat") == chat and words in said(change):
                    found: Message = change["message"]
                    return found
            return None

        found: Message = await self.house.until(look, f"{self.language}: {words}", self.heard)
        return found

    def heard(self) -> list[str]:
        changes = [change for change in self.house.changes if change["seq"] > self.since and self.mine(change)]
        return [text for change in changes for text in said(change)]

    async def post_button(self, data: str, *, bot: str, who: int = CLIENT) -> Message:
        """A message of the bot with a button that the test wants to be there."""
        markup = {"inline_keyboard": [[{"text": "•", "callback_data": data}]]}
        body = {"chat_id": self.id(who), "text": "•", "reply_markup": markup}
        answer = await self.house.desk.client.post(f"/bot{token(bot)}/sendMessage", json=body)
        message: Message = answer.json()["result"]
        return message

    def strange(self) -> list[tuple[str, str]]:
        """Texts that people of this language do not understand."""
        read = {
            text for change in self.house.changes if self.mine(change) for text in (*said(change), *captions(change))
        }
        return [(found, text) for text in sorted(read) if (found := foreign(self.language, text))]


def said(change: dict[str, Any]) -> list[str]:
    """What the bot says by a change of the desk."""
    if change["kind"] == "answer":
        return [change["text"]] if change["text"] else []
    message = change.get("message")
    if change["kind"] not in ("message", "edited") or message is None or not message["from"]["is_bot"]:
        return []
    return [text for name in ("text", "caption") if (text := message.get(name))]


def captions(change: dict[str, Any]) -> list[str]:
    markup = (change.get("message") or {}).get("reply_markup") or {}
    rows = markup.get("inline_keyboard") or markup.get("keyboard") or []
    return [button["text"] for row in rows for button in row]
