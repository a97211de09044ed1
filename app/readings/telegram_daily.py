"""`/daily`: the card of the day with its picture and what the deck says of it."""

import asyncio
from html import escape
from typing import Any

from aiogram import Bot, F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command
from aiogram.methods import SendMessage

from app.catalogue.library import Project
from app.catalogue.service import Catalogue
from app.kit.database import Database
from app.locales import Words
from app.readings import pictures
from app.readings.daily import DailyCard, card_of_the_day
from app.readings.errors import DeckNotFound
from app.readings.pictures import TableCard
from app.readings.tables import Spot
from app.settings import Settings
from app.telegram.dialogues import leave_dialogue
from app.telegram.links import mini_app
from app.telegram.menu import MenuAction, button
from app.telegram.photos import send_photo
from app.telegram.replies import Event, Rows, acknowledge, chat_of, say
from app.users.repository import User

CAPTION_CHARACTERS = 1024


def router() -> Router:
    router = Router(name="daily")
    router.message.filter(F.chat.type == ChatType.PRIVATE)
    router.callback_query.filter(F.message.chat.type == ChatType.PRIVATE)
    router.message.middleware(leave_dialogue)
    router.message.register(daily, Command("daily"))
    router.callback_query.register(daily, MenuAction.filter(F.action == "daily"))
    return router


async def daily(
    event: Event,
    bot: Bot,
    project: Project,
    user: User,
    language: str,
    words: Words,
    settings: Settings,
    database: Database,
    catalogue: Catalogue,
) -> SendMessage | None:
    await acknowledge(event)
    try:
        async with database.transaction() as connection:
            card = await card_of_the_day(connection, project, user)
    except DeckNotFound:
        return say(event, words.html("daily.none"))
    copy = card.copy(language)
    caption = daily_text(card, copy, words)
    rows: Rows = [[button(words, "reading")], [mini_app(settings, project).button(words.plain("button.open"))]]
    if copy["picture"] is None:
        return say(event, caption, rows)
    placed = [TableCard(Spot(50, 50, 0), card.reversed, copy["picture"])]

    async def draw() -> bytes:
        bodies = await pictures.load(catalogue.media, placed)
        return await asyncio.to_thread(pictures.compose, placed, bodies, project.theme)

    await send_photo(
        bot,
        database,
        project_id=project.id,
        chat_id=chat_of(event),
        digest=pictures.digest(placed, project.theme),
        draw=draw,
        caption=caption,
        rows=rows,
    )
    return None


def daily_text(card: DailyCard, copy: dict[str, Any], words: Words) -> str:
    """Telegram HTML that fits under a photo."""
    orientation = "reversed" if card.reversed else "upright"
    name = copy["name"] if not card.reversed else words.plain("cards.reversed", card=copy["name"])
    keywords = ", ".join(copy["keywords"][orientation])
    head = words.html("daily.title", card=name)
    lines = [head, f"<i>{escape(keywords, quote=False)}</i>"] if keywords else [head]
    foot = words.html("daily.foot")
    left = CAPTION_CHARACTERS - sum(map(len, lines)) - len(foot) - 8
    meaning = copy["meaning"][orientation]
    if len(meaning) > left:
        meaning = meaning[:left].rsplit(" ", 1)[0] + "…"
    return "\n\n".join([*lines, escape(meaning, quote=False), foot] if meaning else [*lines, foot])
