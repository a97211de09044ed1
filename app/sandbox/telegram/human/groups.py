"""Groups, who is in them, and their topics, as people arrange them."""

from typing import Any, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from app.sandbox.telegram import posting, topics
from app.sandbox.telegram.chats import Chat, Topic
from app.sandbox.telegram.human.common import Who, desk_of, find_bot, find_group, find_person
from app.sandbox.telegram.members import ADMINISTRATOR_RIGHTS, PERMISSIONS, Status
from app.sandbox.telegram.membership import set_member, upgrade

router = APIRouter()

ICON_COLOR = 7322096


class NewGroup(BaseModel):
    title: str = Field(min_length=1, max_length=128)
    is_forum: bool = False
    owner: Who
    # A simple group becomes a supergroup, with another id, when topics are switched on.
    type: Literal["group", "supergroup"] = "supergroup"
    # A supergroup's own id, for whoever remembers it from an earlier run.
    id: int | None = Field(None, lt=-(10**12))


@router.post("/groups", status_code=201)
async def add_group(request: Request, new: NewGroup) -> dict[str, Any]:
    """A group of one person, who owns it."""
    if new.type == "group" and (new.is_forum or new.id is not None):
        raise HTTPException(422, "only a supergroup has topics and a long id")
    desk = desk_of(request)
    if new.id is not None and (None, new.id) in desk.chats:
        raise HTTPException(409, "there is a chat of this id")
    chat = desk.new_group(
        find_person(desk, new.owner),
        title=new.title,
        forum=new.is_forum,
        kind=new.type,
        number=None if new.id is None else -new.id,
    )
    desk.journal.add("chat", chat=chat)
    return {"chat": chat.body()}


@router.get("/groups")
async def list_groups(request: Request) -> list[dict[str, Any]]:
    return [
        {"chat": chat.body(), "members": [member.body() for member in chat.members.values()]}
        for chat in desk_of(request).groups()
    ]


class GroupSettings(BaseModel):
    chat: int
    is_forum: bool | None = None
    title: str | None = Field(None, min_length=1, max_length=128)


@router.post("/groups/settings")
async def change_group(request: Request, settings: GroupSettings) -> dict[str, Any]:
    """Topics are switched on or off, or the title is changed; bots are told of a title and of an upgrade.

    A simple group is upgraded to a supergroup by it: the answer holds the new one.
    """
    desk = desk_of(request)
    chat = find_group(desk, settings.chat)
    if settings.title is not None and settings.title != chat.about["title"]:
        chat.about = {**chat.about, "title": settings.title}
        posting.service(desk, chat, _owner(chat), {"new_chat_title": settings.title})
    if settings.is_forum and chat.type == "group":
        chat = upgrade(desk, chat, _owner(chat))
    if settings.is_forum is not None:
        about = {name: value for name, value in chat.about.items() if name != "is_forum"}
        chat.about = {**about, "is_forum": True} if settings.is_forum else about
    desk.journal.add("chat", chat=chat)
    return {"chat": chat.body()}


class Membership(BaseModel):
    """`rights` of an administrator or permissions of a restricted member; without them all, or none."""

    chat: int
    user: Who
    status: Status
    rights: dict[str, bool] | None = None
    by: int | None = None
    custom_title: str | None = Field(None, max_length=16)


@router.post("/members")
async def change_member(request: Request, new: Membership) -> dict[str, Any]:
    """A person comes, goes, or gets another office; `by` is who does it, else the group's owner."""
    desk = desk_of(request)
    chat, user = find_group(desk, new.chat), find_person(desk, new.user)
    _check_rights(new.rights)
    set_member(
        desk,
        chat,
        user,
        status=new.status,
        by=_owner(chat) if new.by is None else find_person(desk, new.by),
        rights=new.rights,
        custom_title=new.custom_title,
    )
    return {"member": chat.members[user["id"]].body()}


class BotRights(BaseModel, extra="allow"):
    """Besides these, any right of an administrator by its name; those left out are not given.

    An administrator of whom no right is named gets all.
    """

    chat: int
    bot: int
    status: Status
    by: int | None = None


@router.post("/bot-rights")
async def change_bot(request: Request, new: BotRights) -> dict[str, Any]:
    """A bot is let in, put out, or given rights; it is told by `my_chat_member`."""
    desk = desk_of(request)
    chat, bot = find_group(desk, new.chat), find_bot(desk, new.bot)
    rights = new.model_extra or None
    _check_rights(rights)
    by = _owner(chat) if new.by is None else find_person(desk, new.by)
    update_id = set_member(desk, chat, bot.user(), status=new.status, by=by, rights=rights)
    return {"member": chat.members[bot.id].body(), "update_id": update_id}


def _owner(chat: Chat) -> dict[str, Any]:
    found = [member.user for member in chat.members.values() if member.status == "creator"]
    found += [member.user for member in chat.members.values() if not member.user["is_bot"]]
    if not found:
        raise HTTPException(409, "nobody is in this group")
    return found[0]


def _check_rights(rights: dict[str, Any] | None) -> None:
    unknown = set(rights or ()) - {*ADMINISTRATOR_RIGHTS, *PERMISSIONS, "is_anonymous", "is_member"}
    if unknown or not all(isinstance(given, bool) for given in (rights or {}).values()):
        raise HTTPException(422, f"no such right: {', '.join(sorted(unknown)) or 'rights are true or false'}")


class NewTopic(BaseModel):
    chat: int
    user: Who
    name: str = Field(min_length=1, max_length=128)


@router.post("/topics", status_code=201)
async def add_topic(request: Request, new: NewTopic) -> dict[str, Any]:
    desk = desk_of(request)
    chat, user = _forum(desk_of(request), new.chat), find_person(desk, new.user)
    if not chat.may(user["id"], "can_manage_topics"):
        raise HTTPException(403, "the person may not make topics")
    return topics.create(desk, chat, user, new.name, icon_color=ICON_COLOR).body()


class TopicAction(BaseModel):
    chat: int
    user: Who
    topic: int


@router.post("/topics/delete", status_code=204)
async def delete_topic(request: Request, action: TopicAction) -> None:
    """With all its messages; bots are not told, and find out when they write there."""
    desk = desk_of(request)
    chat, topic, _ = _arrange(request, action, "can_delete_messages")
    topics.delete(desk, chat, topic)


@router.post("/topics/close", status_code=204)
async def close_topic(request: Request, action: TopicAction) -> None:
    chat, topic, user = _arrange(request, action, "can_manage_topics")
    topics.switch(desk_of(request), chat, topic, user, closed=True)


@router.post("/topics/reopen", status_code=204)
async def reopen_topic(request: Request, action: TopicAction) -> None:
    chat, topic, user = _arrange(request, action, "can_manage_topics")
    topics.switch(desk_of(request), chat, topic, user, closed=False)


def _forum(desk: Any, chat_id: int) -> Chat:
    chat = find_group(desk, chat_id)
    if not chat.forum:
        raise HTTPException(409, "the group has no topics")
    return chat


def _arrange(request: Request, action: TopicAction, right: str) -> tuple[Chat, Topic, dict[str, Any]]:
    desk = desk_of(request)
    chat, user = _forum(desk, action.chat), find_person(desk, action.user)
    topic = chat.topics.get(action.topic)
    if topic is None or topic.deleted:
        raise HTTPException(404, "no such topic")
    if topic.creator != user["id"] and not chat.may(user["id"], right):
        raise HTTPException(403, "the person may not do this")
    return chat, topic, user
