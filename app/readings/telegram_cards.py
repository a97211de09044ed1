"""The drawn cards in the chat: one picture of the whole table, with the cards named below."""

import asyncio

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest

from app.catalogue.library import Project
from app.readings import pictures
from app.readings.pictures import TableCard
from app.readings.repository import Reading
from app.readings.tables import Spot
from app.readings.telegram_pages import Showing, card_list
from app.telegram.photos import send_photo
from app.telegram.replies import NO_PREVIEW
from app.worker.container import WorkerContainer


def placed(reading: Reading) -> list[TableCard]:
    return [
        TableCard(Spot(position["x"], position["y"], position["rotation"]), drawn["reversed"], drawn["card"]["picture"])
        for position, drawn in zip(reading.spread["positions"], reading.drawn or [], strict=True)
    ]


async def send_cards(container: WorkerContainer, bot: Bot, project: Project, showing: Showing, *, chat_id: int) -> None:
    """A deck without pictures, and a picture that Telegram refuses, leave the list of the cards."""
    cards = placed(showing.reading)
    caption = card_list(showing.reading, showing.words)

    async def draw() -> bytes:
        bodies = await pictures.load(container.catalogue.media, cards)
        return await asyncio.to_thread(pictures.compose, cards, bodies, project.theme)

    if any(card.image for card in cards):
        try:
            await send_photo(
                bot,
                container.database,
                project_id=project.id,
                chat_id=chat_id,
                digest=pictures.digest(cards, project.theme),
                draw=draw,
                caption=caption,
            )
        except TelegramBadRequest:
            pass
        else:
            return
    await bot.send_message(chat_id, caption, link_preview_options=NO_PREVIEW)
