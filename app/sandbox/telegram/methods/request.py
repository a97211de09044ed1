"""One call of a bot: who calls, with which arguments, read as leniently as the real server reads them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import GENERAL_TOPIC, Chat, Post
from app.sandbox.telegram.errors import ApiError, bad_request, forbidden
from app.sandbox.telegram.keyboards import Markup, check_reply_markup, decode_object
from app.sandbox.telegram.state import Desk

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

    def chat(self, name: str = "chat_id") -> Chat:
        """The chat that is written to. Raises the documented 400 and 403."""
        source = self.text(name)
        if not source:
            raise bad_request(f"{name} is empty")
        try:
            chat = self.desk.find_chat(self.bot, int(source))
        except ValueError:
            chat = None
        if chat is None:
            raise bad_request("chat not found")
        if chat.private:
            if chat.blocked:
                raise forbidden("bot was blocked by the user")
            return chat
        if chat.upgraded_to is not None:
            upgraded = {"migrate_to_chat_id": chat.upgraded_to}
            raise ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", parameters=upgraded)
        kind = "supergroup" if chat.type == "supergroup" else "group"
        member = chat.members[self.bot.id]
        if member.status == "kicked":
            raise forbidden(f"bot was kicked from the {kind} chat")
        if not member.inside:
            raise forbidden(f"bot is not a member of the {kind} chat")
        return chat

    def post(self, chat: Chat, *, what: str, name: str = "message_id") -> Post:
        """A message of `chat` by its id; `what` names it in the 400."""
        found = chat.post(self.integer(name, 0))
        if found is None:
            raise bad_request(f"{what} not found")
        return found

    def topic(self, chat: Chat) -> int | None:
        """The topic that is written to. Raises the documented 400."""
        topic_id = self.integer("message_thread_id", 0)
        if not topic_id or not (chat.forum or chat.private):
            return None
        topic = chat.topics.get(topic_id)
        if topic_id == GENERAL_TOPIC or topic is None or topic.deleted:
            raise bad_request("message thread not found")
        return topic_id

    def markup(self, chat: Chat) -> Markup:
        return check_reply_markup(
            self.json("reply_markup", what="reply keyboard markup"),
            private=chat.private,
            http_apps=self.desk.test_environment,
        )

    def count(self, chat: Chat) -> None:
        """Counts one message against the flood limits, when they are enforced."""
        if self.desk.limits:
            self.flood.check(self.bot.id, chat.id, private=chat.private)


Method = Callable[[ApiRequest], Awaitable[Any]]
