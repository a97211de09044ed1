"""Copies and forwards of messages that the bot can read."""

from typing import Any

from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.errors import bad_request
from app.sandbox.telegram.methods.editing import CAPTIONED, message_ids
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.methods.sending import caption_of, send

CONTENT = (
    "text", "entities", "link_preview_options", "caption", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "photo", "video", "voice", "audio", "document", "animation", "sticker", "video_note",
    "contact", "location", "venue", "dice",
)  # fmt: skip
PERMISSIONS = {
    "photo": "can_send_photos",
    "video": "can_send_videos",
    "voice": "can_send_voice_notes",
    "audio": "can_send_audios",
    "document": "can_send_documents",
    "animation": "can_send_other_messages",
    "sticker": "can_send_other_messages",
    "video_note": "can_send_video_notes",
}


def _content(post: Post, *, what: str) -> dict[str, Any]:
    if post.service or "invoice" in post.body or post.body.get("has_protected_content"):
        raise bad_request(f"the message can't be {what}")
    return {name: post.body[name] for name in CONTENT if name in post.body}


def _permission(content: dict[str, Any]) -> str:
    return next((right for kind, right in PERMISSIONS.items() if kind in content), "can_send_messages")


def _put(request: ApiRequest, chat: Chat, content: dict[str, Any], *, files: bool) -> dict[str, int]:
    sent = send(request, chat, content, permission=_permission(content), files=files)
    return {"message_id": int(sent["message_id"])}


def _without_caption(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in ("caption", "caption_entities")}


async def copy_message(request: ApiRequest) -> dict[str, int]:
    source = request.chat("from_chat_id")
    post = request.post(source, what="message to copy")
    chat = request.chat()
    content = _content(post, what="copied")
    if "caption" in request.arguments and any(kind in content for kind in CAPTIONED):
        content = {**_without_caption(content), **caption_of(request)}
    return _put(request, chat, content, files=post.files)


def _sources(request: ApiRequest, *, what: str) -> list[Post]:
    source = request.chat("from_chat_id")
    posts = [post for message_id in message_ids(request) if (post := source.post(message_id)) is not None]
    if not posts:
        raise bad_request(f"there are no messages to {what}")
    return posts


async def copy_messages(request: ApiRequest) -> list[dict[str, int]]:
    """Albums stay together; those that are not there or cannot be copied are skipped."""
    chat = request.chat()
    posts = _sources(request, what="copy")
    albums: dict[str, str] = {}
    copied = []
    for post in posts:
        content = {**_content(post, what="copied"), **_album(request, post, albums)}
        if request.flag("remove_caption"):
            content = _without_caption(content)
        copied.append(_put(request, chat, content, files=post.files))
    return copied


def _album(request: ApiRequest, post: Post, albums: dict[str, str]) -> dict[str, Any]:
    """The new id of the album that a message belongs to."""
    if (old := post.body.get("media_group_id")) is None:
        return {}
    return {"media_group_id": albums.setdefault(old, str(request.desk.random.randrange(10**16, 10**17)))}


def _forward(request: ApiRequest, chat: Chat, post: Post, albums: dict[str, str]) -> dict[str, Any]:
    content = _content(post, what="forwarded")
    origin = {"type": "user", "date": post.body["date"], "sender_user": post.body["from"]}
    content |= {"forward_origin": post.body.get("forward_origin", origin), **_album(request, post, albums)}
    return send(request, chat, content, permission=_permission(content), files=post.files)


async def forward_message(request: ApiRequest) -> dict[str, Any]:
    post = request.post(request.chat("from_chat_id"), what="message to forward")
    return _forward(request, request.chat(), post, {})


async def forward_messages(request: ApiRequest) -> list[dict[str, int]]:
    chat = request.chat()
    posts = _sources(request, what="forward")
    albums: dict[str, str] = {}
    return [{"message_id": int(_forward(request, chat, post, albums)["message_id"])} for post in posts]


METHODS: dict[str, Method] = {
    "copyMessage": copy_message,
    "copyMessages": copy_messages,
    "forwardMessage": forward_message,
    "forwardMessages": forward_messages,
}
