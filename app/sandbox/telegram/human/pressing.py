"""Buttons under messages."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from app.sandbox.telegram.human.common import Place, desk_of, find_bot, find_place, find_post
from app.sandbox.telegram.posting import render
from app.sandbox.telegram.queries import answer_of

router = APIRouter()

# How long the bot may take before its answer is refused, and how long we wait for it.
QUERY_SECONDS = 60.0
PATIENCE_SECONDS = 5.0


class Pressed(Place):
    message_id: int
    data: str


@router.post("/press")
async def press(request: Request, pressed: Pressed) -> dict[str, Any]:
    """Presses a callback button and waits for what the bot answers; `answered` is false when it said nothing."""
    desk = desk_of(request)
    user, chat = find_place(desk, pressed)
    made = find_post(chat, pressed.message_id)
    rows = (made.body.get("reply_markup") or {}).get("inline_keyboard") or []
    if not any(button.get("callback_data") == pressed.data for row in rows for button in row):
        raise HTTPException(404, "no such button")
    bot = find_bot(desk, made.sender)
    query = desk.queries.ask(bot.id, seconds=QUERY_SECONDS)
    update_id = desk.push(
        bot,
        "callback_query",
        {
            "id": query.id,
            "from": user,
            "message": render(made, chat, bot.id),
            "chat_instance": str(-chat.id * 7919 - bot.id),
            "data": pressed.data,
        },
    )
    answer = await answer_of(query, seconds=PATIENCE_SECONDS) or {"text": None, "show_alert": False, "url": None}
    return {"answered": query.answer.done(), **answer, "query_id": query.id, "update_id": update_id}
