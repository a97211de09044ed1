"""What happens to a topic, whoever does it; each step leaves a service message."""

from typing import Any

from app.sandbox.telegram.chats import Chat, Topic
from app.sandbox.telegram.posting import announce, post, service
from app.sandbox.telegram.posting import delete as delete_post
from app.sandbox.telegram.state import Desk


def create(
    desk: Desk, chat: Chat, creator: dict[str, Any], name: str, *, icon_color: int, icon: str | None = None
) -> Topic:
    content: dict[str, Any] = {"name": name, "icon_color": icon_color}
    if icon:
        content["icon_custom_emoji_id"] = icon
    made = post(desk, chat, creator, {"forum_topic_created": content}, service=True, opens_topic=True)
    topic = chat.topics[made.id] = Topic(made.id, name, icon_color, creator["id"], icon)
    desk.journal.add("topic", chat=chat, topic=topic.id)
    announce(desk, chat, made)
    return topic


def rename(desk: Desk, chat: Chat, topic: Topic, by: dict[str, Any], *, name: str, icon: str | None) -> None:
    changes: dict[str, Any] = {}
    if name != topic.name:
        changes["name"] = name
    if icon != topic.icon_custom_emoji_id:
        changes["icon_custom_emoji_id"] = icon or ""
    topic.name, topic.icon_custom_emoji_id = name, icon
    desk.journal.add("topic", chat=chat, topic=topic.id)
    service(desk, chat, by, {"forum_topic_edited": changes}, topic=topic.id)


def switch(desk: Desk, chat: Chat, topic: Topic, by: dict[str, Any], *, closed: bool) -> None:
    topic.closed = closed
    desk.journal.add("topic", chat=chat, topic=topic.id)
    service(desk, chat, by, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, topic=topic.id)


def delete(desk: Desk, chat: Chat, topic: Topic) -> None:
    """With all its messages; no bot is told."""
    topic.deleted = True
    for found in list(chat.posts.values()):
        if found.topic == topic.id and not found.deleted:
            delete_post(desk, chat, found)
    desk.journal.add("topic", chat=chat, topic=topic.id)
