"""What a bot changes afterwards: texts, captions, keyboards, media, deletions, pins (tdlib/td, MessagesManager.cpp)."""

import time
from typing import Any

from app.sandbox.telegram import posting
from app.sandbox.telegram.chats import Chat, Post
from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.methods.sending import caption_of, formatted_text

DELETABLE_SECONDS = 48 * 3600
MOST_MESSAGES = 100
CAPTIONED = ("photo", "video", "animation", "audio", "document", "voice")
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


def own_post(request: ApiRequest) -> tuple[Chat, Post]:
    """The message to edit. Raises the documented 400."""
    chat = request.chat()
    post = request.post(chat, what="message to edit")
    if post.sender != request.bot.id or post.service:
        raise bad_request("message can't be edited")
    return chat, post


def change(request: ApiRequest, chat: Chat, post: Post, content: dict[str, Any]) -> dict[str, Any]:
    """Edits the bot's message; the keyboard goes when none is given, as documented."""
    content = {**content, "reply_markup": request.markup(chat).inline}
    if all(post.body.get(name) == value for name, value in content.items()):
        raise bad_request(NOT_MODIFIED)
    request.count(chat)
    visibly = any(post.body.get(name) != value for name, value in content.items() if name != "reply_markup")
    posting.edit(request.desk, chat, post, content, by=request.bot.id, visibly=visibly)
    return posting.render(post, chat, request.bot.id)


async def edit_message_text(request: ApiRequest) -> dict[str, Any]:
    content = formatted_text(request)
    chat, post = own_post(request)
    if "text" not in post.body:
        raise bad_request("there is no text in the message to edit")
    return change(request, chat, post, {"entities": None, **content})


async def edit_message_caption(request: ApiRequest) -> dict[str, Any]:
    content = caption_of(request)
    chat, post = own_post(request)
    if not any(kind in post.body for kind in CAPTIONED):
        raise bad_request("there is no caption in the message to edit")
    return change(request, chat, post, {"caption": None, "caption_entities": None, **content})


async def edit_message_reply_markup(request: ApiRequest) -> dict[str, Any]:
    chat, post = own_post(request)
    return change(request, chat, post, {})


def _check_deletable(request: ApiRequest, chat: Chat, post: Post) -> None:
    if post.id in chat.topics or post.body["date"] < time.time() - DELETABLE_SECONDS:
        raise bad_request("message can't be deleted for everyone")
    if not chat.private and post.sender != request.bot.id and not chat.may(request.bot.id, "can_delete_messages"):
        raise bad_request("message can't be deleted")


async def delete_message(request: ApiRequest) -> bool:
    chat = request.chat()
    post = request.post(chat, what="message to delete")
    _check_deletable(request, chat, post)
    posting.delete(request.desk, chat, post)
    return True


def message_ids(request: ApiRequest) -> list[int]:
    ids = request.json("message_ids", what="message identifiers")
    if ids is None or ids == []:
        raise bad_request("Message identifiers are not specified")
    if not isinstance(ids, list):
        raise bad_request("Expected an Array of message identifiers")
    if len(ids) > MOST_MESSAGES:
        raise bad_request("Too many message identifiers specified")
    try:
        return [int(message_id) for message_id in ids]
    except (TypeError, ValueError) as error:
        raise bad_request("Message identifier must be a Number") from error


async def delete_messages(request: ApiRequest) -> bool:
    """Those that are not there are skipped."""
    chat = request.chat()
    posts = [post for message_id in message_ids(request) if (post := chat.post(message_id)) is not None]
    for post in posts:
        _check_deletable(request, chat, post)
    for post in posts:
        posting.delete(request.desk, chat, post)
    return True


def _check_pins(request: ApiRequest, chat: Chat) -> None:
    if not chat.may(request.bot.id, "can_pin_messages"):
        raise bad_request("not enough rights to manage pinned messages in the chat")


async def pin_chat_message(request: ApiRequest) -> bool:
    chat = request.chat()
    post = request.post(chat, what="message to pin")
    _check_pins(request, chat)
    if post.service:
        raise bad_request("service messages can't be pinned")
    if post.pinned:
        raise ApiError(400, "Bad Request: CHAT_NOT_MODIFIED")
    posting.pin(request.desk, chat, post, request.bot.user(), pinned=True)
    return True


async def unpin_chat_message(request: ApiRequest) -> bool:
    chat = request.chat()
    if request.integer("message_id", 0):
        post = request.post(chat, what="message to unpin")
    elif pinned := [post for post in chat.posts.values() if post.pinned]:
        post = pinned[-1]
    else:
        raise bad_request("message to unpin not found")
    _check_pins(request, chat)
    if not post.pinned:
        raise ApiError(400, "Bad Request: CHAT_NOT_MODIFIED")
    posting.pin(request.desk, chat, post, request.bot.user(), pinned=False)
    return True


async def unpin_all_chat_messages(request: ApiRequest) -> bool:
    chat = request.chat()
    _check_pins(request, chat)
    for post in chat.posts.values():
        if post.pinned:
            posting.pin(request.desk, chat, post, request.bot.user(), pinned=False)
    return True


METHODS: dict[str, Method] = {
    "editMessageText": edit_message_text,
    "editMessageCaption": edit_message_caption,
    "editMessageReplyMarkup": edit_message_reply_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "pinChatMessage": pin_chat_message,
    "unpinChatMessage": unpin_chat_message,
    "unpinAllChatMessages": unpin_all_chat_messages,
}
