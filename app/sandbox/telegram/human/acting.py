"""What people say, edit and feel."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram import posting, reactions
from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.human.common import Place, check_writable, desk_of, find_place, find_post, view
from app.sandbox.telegram.markup import plain_text
from app.sandbox.telegram.state import Desk

router = APIRouter()


class Contact(BaseModel):
    phone_number: str = Field(min_length=3, max_length=32)
    first_name: str = Field(min_length=1, max_length=64)
    last_name: str | None = None
    user_id: int | None = None


class Location(BaseModel):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Said(Place):
    """One of the kinds; `reply_to` is a message of the same chat."""

    text: str | None = Field(None, min_length=1, max_length=4096)
    contact: Contact | None = None
    location: Location | None = None
    reply_to: int | None = None
    topic: int | None = None


@router.post("/say", status_code=201)
async def say(request: Request, said: Said) -> dict[str, Any]:
    """A person writes. `update_id` is that of his private chat's bot."""
    desk = desk_of(request)
    user, chat = find_place(desk, said)
    made = _post(desk, chat, user, said, _content(said))
    return {"message": view(made, chat), "update_id": posting.announce(desk, chat, made, always=desk.bot_of(chat))}


def _content(said: Said) -> dict[str, Any]:
    if said.text is not None:
        return plain_text(said.text)
    if said.contact is not None:
        return {"contact": said.contact.model_dump(exclude_none=True)}
    if said.location is not None:
        return {"location": said.location.model_dump()}
    raise HTTPException(422, "there is nothing to say")


def _post(desk: Desk, chat: Chat, user: dict[str, Any], said: Said, content: dict[str, Any]) -> Post:
    topic = check_writable(chat, user, said.topic)
    replied = find_post(chat, said.reply_to) if said.reply_to is not None else None
    if topic is None and replied is not None:
        topic = replied.topic
    return posting.post(desk, chat, user, content, topic=topic, reply_to=said.reply_to)


class Edited(Place):
    message_id: int
    text: str | None = Field(None, min_length=1, max_length=4096)
    caption: str | None = Field(None, max_length=1024)


@router.post("/edit")
async def edit(request: Request, edited: Edited) -> dict[str, Any]:
    """A person changes his own message; bots read it as `edited_message`."""
    desk = desk_of(request)
    user, chat = find_place(desk, edited)
    made = find_post(chat, edited.message_id)
    if made.sender != user["id"]:
        raise HTTPException(403, "only one's own messages can be edited")
    if edited.text is not None and "text" in made.body:
        changes: dict[str, Any] = {"entities": None, **plain_text(edited.text)}
    elif edited.caption is not None and "text" not in made.body:
        caption = plain_text(edited.caption)
        changes = {"caption": caption["text"] or None, "caption_entities": caption.get("entities")}
    else:
        raise HTTPException(422, "there is nothing to edit")
    posting.edit(desk, chat, made, changes, by=user["id"])
    return {"message": view(made, chat)}


class Reacted(Place):
    message_id: int
    emoji: list[str] = Field(max_length=3)


@router.post("/react")
async def react(request: Request, reacted: Reacted) -> dict[str, Any]:
    """Replaces the person's reactions under a message; an empty list takes them away."""
    desk = desk_of(request)
    user, chat = find_place(desk, reacted)
    made = find_post(chat, reacted.message_id)
    # Keyboards add a variation selector, which the Bot API leaves out.
    chosen = [emoji.replace("\ufe0f", "") for emoji in reacted.emoji]
    if not reactions.EMOJI.issuperset(chosen):
        raise HTTPException(422, "no such reaction")
    reactions.react(desk, chat, made, user, [{"type": "emoji", "emoji": emoji} for emoji in chosen])
    return {"message": view(made, chat)}


class Deleted(Place):
    message_id: int


@router.post("/delete")
async def delete(request: Request, deleted: Deleted) -> dict[str, Any]:
    """A person takes a message away for everybody; bots are not told."""
    desk = desk_of(request)
    user, chat = find_place(desk, deleted)
    made = find_post(chat, deleted.message_id)
    if made.sender != user["id"] and not chat.may(user["id"], "can_delete_messages"):
        raise HTTPException(403, "the person may not delete this message")
    posting.delete(desk, chat, made)
    return {"message": view(made, chat)}
