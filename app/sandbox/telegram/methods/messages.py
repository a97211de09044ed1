"""What a bot says: sendMessage and sendChatAction."""

import time
from typing import Any

from app.sandbox.telegram.errors import bad_request
from app.sandbox.telegram.keyboards import check_reply_markup
from app.sandbox.telegram.markup import find_plain_entities, parse_html
from app.sandbox.telegram.methods.request import ApiRequest, Method

TEXT_CHARACTERS = 4096
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


def _formatted(request: ApiRequest) -> tuple[str, list[dict[str, Any]]]:
    """The text as it is shown, after the checks that Telegram makes."""
    source = request.text("text")
    if len(source.encode()) > 1 << 15:
        raise bad_request("Text is too long")
    mode = request.text("parse_mode").lower()
    if mode == "html":
        text, entities = parse_html(source)
    elif mode in ("", "none"):
        text, entities = source, request.json("entities", what="entities") or []
    else:
        raise bad_request("Unsupported parse_mode")
    if not text.strip():
        raise bad_request("message text is empty")
    if len(text) > TEXT_CHARACTERS:
        raise bad_request("message is too long")
    return text, entities or find_plain_entities(text)


async def send_message(request: ApiRequest) -> dict[str, Any]:
    text, entities = _formatted(request)
    chat = request.chat()
    keyboard = check_reply_markup(
        request.json("reply_markup", what="reply keyboard markup"),
        private=chat.private,
        http_apps=request.desk.test_environment,
    )
    if request.desk.limits:
        request.flood.check(request.bot.id, chat.id, private=chat.private)
    message: dict[str, Any] = {
        "message_id": next(request.bot.message_ids),
        "from": request.bot.user(),
        "chat": chat.body(),
        "date": int(time.time()),
        "text": text,
    }
    if entities:
        message["entities"] = entities
    if keyboard:
        message["reply_markup"] = keyboard
    chat.add(message)
    return message


async def send_chat_action(request: ApiRequest) -> bool:
    request.chat()
    if request.text("action") not in CHAT_ACTIONS:
        raise bad_request("Wrong parameter action in request")
    return True


METHODS: dict[str, Method] = {"sendMessage": send_message, "sendChatAction": send_chat_action}
