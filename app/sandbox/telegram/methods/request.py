"""One call of a bot: who calls, with which arguments, read as leniently as the real server reads them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.sandbox.telegram.errors import bad_request, forbidden
from app.sandbox.telegram.keyboards import decode_object
from app.sandbox.telegram.state import Bot, Chat, Desk

if TYPE_CHECKING:
    from app.sandbox.telegram.delivery import WebhookDelivery
    from app.sandbox.telegram.limits import FloodLimits


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """`arguments` come from the query, a form or JSON; values are strings or already decoded JSON."""

    desk: Desk
    bot: Bot
    method: str
    arguments: dict[str, Any]
    delivery: "WebhookDelivery"
    flood: "FloodLimits"

    def text(self, name: str) -> str:
        value = self.arguments.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def integer(self, name: str, default: int, *, least: int | None = None, most: int | None = None) -> int:
        try:
            value = int(self.text(name))
        except ValueError:
            return default
        value = value if least is None else max(least, value)
        return value if most is None else min(most, value)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("true", "yes", "1")

    def json(self, name: str, *, what: str) -> Any:
        """A JSON-serialised argument, or None when it is absent."""
        value = self.arguments.get(name)
        if value is None or value == "":
            return None
        return decode_object(value, what=what) if isinstance(value, str) else value

    def chat(self) -> Chat:
        """The chat that is written to. Raises the documented 400 and 403."""
        source = self.text("chat_id")
        if not source:
            raise bad_request("chat_id is empty")
        try:
            chat = self.desk.find_chat(self.bot, int(source))
        except ValueError:
            chat = None
        if chat is None:
            raise bad_request("chat not found")
        if self.bot.id in chat.closed:
            raise forbidden(chat.closed[self.bot.id])
        return chat


Method = Callable[[ApiRequest], Awaitable[Any]]
