"""Which handlers have run in which language, and whether what people read is of one language."""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from html import unescape
from typing import Any, cast

from aiogram import BaseMiddleware, Router
from aiogram.dispatcher.event.bases import SkipHandler
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.types import TelegramObject

from app.crm.groups import StaffGroup
from app.locales import texts

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

# These look on and leave the answer to the next one.
LOOK_ON = (
    "app.crm.telegram_group.bot_changed",
    "app.crm.telegram_group.client_came_back",
    "app.crm.contacts_telegram.shared",
)


class Watch(BaseMiddleware):
    """Notes every handler that has come to its end, and the language that it answered in: the group's among the
    staff, the person's in private. Whoever is refused by a filter or by his role has not met the handler."""

    def __init__(self, routers: list[Router]) -> None:
        self.ran: dict[str, set[str]] = {"ru": set(), "en": set()}
        self._names: dict[int, str] = {}
        for root in routers:
            for router in _all(root):
                self._watch(router)

    def _watch(self, router: Router) -> None:
        for kind, observer in router.observers.items():
            names: Counter[str] = Counter()
            for handler in observer.handlers:
                callback = handler.callback
                name = f"{callback.__module__}.{callback.__qualname__}"
                # One function may serve several commands and buttons: each of them counts.
                names[name] += 1
                self._names[id(handler)] = f"{kind} {name} #{names[name]}"
            if observer.handlers:
                # The last one of all, so that it sees only what the others have let through.
                observer.middleware(self)

    @property
    def registered(self) -> set[str]:
        return set(self._names.values())

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        name = self._names[id(cast(HandlerObject, data["handler"]))]
        staff = cast(StaffGroup | None, data.get("staff"))
        language = staff.language if staff is not None else cast(str, data["language"])
        try:
            answer = await handler(event, data)
        except SkipHandler:
            if any(looks_on in name for looks_on in LOOK_ON):
                self.ran[language].add(name)
            raise
        self.ran[language].add(name)
        return answer


def _all(router: Router) -> Iterator[Router]:
    yield router
    for part in router.sub_routers:
        yield from _all(part)


VALUE = re.compile(r"\{\w+\}")
FORMS = re.compile(r"\{([^{}]*\|[^{}]*)\}")


@cache
def pattern(language: str, key: str) -> re.Pattern[str]:
    """The text as people see it: any value in its places, any of its forms."""
    text = texts(language)[key]
    forms = list(text.values()) if isinstance(text, dict) else [text]
    return re.compile("|".join(_pattern(form) for form in forms), re.DOTALL)


def _pattern(form: str) -> str:
    visible = unescape(re.sub(r"</?[a-z][^>]*>", "", form))
    parts = re.split(r"(\{[^{}]*\})", visible)
    return "".join(
        ".*?"
        if VALUE.fullmatch(part)
        else f"(?:{'|'.join(map(re.escape, forms[1].split('|')))})"
        if (forms := FORMS.fullmatch(part))
        else re.escape(part)
        for part in parts
    )


# What is written in Latin letters in Russian too: names of products and zones, units, and what people type.
LATIN = re.compile(
    r"https?://\S+|t\.me/\S+|/[a-z_]+(?: [a-z]+| [0-9.]+)*|\{name\}|@\w+|\b[0-9a-f]{8,}(?:-[0-9a-f]+)*\b|\b(?:"
    r"Telegram|Stars|BotFather|WordPress|Bot Management Mode|Start|General|SHA-256|UTC|Europe/Berlin|English|EN|RU|"
    r"id|en|ru|luna|verbena"
    r")\b"
)
CYRILLIC = re.compile(r"Русский")


def foreign(language: str, text: str) -> str | None:
    """A word of another language, a value that was not filled in, or the name of a text instead of the text."""
    # The staff are told how a template names the client.
    if found := re.search(r"\{(?!name\})[^{}]*\}", text):
        return found[0]
    if keys := set(re.findall(r"\b[a-z_]+(?:\.[a-z_]+)+\b", text)) & texts(language).keys():
        return min(keys)
    left = LATIN.sub(" ", text) if language == "ru" else CYRILLIC.sub(" ", text)
    found = re.search(r"[A-Za-z]{2,}" if language == "ru" else r"[А-Яа-яЁё]+", left)
    return found[0] if found else None
