"""What the human side's routes share: who acts, where, and the refusals."""

from typing import Any, cast

from fastapi import HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram.bots import Bot
from app.sandbox.telegram.chats import GENERAL_TOPIC, Chat, Post
from app.sandbox.telegram.posting import render
from app.sandbox.telegram.reactions import counts
from app.sandbox.telegram.state import Desk


class Person(BaseModel):
    id: int = Field(gt=0, lt=2**52)
    first_name: str = Field("Guest", min_length=1, max_length=64)
    last_name: str | None = Field(None, max_length=64)
    username: str | None = Field(None, max_length=32)
    language_code: str | None = Field(None, max_length=16)

    def body(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


# A person in full is remembered; a known one is named by the id.
Who = Person | int


def desk_of(request: Request) -> Desk:
    return cast(Desk, request.app.state.desk)


def find_bot(desk: Desk, bot_id: int) -> Bot:
    if (bot := desk.bot(bot_id)) is None:
        raise HTTPException(404, "no such bot")
    return bot


def find_person(desk: Desk, who: Who) -> dict[str, Any]:
    if isinstance(who, Person):
        return desk.people.remember(who.body())
    if (user := desk.people.get(who)) is None:
        raise HTTPException(404, "no such person")
    return user


def find_group(desk: Desk, chat_id: int) -> Chat:
    if (chat := desk.chats.get((None, chat_id))) is None:
        raise HTTPException(404, "no such chat")
    return chat


class Place(BaseModel):
    """Where a person acts: his private chat with `bot`, or the group `chat`."""

    user: Who
    bot: int | None = None
    chat: int | None = None


def find_place(desk: Desk, place: Place) -> tuple[dict[str, Any], Chat]:
    """The person and the chat; a private chat begins when it is first written to."""
    user = find_person(desk, place.user)
    if place.chat is not None and place.chat < 0:
        chat = find_group(desk, place.chat)
        member = chat.members.get(user["id"])
        if member is None or not member.inside:
            raise HTTPException(403, "the person is not in this group")
        return user, chat
    if place.bot is None:
        raise HTTPException(422, "either bot or chat is needed")
    return user, desk.private_chat(find_bot(desk, place.bot), user)


def find_post(chat: Chat, message_id: int) -> Post:
    if (post := chat.post(message_id)) is None:
        raise HTTPException(404, "no such message")
    return post


def check_writable(chat: Chat, user: dict[str, Any], topic_id: int | None) -> int | None:
    """The topic, None for General. Refuses what the person's own client would refuse."""
    if chat.blocked:
        raise HTTPException(409, "the person has blocked this bot")
    if not chat.may(user["id"], "can_send_messages"):
        raise HTTPException(403, "the person may not write here")
    if topic_id in (None, GENERAL_TOPIC):
        return None
    topic = chat.topics.get(topic_id or 0)
    if topic is None or topic.deleted:
        raise HTTPException(404, "no such topic")
    if topic.closed and topic.creator != user["id"] and not chat.may(user["id"], "can_manage_topics"):
        raise HTTPException(403, "the topic is closed")
    return topic_id


def view(post: Post, chat: Chat) -> dict[str, Any]:
    """A message for people: the Bot API's object, and what became of it."""
    return {
        **render(post, chat, None),
        "deleted": post.deleted,
        "pinned": post.pinned,
        "edited": "edit_date" in post.body,
        "service": post.service,
        "paid": post.paid,
        "reactions": counts(post),
    }
