"""The desk: register bots, write as a person, read what bots said, order faults."""

import asyncio
from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field, field_validator

from app.sandbox.telegram import posting
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import Chat
from app.sandbox.telegram.faults import Fault
from app.sandbox.telegram.human.common import Person, desk_of
from app.sandbox.telegram.markup import plain_text
from app.sandbox.telegram.members import Member
from app.sandbox.telegram.membership import set_blocked, set_member
from app.sandbox.telegram.schema import SchemaError
from app.sandbox.telegram.state import Desk

router = APIRouter(prefix="/sandbox")


class NewBot(BaseModel):
    token: str = Field(pattern=r"^[1-9]\d{0,15}:[A-Za-z0-9_-]{1,64}$")
    username: str = Field("sandbox_bot", pattern=r"^[A-Za-z0-9_]{3,32}$")
    name: str = Field("Sandbox", min_length=1, max_length=64)


class Group(BaseModel):
    id: int = Field(lt=0)
    title: str = "Group"
    type: Literal["group", "supergroup"] = "supergroup"


class NewMessage(BaseModel):
    """Without `chat` it goes to the person's private chat with the bot."""

    bot: int
    user: Person
    text: str = Field(min_length=1, max_length=4096)
    chat: Group | None = None


class Membership(BaseModel):
    bot: int
    user: Person
    status: Literal["member", "kicked", "left"]


class NewUpdate(BaseModel):
    """Any update, word for word, but for its id."""

    bot: int
    kind: str
    content: dict[str, Any]


class Repeat(BaseModel):
    update: dict[str, Any]

    @field_validator("update")
    @classmethod
    def has_an_id(cls, update: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(update.get("update_id"), int):
            raise ValueError("an update has an update_id")
        return update


# What goes wrong, by a name; what is named besides counts more.
FAULTS: dict[str, dict[str, Any]] = {
    "slow": {"delay": 2.0},
    "down": {"cut": "before", "times": None},
    "unavailable": {"status": 502, "times": None},
    "flood": {"status": 429},
    "blocked": {"status": 403, "description": "Forbidden: bot was blocked by the user"},
    "deactivated": {"status": 403, "description": "Forbidden: user is deactivated"},
    "topic_deleted": {"status": 400, "description": "Bad Request: TOPIC_DELETED"},
    "thread_not_found": {"status": 400, "description": "Bad Request: message thread not found"},
    "chat_not_found": {"status": 400, "description": "Bad Request: chat not found"},
}


class NewFault(BaseModel):
    """One that is named in `kind`, or put together from the rest; for the calls that match the first three."""

    kind: (
        Literal[
            "slow",
            "down",
            "unavailable",
            "flood",
            "blocked",
            "deactivated",
            "topic_deleted",
            "thread_not_found",
            "chat_not_found",
        ]
        | None
    ) = None
    bot: int | None = None
    method: str | None = None
    chat_id: int | None = None
    status: int = 0
    description: str | None = None
    retry_after: int = 1
    delay: float = Field(0, ge=0, le=120)
    cut: Literal["before", "after"] | None = None
    times: int | None = Field(1, ge=1)


def _bot(desk: Desk, bot_id: int) -> Bot:
    if (bot := desk.bot(bot_id)) is None:
        raise HTTPException(404, "no such bot")
    return bot


def _body(bot: Bot) -> dict[str, Any]:
    return {
        "id": bot.id,
        "username": bot.username,
        "name": bot.name,
        "webhook": bot.webhook and {"url": bot.webhook.url, "last_error": bot.webhook.last_error},
        "allowed_updates": bot.allowed_updates,
        "pending_updates": list(bot.updates),
        "polling": bot.poll is not None,
        "commands": bot.commands,
        "texts": bot.texts,
        "menu_button": bot.menu_buttons.get(0),
    }


@router.post("/bots", status_code=201)
async def add_bot(request: Request, new: NewBot) -> dict[str, Any]:
    """Registers a token, as BotFather would; a new token of a known bot revokes the old one."""
    return _body(desk_of(request).add_bot(new.token, username=new.username, name=new.name))


@router.get("/bots")
async def list_bots(request: Request) -> list[dict[str, Any]]:
    return [_body(bot) for bot in desk_of(request).bots.values()]


@router.get("/bots/{bot_id}")
async def get_bot(request: Request, bot_id: int) -> dict[str, Any]:
    return _body(_bot(desk_of(request), bot_id))


@router.delete("/bots/{bot_id}", status_code=204)
async def remove_bot(request: Request, bot_id: int) -> None:
    """Its token is refused from now on, as after a revocation."""
    desk = desk_of(request)
    desk.remove_bot(_bot(desk, bot_id))


@router.post("/messages", status_code=201)
async def say(request: Request, new: NewMessage) -> dict[str, Any]:
    desk = desk_of(request)
    bot = _bot(desk, new.bot)
    user = desk.people.remember(new.user.body())
    if new.chat is None:
        chat = desk.private_chat(bot, user)
    else:
        chat = desk.group(new.chat.id, title=new.chat.title, kind=new.chat.type)
        desk.join(chat, bot)
        chat.members.setdefault(user["id"], Member(user))
    made = posting.post(desk, chat, user, plain_text(new.text))
    update_id = posting.announce(desk, chat, made, always=bot)
    return {"message": posting.render(made, chat, bot.id), "update_id": update_id}


@router.post("/updates", status_code=201)
async def push(request: Request, new: NewUpdate) -> dict[str, Any]:
    desk = desk_of(request)
    try:
        return {"update_id": desk.push(_bot(desk, new.bot), new.kind, new.content)}
    except SchemaError as error:
        desk.defects.pop()
        raise HTTPException(422, str(error)) from error


@router.post("/bots/{bot_id}/repeat", status_code=204)
async def repeat(request: Request, bot_id: int, repeated: Repeat) -> None:
    """Puts an update back into the queue under its old id, as after an acknowledgement that got lost."""
    desk = desk_of(request)
    bot = _bot(desk, bot_id)
    desk.queue(bot, repeated.update)


@router.post("/chats/{chat_id}/membership")
async def set_membership(request: Request, chat_id: int, new: Membership) -> dict[str, Any]:
    """`kicked` in a private chat: the person blocks the bot."""
    desk = desk_of(request)
    bot = _bot(desk, new.bot)
    chat = _chat(desk, bot, chat_id)
    user = desk.people.remember(new.user.body())
    if chat.private:
        return {"update_id": set_blocked(desk, chat, user, blocked=new.status != "member")}
    return {"update_id": set_member(desk, chat, bot.user(), status=new.status, by=user)}


@router.get("/chats/{chat_id}")
async def read_chat(request: Request, chat_id: int, bot: int, count: int = 0, wait: float = 0.0) -> dict[str, Any]:
    """All messages of a chat; waits up to `wait` seconds until at least `count` of them are the bot's."""
    desk = desk_of(request)
    chat = _chat(desk, _bot(desk, bot), chat_id)
    try:
        async with asyncio.timeout(min(wait, 60)):
            while sum(post.body["from"]["is_bot"] and not post.service for post in chat.posts.values()) < count:
                await chat.change()
    except TimeoutError:
        pass
    messages = [posting.render(post, chat, None, reply=False) for post in chat.posts.values() if not post.deleted]
    closed = chat.blocked if chat.private else not (chat.members[bot].inside if bot in chat.members else False)
    return {"chat": chat.body(), "closed": closed, "messages": messages}


@router.get("/calls")
async def list_calls(request: Request, bot: int | None = None, method: str | None = None) -> list[dict[str, Any]]:
    """What bots called, oldest first; `outcome` is the HTTP status, 0 for a connection that was cut."""
    return [
        {
            "at": call.at,
            "bot": call.bot_id,
            "method": call.method,
            "parameters": call.parameters,
            "outcome": call.outcome,
        }
        for call in desk_of(request).calls
        if bot in (None, call.bot_id) and (method is None or method.lower() == call.method)
    ]


@router.delete("/calls", status_code=204)
async def forget_calls(request: Request) -> None:
    desk_of(request).calls.clear()


@router.post("/faults", status_code=201)
async def add_fault(request: Request, new: NewFault) -> dict[str, int]:
    values = {**new.model_dump(), **FAULTS.get(new.kind or "", {}), **new.model_dump(exclude_unset=True)}
    del values["kind"]
    fault = desk_of(request).faults.add(Fault(0, values.pop("bot"), **values))
    return {"id": fault.id}


@router.get("/faults")
async def waiting_faults(request: Request) -> list[int]:
    """Those that have not met all their calls yet."""
    return desk_of(request).faults.waiting()


@router.delete("/faults", status_code=204)
async def clear_faults(request: Request) -> None:
    desk_of(request).faults.clear()


@router.delete("/faults/{fault_id}", status_code=204)
async def remove_fault(request: Request, fault_id: int) -> None:
    if not desk_of(request).faults.remove(fault_id):
        raise HTTPException(404, "no such fault")


def _chat(desk: Desk, bot: Bot, chat_id: int) -> Chat:
    if (chat := desk.find_chat(bot, chat_id)) is None:
        raise HTTPException(404, "no such chat")
    return chat


@router.get("/defects")
async def list_defects(request: Request) -> list[str]:
    """Where the sandbox broke the Bot API's schema: an empty list, or a defect of the sandbox."""
    return desk_of(request).defects
