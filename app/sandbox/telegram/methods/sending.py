"""How a bot's message gets into a chat: formatting, rights, topic, reply, keyboard. What it holds is its caller's."""

from typing import Any

from app.sandbox.telegram.chats import GENERAL_TOPIC, Chat, Post
from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.markup import check_entities, find_plain_entities, parse_html, utf16_length
from app.sandbox.telegram.methods.request import ApiRequest
from app.sandbox.telegram.posting import post, render

TEXT_CHARACTERS = 4096
CAPTION_CHARACTERS = 1024
SOURCE_BYTES = 1 << 15
# What may be sent, and in which words it is refused (tdlib/td, MessageContent.cpp).
KINDS = {
    "can_send_messages": "text messages",
    "can_send_photos": "photos",
    "can_send_videos": "videos",
    "can_send_audios": "music",
    "can_send_documents": "documents",
    "can_send_voice_notes": "voice notes",
    "can_send_video_notes": "video notes",
    "can_send_other_messages": "stickers",
}


def parse(source: str, mode: str, entities: Any, *, what: str) -> tuple[str, list[dict[str, Any]]]:
    """Text with its entities; `what` is "Text" or "Caption"."""
    if len(source.encode()) > SOURCE_BYTES:
        raise bad_request(f"{what} is too long")
    mode = mode.lower()
    if mode == "html":
        text, found = parse_html(source)
    elif mode in ("", "none"):
        text, found = source, check_entities(source, entities)
    else:
        raise bad_request("Unsupported parse_mode")
    return text, found or find_plain_entities(text)


def formatted_text(request: ApiRequest) -> dict[str, Any]:
    """`text` and `entities` of the message, after the checks that Telegram makes."""
    entities = request.json("entities", what="entities")
    text, entities = parse(request.text("text"), request.text("parse_mode"), entities, what="Text")
    if not text.strip():
        raise bad_request("message text is empty")
    if len(text) > TEXT_CHARACTERS:
        raise bad_request("message is too long")
    return {"text": text, "entities": entities} if entities else {"text": text}


def formatted_caption(source: str, mode: str, entities: Any) -> dict[str, Any]:
    caption, entities = parse(source, mode, entities, what="Caption")
    if len(caption) > CAPTION_CHARACTERS:
        raise bad_request("message caption is too long")
    if not caption.strip():
        return {}
    return {"caption": caption, "caption_entities": entities} if entities else {"caption": caption}


def caption_of(request: ApiRequest) -> dict[str, Any]:
    entities = request.json("caption_entities", what="caption entities")
    return formatted_caption(request.text("caption"), request.text("parse_mode"), entities)


def check_rights(request: ApiRequest, chat: Chat, topic: int | None, permission: str) -> None:
    if not chat.may(request.bot.id, permission):
        raise bad_request(f"not enough rights to send {KINDS.get(permission, 'messages')} to the chat")
    closed = chat.topics.get(GENERAL_TOPIC if topic is None else topic)
    if chat.forum and closed is not None and closed.closed:
        own = closed.creator == request.bot.id
        if not own and not chat.may(request.bot.id, "can_manage_topics"):
            raise ApiError(400, "Bad Request: TOPIC_CLOSED")


def replied_post(request: ApiRequest, chat: Chat) -> tuple[Post | None, dict[str, Any]]:
    """The message that is answered, and what of it is quoted."""
    reply = request.json("reply_parameters", what="reply parameters")
    if reply is None:
        reply_id, quote = request.integer("reply_to_message_id", 0), None
        lenient = request.flag("allow_sending_without_reply")
    elif not isinstance(reply, dict):
        raise bad_request("Object expected as reply parameters")
    else:
        if not isinstance(reply.get("message_id"), int):
            raise bad_request("Can't parse reply parameters: Can't find field \"message_id\"")
        reply_id, quote = reply["message_id"], reply.get("quote")
        lenient = bool(reply.get("allow_sending_without_reply"))
    if reply_id <= 0:
        return None, {}
    replied = chat.post(reply_id)
    if replied is None:
        if lenient:
            return None, {}
        raise bad_request("message to be replied not found")
    if not quote:
        return replied, {}
    quote = str(quote)
    source = str(replied.body.get("text") or replied.body.get("caption") or "")
    if quote not in source:
        raise ApiError(400, "Bad Request: QUOTE_TEXT_INVALID")
    position = utf16_length(source[: source.index(quote)])
    return replied, {"quote": {"text": quote, "position": position, "is_manual": True}}


def send(
    request: ApiRequest,
    chat: Chat,
    content: dict[str, Any],
    *,
    permission: str = "can_send_messages",
    files: bool = False,
    count: bool = True,
) -> dict[str, Any]:
    """Puts the bot's message into the chat and returns it as the bot reads it. Raises the documented 400."""
    topic = request.topic(chat)
    markup = request.markup(chat)
    replied, quote = replied_post(request, chat)
    if topic is None and replied is not None and chat.forum:
        topic = replied.topic
    check_rights(request, chat, topic, permission)
    if count:
        request.count(chat)
    content = {**content, **quote}
    if markup.inline:
        if "invoice" not in content and any("pay" in button for row in markup.rows for button in row):
            raise ApiError(400, "Bad Request: BUTTON_TYPE_INVALID")
        content["reply_markup"] = markup.inline
    if request.flag("protect_content"):
        content["has_protected_content"] = True
    made = post(
        request.desk,
        chat,
        request.bot.user(),
        content,
        topic=topic,
        reply_to=replied.id if replied else None,
        files=files,
        keyboard=markup.keyboard,
    )
    show_keyboard(request, chat, markup.keyboard)
    if chat.draft is not None:
        chat.draft = None
        request.desk.journal.add("draft", chat=chat)
    return render(made, chat, request.bot.id)


def show_keyboard(request: ApiRequest, chat: Chat, keyboard: dict[str, Any] | None) -> None:
    """What a message does to the reply keyboard on the screens of the chat."""
    if keyboard is None:
        return
    chat.keyboard = None if keyboard.get("remove_keyboard") else keyboard
    request.desk.journal.add("keyboard", chat=chat)
