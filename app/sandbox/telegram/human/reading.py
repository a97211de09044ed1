"""What people see: their chats, the messages, and what changes."""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse

from app.kit import json
from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import GENERAL_TOPIC, Chat
from app.sandbox.telegram.human.common import desk_of, find_bot, find_group, view
from app.sandbox.telegram.journal import Change
from app.sandbox.telegram.state import Desk

router = APIRouter()

HEARTBEAT_SECONDS = 15.0


@router.get("/chats")
async def list_chats(request: Request, person: int) -> list[dict[str, Any]]:
    """All that a person sees: a private chat with every bot, begun or not, and the groups he is in.

    `name` is what stands above the chat. `last` is the newest message that is still there.
    """
    desk = desk_of(request)
    begun = desk.contacts.get(person, {})
    language = (desk.people.get(person) or {}).get("language_code", "")
    private = [_private(bot, begun.get(bot.id), person, language) for bot in desk.bots.values()]
    mine = [chat for chat in desk.groups() if person in chat.members and chat.members[person].inside]
    groups = [_group(desk, chat, person, language) for chat in mine if chat.upgraded_to is None]
    return [*groups, *private]


def _last(chat: Chat) -> dict[str, Any] | None:
    newest = next((post for post in reversed(chat.posts.values()) if not post.deleted), None)
    return view(newest, chat) if newest is not None else None


def _private(bot: Bot, chat: Chat | None, person: int, language: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "chat": chat.body() if chat else {"id": person, "type": "private"},
        "name": bot.name_for(language),
        "bot": bot.id,
        "bot_user": bot.user(),
        "blocked": bool(chat and chat.blocked),
        "last": _last(chat) if chat else None,
        "menu_button": bot.menu_button(person),
        "commands": bot.commands_for(
            chat_id=person, user_id=person, group=False, administrator=False, language=language
        ),
    }
    if chat is not None:
        shown["reply_keyboard"] = chat.keyboard
        shown["draft"] = chat.current_draft(time.time())
    return shown


def _commands(desk: Desk, chat: Chat, person: int, language: str) -> list[dict[str, Any]]:
    """Those of all bots in a group; where there are several, each command names its bot, as clients write it."""
    bots = [bot for member in chat.inside() if (bot := desk.bot(member.user["id"])) is not None]
    office = chat.members[person].administrator
    return [
        command if len(bots) == 1 else {**command, "command": f"{command['command']}@{bot.username}"}
        for bot in bots
        for command in bot.commands_for(
            chat_id=chat.id, user_id=person, group=True, administrator=office, language=language
        )
    ]


def _group(desk: Desk, chat: Chat, person: int, language: str) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "chat": chat.body(),
        "commands": _commands(desk, chat, person, language),
        "name": chat.about["title"],
        "last": _last(chat),
        "reply_keyboard": chat.keyboard,
        "members": [member.body() for member in chat.inside()],
    }
    if chat.forum:
        newest = {post.topic: post for post in chat.posts.values() if not post.deleted}
        shown["topics"] = [
            {
                **topic.body(),
                "closed": topic.closed,
                "deleted": topic.deleted,
                "last": view(newest[topic.id], chat) if topic.id in newest else None,
            }
            for topic in chat.topics.values()
        ]
    return shown


@router.get("/messages")
async def list_messages(
    request: Request,
    *,
    bot: int | None = None,
    person: int | None = None,
    chat: int | None = None,
    topic: int | None = None,
    limit: Annotated[int, Query(ge=1, le=400)] = 400,
) -> list[dict[str, Any]]:
    """Messages of a person's private chat with a bot, or of a group; `topic` 1 is General. Oldest first."""
    desk = desk_of(request)
    if chat is not None and chat < 0:
        found = find_group(desk, chat)
    elif bot is not None and (person or chat) is not None:
        private = desk.chats.get((find_bot(desk, bot).id, person or chat or 0))
        if private is None:
            return []
        found = private
    else:
        raise HTTPException(422, "either bot and person or chat is needed")
    wanted = None if topic == GENERAL_TOPIC else topic
    posts = [post for post in found.posts.values() if topic is None or post.topic == wanted]
    return [view(post, found) for post in posts[-limit:]]


def _change(change: Change) -> dict[str, Any]:
    shown: dict[str, Any] = {"seq": change.seq, "kind": change.kind, "bot": change.bot_id}
    if change.chat is not None:
        shown["chat"] = change.chat.id
    if change.post is not None and change.chat is not None:
        shown |= {"message_id": change.post.id, "topic": change.post.topic, "message": view(change.post, change.chat)}
    return {**shown, **change.more}


def _changes(desk: Desk, after: int) -> dict[str, Any]:
    return {
        "seq": desk.journal.seq,
        "reset": not desk.journal.complete(after),
        "changes": [_change(change) for change in desk.journal.after(after)],
    }


@router.get("/changes")
async def poll_changes(
    request: Request, after: int = 0, wait: Annotated[float, Query(ge=0, le=60)] = 25
) -> dict[str, Any]:
    """What came after `after`, waiting for it up to `wait` seconds. `reset`: too much came, read everything anew."""
    desk = desk_of(request)
    if after <= desk.journal.seq:
        await desk.journal.wait(after, seconds=wait)
    return _changes(desk, after)


@router.get("/events")
async def stream_changes(request: Request, after: int | None = None) -> StreamingResponse:
    """The same as server-sent events, one change each; from now on when neither `after` nor Last-Event-ID is given."""
    desk = desk_of(request)
    last = request.headers.get("last-event-id", "")
    since = int(last) if last.isdigit() else desk.journal.seq if after is None else after

    async def events() -> AsyncIterator[bytes]:
        seq = since
        yield b": hello\n\n"
        if not desk.journal.complete(seq):
            seq = desk.journal.seq
            yield b"event: reset\nid: %d\ndata: {}\n\n" % seq
        while not await request.is_disconnected():
            await desk.journal.wait(seq, seconds=HEARTBEAT_SECONDS)
            changes = desk.journal.after(seq)
            if not changes:
                yield b": still here\n\n"
            for change in changes:
                seq = change.seq
                yield b"id: %d\ndata: %s\n\n" % (seq, json.dumps(_change(change)))

    return StreamingResponse(events(), media_type="text/event-stream", headers={"cache-control": "no-store"})
