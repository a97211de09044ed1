"""What people say, edit and feel."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram import posting, reactions
from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.human.common import Place, check_writable, desk_of, find_place, find_post, view
from app.sandbox.telegram.markup import plain_text
from app.sandbox.telegram.media import KINDS, Kind, check_album, content_of
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


class Media(BaseModel):
    """A file that was uploaded (POST /sandbox/files), by its id, as one of the kinds."""

    photo: str | None = None
    video: str | None = None
    voice: str | None = None
    audio: str | None = None
    document: str | None = None
    sticker: str | None = None
    animation: str | None = None
    video_note: str | None = None
    caption: str | None = Field(None, max_length=1024)
    duration: int | None = Field(None, ge=0)

    def chosen(self) -> tuple[Kind, str] | None:
        given = [(kind, file_id) for kind in KINDS.values() if (file_id := getattr(self, kind.name)) is not None]
        if len(given) > 1:
            raise HTTPException(422, "one kind at a time")
        return given[0] if given else None


class Said(Media, Place):
    """One of the kinds, or an album of them; `reply_to` is a message of the same chat."""

    text: str | None = Field(None, min_length=1, max_length=4096)
    album: list[Media] | None = None
    contact: Contact | None = None
    location: Location | None = None
    reply_to: int | None = None
    topic: int | None = None


@router.post("/say", status_code=201)
async def say(request: Request, said: Said) -> dict[str, Any]:
    """A person writes. `update_id` is that of his private chat's bot."""
    desk = desk_of(request)
    user, chat = find_place(desk, said)
    bot = desk.bot_of(chat)
    if said.album is None:
        made = _post(desk, chat, user, said, _content(desk, said), files=said.chosen() is not None)
        return {"message": view(made, chat), "update_id": posting.announce(desk, chat, made, always=bot)}
    album = {"media_group_id": str(desk.random.randrange(10**16, 10**17))}
    contents = [_media(desk, item) | album for item in said.album]
    check_album([chosen[0] for item in said.album if (chosen := item.chosen()) is not None])
    posts = [_post(desk, chat, user, said, content, files=True) for content in contents]
    update_ids = [posting.announce(desk, chat, made, always=bot) for made in posts]
    shown = [view(made, chat) for made in posts]
    return {"message": shown[0], "messages": shown, "update_id": update_ids[0], "update_ids": update_ids}


def _media(desk: Desk, item: Media) -> dict[str, Any]:
    if (chosen := item.chosen()) is None:
        raise HTTPException(422, "an album is made of files")
    kind, file_id = chosen
    if (file := desk.files.own(file_id)) is None:
        raise HTTPException(404, "no such file")
    content = content_of(kind, file, {"duration": item.duration})
    if item.caption and kind.captioned:
        caption = plain_text(item.caption)
        content["caption"] = caption["text"]
        if "entities" in caption:
            content["caption_entities"] = caption["entities"]
    return content


def _content(desk: Desk, said: Said) -> dict[str, Any]:
    if said.text is not None:
        return plain_text(said.text)
    if said.chosen() is not None:
        return _media(desk, said)
    if said.contact is not None:
        return {"contact": said.contact.model_dump(exclude_none=True)}
    if said.location is not None:
        return {"location": said.location.model_dump()}
    raise HTTPException(422, "there is nothing to say")


def _post(desk: Desk, chat: Chat, user: dict[str, Any], said: Said, content: dict[str, Any], *, files: bool) -> Post:
    topic = check_writable(chat, user, said.topic)
    replied = find_post(chat, said.reply_to) if said.reply_to is not None else None
    if topic is None and replied is not None:
        topic = replied.topic
    return posting.post(desk, chat, user, content, topic=topic, reply_to=said.reply_to, files=files)


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


class Pinned(Place):
    message_id: int
    pinned: bool = True


@router.post("/pin")
async def pin(request: Request, order: Pinned) -> dict[str, Any]:
    """A person pins a message, or takes the pin away."""
    desk = desk_of(request)
    user, chat = find_place(desk, order)
    made = find_post(chat, order.message_id)
    if made.service or not chat.may(user["id"], "can_pin_messages"):
        raise HTTPException(403, "the person may not pin this message")
    if made.pinned != order.pinned:
        posting.pin(desk, chat, made, user, pinned=order.pinned)
    return {"message": view(made, chat)}
