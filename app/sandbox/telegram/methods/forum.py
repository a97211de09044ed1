"""Topics of a forum (tdlib/td, ForumTopicManager.cpp)."""

from typing import Any

from app.sandbox.telegram import topics
from app.sandbox.telegram.chats import GENERAL_TOPIC, Chat, Topic
from app.sandbox.telegram.errors import ApiError, bad_request, ours
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.posting import pin

NAME_CHARACTERS = 128
ICON_COLORS = (7322096, 16766590, 13338331, 9367192, 16749490, 16478047)


def _forum(request: ApiRequest) -> Chat:
    chat = request.chat()
    if not chat.forum:
        raise bad_request("the chat is not a forum")
    return chat


def _name(request: ApiRequest) -> str:
    """Telegram cuts a longer name off, which nobody means."""
    name = request.text("name").strip()
    if len(name) > NAME_CHARACTERS:
        raise ours(f"the name of a topic has at most {NAME_CHARACTERS} characters")
    return name


def _topic(request: ApiRequest, chat: Chat) -> Topic:
    topic = chat.topics.get(request.integer("message_thread_id", 0))
    if topic is None or topic.id == GENERAL_TOPIC:
        raise ApiError(400, "Bad Request: TOPIC_ID_INVALID")
    if topic.deleted:
        raise ApiError(400, "Bad Request: TOPIC_DELETED")
    return topic


def _check_manages(request: ApiRequest, chat: Chat, topic: Topic, *, what: str) -> None:
    own = topic.creator == request.bot.id
    if not own and not chat.may(request.bot.id, "can_manage_topics"):
        raise bad_request(f"not enough rights to {what} the topic")


async def create_forum_topic(request: ApiRequest) -> dict[str, Any]:
    chat = _forum(request)
    if not chat.may(request.bot.id, "can_manage_topics"):
        raise bad_request("not enough rights to create a topic")
    name = _name(request)
    if not name:
        raise bad_request("name must be non-empty")
    color = request.integer("icon_color", 0) or ICON_COLORS[0]
    if color not in ICON_COLORS:
        raise bad_request("invalid icon color specified")
    request.count(chat)
    icon = request.text("icon_custom_emoji_id") or None
    return topics.create(request.desk, chat, request.bot.user(), name, icon_color=color, icon=icon).body()


async def edit_forum_topic(request: ApiRequest) -> bool:
    chat = _forum(request)
    topic = _topic(request, chat)
    _check_manages(request, chat, topic, what="edit")
    name = _name(request) if "name" in request.arguments else topic.name
    icon = topic.icon_custom_emoji_id
    if "icon_custom_emoji_id" in request.arguments:
        icon = request.text("icon_custom_emoji_id") or None
    if not name:
        raise bad_request("name must be non-empty")
    if (name, icon) == (topic.name, topic.icon_custom_emoji_id):
        raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
    request.count(chat)
    topics.rename(request.desk, chat, topic, request.bot.user(), name=name, icon=icon)
    return True


def _switch(*, closed: bool) -> Method:
    async def switch(request: ApiRequest) -> bool:
        chat = _forum(request)
        topic = _topic(request, chat)
        _check_manages(request, chat, topic, what="close or open")
        if topic.closed == closed:
            raise ApiError(400, "Bad Request: TOPIC_NOT_MODIFIED")
        request.count(chat)
        topics.switch(request.desk, chat, topic, request.bot.user(), closed=closed)
        return True

    return switch


async def delete_forum_topic(request: ApiRequest) -> bool:
    chat = _forum(request)
    topic = _topic(request, chat)
    if topic.creator != request.bot.id and not chat.may(request.bot.id, "can_delete_messages"):
        raise bad_request("not enough rights to delete the topic")
    topics.delete(request.desk, chat, topic)
    return True


async def unpin_all_forum_topic_messages(request: ApiRequest) -> bool:
    chat = _forum(request)
    topic = _topic(request, chat)
    if not chat.may(request.bot.id, "can_pin_messages"):
        raise bad_request("not enough rights to manage pinned messages in the chat")
    for post in chat.posts.values():
        if post.pinned and post.topic == topic.id:
            pin(request.desk, chat, post, request.bot.user(), pinned=False)
    return True


METHODS: dict[str, Method] = {
    "createForumTopic": create_forum_topic,
    "editForumTopic": edit_forum_topic,
    "closeForumTopic": _switch(closed=True),
    "reopenForumTopic": _switch(closed=False),
    "deleteForumTopic": delete_forum_topic,
    "unpinAllForumTopicMessages": unpin_all_forum_topic_messages,
}
