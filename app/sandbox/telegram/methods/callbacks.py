"""Answers to pressed buttons, and reactions of a bot."""

from typing import Any
from urllib.parse import urlsplit

from app.sandbox.telegram.errors import ApiError, bad_request
from app.sandbox.telegram.methods.request import ApiRequest, Method
from app.sandbox.telegram.reactions import EMOJI, react

ANSWER_CHARACTERS = 200
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


async def answer_callback_query(request: ApiRequest) -> bool:
    text, url = request.text("text"), request.text("url")
    query = request.desk.queries.take(request.bot.id, request.text("callback_query_id"))
    if query is None:
        raise bad_request(TOO_OLD)
    if len(text) > ANSWER_CHARACTERS:
        raise ApiError(400, "Bad Request: MESSAGE_TOO_LONG")
    if url and urlsplit(url).hostname not in ("t.me", "telegram.me"):
        raise ApiError(400, "Bad Request: URL_INVALID")
    answer: dict[str, Any] = {"text": text or None, "show_alert": request.flag("show_alert"), "url": url or None}
    query.answer.set_result(answer)
    request.desk.journal.add("answer", bot_id=request.bot.id, query=query.id, **answer)
    return True


async def set_message_reaction(request: ApiRequest) -> bool:
    chat = request.chat()
    post = request.post(chat, what="message to react")
    reactions = request.json("reaction", what="reaction types") or []
    if not isinstance(reactions, list):
        raise bad_request("Expected an Array of ReactionType")
    # Bots are given as many as people without Premium.
    if len(reactions) > 1:
        raise ApiError(400, "Bad Request: REACTIONS_TOO_MANY")
    for reaction in reactions:
        if not isinstance(reaction, dict) or reaction.get("type") not in ("emoji", "custom_emoji"):
            raise bad_request("Can't parse ReactionType: Invalid reaction type specified")
        if reaction["type"] == "emoji" and reaction.get("emoji") not in EMOJI:
            raise ApiError(400, "Bad Request: REACTION_INVALID")
    if post.service:
        raise ApiError(400, "Bad Request: REACTION_INVALID")
    react(request.desk, chat, post, request.bot.user(), reactions)
    return True


METHODS: dict[str, Method] = {
    "answerCallbackQuery": answer_callback_query,
    "setMessageReaction": set_message_reaction,
}
