"""What a bot says in words: sendMessage, drafts, and that it is typing."""

import time
from typing import Any

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.methods.sending import TEXT_CHARACTERS, formatted_text, parse, send

DRAFT_SECONDS = 30
CHAT_ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)


async def send_message(request: ApiRequest) -> dict[str, Any]:
    content = formatted_text(request)
    if options := request.json("link_preview_options", what="link preview options"):
        content["link_preview_options"] = options
    return send(request, request.chat(), content)


async def send_message_draft(request: ApiRequest) -> bool:
    """Text that is still being written; it disappears when the message comes, or after 30 s."""
    chat = request.chat()
    if not chat.private:
        raise bad_request("message drafts can be sent only to private chats")
    draft_id = request.integer("draft_id", 0)
    if not draft_id:
        raise ApiError(400, "Bad Request: RANDOM_ID_EMPTY")
    entities = request.json("entities", what="entities")
    text, entities = parse(request.text("text"), request.text("parse_mode"), entities, what="Text")
    if len(text) > TEXT_CHARACTERS:
        raise bad_request("message is too long")
    chat.draft = {
        "draft_id": draft_id,
        "text": text,
        "entities": entities,
        "message_thread_id": request.integer("message_thread_id", 0) or None,
        "until": time.time() + DRAFT_SECONDS,
    }
    request.desk.journal.add("draft", chat=chat)
    return True


async def send_chat_action(request: ApiRequest) -> bool:
    chat = request.chat()
    topic = request.topic(chat)
    if request.text("action") not in CHAT_ACTIONS:
        raise bad_request("Wrong parameter action in request")
    request.desk.journal.add("action", chat=chat, bot_id=request.bot.id, topic=topic, action=request.text("action"))
    return True


METHODS: dict[str, Method] = {
    "sendMessage": send_message,
    "sendMessageDraft": send_message_draft,
    "sendChatAction": send_chat_action,
}
