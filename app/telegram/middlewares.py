"""What every handler gets: the person, the language, and a transaction if it asks for a connection."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

from aiogram import BaseMiddleware, Bot
from aiogram.dispatcher.event.bases import UNHANDLED
from aiogram.dispatcher.event.handler import HandlerObject
from aiogram.enums import ChatType
from aiogram.methods import SendMessage
from aiogram.types import Chat, TelegramObject, Update
from aiogram.types import User as TelegramUser
from redis.asyncio import Redis

from app.catalogue.library import Project
from app.kit.database import Connection, Database
from app.kit.redis import REDIS_LOST, key
from app.locales import Words, html
from app.users.init_data import TelegramPerson
from app.users.repository import User, UserRepository
from app.users.sessions import SessionService

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Commitment(Protocol):
    """Writes the update's outcome into its handler's transaction."""

    async def commit(self, connection: Connection, answer: Any) -> None: ...


# How long a person who is shut out is not told so again.
NOTICE_SECONDS = 24 * 3600


class PersonMiddleware(BaseMiddleware):
    """`user`: the person of a private chat with a live project, whose row his first words make; None elsewhere.
    `language`: what he chose in this project, else his Telegram's, if the project speaks it. `words`: the bots'
    texts in that language, as he wants to be addressed.

    Whoever was shut out reaches no handler; he is told so once a day. What became of his money is heard all the same.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        project = cast(Project, data["project"])
        person = cast(TelegramUser | None, data.get("event_from_user"))
        chat = cast(Chat | None, data.get("event_chat"))
        user = None
        if person is not None and not person.is_bot and (chat is None or chat.type == ChatType.PRIVATE):
            user = await self._meet(person, project, data)
        data["user"] = user
        data["language"] = project.language(user.language if user else person.language_code if person else None)
        data["words"] = words_for(data["language"], user)
        if user is not None and user.state == "blocked" and not _is_about_money(event):
            return await self._notice(cast(Bot, data["bot"]), project, user, data)
        return await handler(event, data)

    async def _meet(self, person: TelegramUser, project: Project, data: dict[str, Any]) -> User | None:
        database = cast(Database, data["database"])
        if project.status != "live":
            async with database.connection() as connection:
                return await UserRepository(connection, project.id).by_telegram_id(person.id)
        known = TelegramPerson(person.id, person.first_name, person.last_name, person.username, person.language_code)
        async with database.transaction() as connection:
            return await cast(SessionService, data["sessions"]).meet(connection, project=project, person=known)

    async def _notice(self, bot: Bot, project: Project, user: User, data: dict[str, Any]) -> SendMessage | None:
        try:
            first = await cast(Redis, data["redis"]).set(
                key("telegram", "blocked", project.id, user.id), 1, nx=True, ex=NOTICE_SECONDS
            )
        except REDIS_LOST:
            return None
        if not first or user.telegram_id is None:
            return None
        return SendMessage(chat_id=user.telegram_id, text=html(data["language"], "blocked.notice"))


def _is_about_money(event: TelegramObject) -> bool:
    if not isinstance(event, Update):
        return False
    message = event.message
    paid = message is not None and (message.successful_payment or message.refunded_payment)
    return bool(paid or event.subscription or event.pre_checkout_query)


def words_for(language: str, user: User | None) -> Words:
    """Formal until he agreed to the notice, as in the Mini App: before that nobody has asked him how."""
    if user is None or user.consented_at is None:
        return Words(language)
    return Words(language, user.address, user.gender)


class TransactionMiddleware(BaseMiddleware):
    """A handler with a `connection` parameter runs in one transaction, in which its update's outcome is written as
    well. What it sends, it returns: the reply leaves after the commit."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if "connection" not in cast(HandlerObject, data["handler"]).params:
            return await handler(event, data)
        async with cast(Database, data["database"]).transaction() as connection:
            answer = await handler(event, {**data, "connection": connection})
            commitment = data.get("commitment")
            if commitment is not None and answer is not UNHANDLED:
                await cast(Commitment, commitment).commit(connection, answer)
            return answer
