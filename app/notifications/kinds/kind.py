"""What a kind of notification says, and where it leads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from app.locales import Words


@dataclass(frozen=True, slots=True)
class Said:
    """Plain text; whoever shows it escapes it."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Screen:
    """Where a tap leads in the Mini App: `reading_id` for a reading, `page` for an address below the project's own.

    `chat` is the chat with the bot, into which the Mini App leads back.
    """

    name: Literal["home", "inbox", "reading", "packages", "profile", "page", "chat"]
    reading_id: UUID | None = None
    page: str | None = None

    @property
    def path(self) -> str:
        """The address under the project's own, without a leading slash."""
        if self.name == "reading":
            return f"readings/{self.reading_id}"
        if self.name == "page":
            return self.page or ""
        # Whoever reads it in the chat is there already.
        return {"home": "", "chat": "inbox"}.get(self.name, self.name)

    def body(self) -> dict[str, Any]:
        return {"name": self.name, "reading_id": self.reading_id, "page": self.page}


HOME = Screen("home")


# (how this person is spoken to, values as they were stored) → what is said
Render = Callable[[Words, Mapping[str, Any]], Said]


def _home(_: Mapping[str, Any]) -> Screen:
    return HOME


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`default` is the position of a switch that nobody moved; what is not `switchable` is always told.

    `screen` gets the stored values. `reaches_blocked`: also those whom the staff shut out are told.
    """

    name: str
    render: Render
    screen: Callable[[Mapping[str, Any]], Screen] = field(default=_home)
    default: bool = True
    switchable: bool = True
    reaches_blocked: bool = False
