"""Posting cards: at once after the commit that announced them, and again by the beat if that failed."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError

from app.catalogue.library import Project
from app.crm.alarms import alert_unposted
from app.crm.cards.poster import Poster
from app.crm.cards.registry import CardKinds
from app.crm.cards.store import (
    FORGET_JOB,
    JOB,
    REFRESH_JOB,
    Card,
    CardRepository,
    announce,
    enqueue_post,
    enqueue_refresh,
    waiting,
)
from app.crm.groups import GroupRepository
from app.crm.told import JOB as TELL_JOB
from app.errors import Unavailable
from app.kit.database import Connection
from app.kit.telemetry import get_logger
from app.locales import plain
from app.readings.generations import SAFETY_JOB
from app.telegram.middlewares import words_for
from app.users.repository import UserRepository
from app.worker.container import WorkerContainer
from app.worker.port import Job, JobRegistry

log = get_logger("app.crm.cards")

LOST_AFTER = timedelta(seconds=20)
KINDS = CardKinds()
# A card that is just being posted may say what was true a moment ago.
REFRESH_TRIES = 5


def _place(container: WorkerContainer, project_id: int) -> tuple[Bot, Project] | None:
    """The project's bot, None if there is none any more."""
    project = container.catalogue.library().project_by_id(project_id)
    bot = container.bots.bot(project.bot.id) if project is not None and project.bot is not None else None
    return (bot, project) if bot is not None and project is not None else None


async def post_card(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project_id, card_id = payload["project"], UUID(payload["card"])
    place = _place(container, project_id)
    async with container.database.transaction() as connection:
        card = await CardRepository(connection, project_id).get(card_id)
        if card is not None and card.posted_at is None:
            await _touch(connection, card)
    if place is None or not await Poster(container.database).post(*place, card_id):
        async with container.database.transaction() as connection:
            await alert_unposted(connection, project_id=project_id, card_id=card_id)


async def _touch(connection: Connection, card: Card) -> None:
    kind = KINDS.get(card.kind)
    for name, subject in await kind.touched(connection, card) if kind is not None else []:
        await enqueue_refresh(connection, project_id=card.project_id, kind=name, subject=subject)


async def refresh_card(container: WorkerContainer, payload: dict[str, Any]) -> None:
    project_id, tries = payload["project"], payload["tries"]
    place = _place(container, project_id)
    async with container.database.transaction() as connection:
        card = await CardRepository(connection, project_id).of_subject(payload["kind"], payload["subject"])
        group = await GroupRepository(connection, project_id).get()
        if card is None or group is None or place is None:
            return
        if tries == 0:
            await _touch(connection, card)
        if card.posted_at is None:
            if tries < REFRESH_TRIES:
                await enqueue_refresh(
                    connection, project_id=project_id, kind=card.kind, subject=card.subject, tries=tries + 1
                )
            return
    await Poster(container.database).refresh(*place, group, card)


async def tell_danger(container: WorkerContainer, payload: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        await announce(
            connection,
            project_id=payload["project"],
            kind="safety",
            subject=payload["event"],
            user_id=UUID(payload["user"]),
        )


async def find_waiting(container: WorkerContainer, _: dict[str, Any]) -> None:
    """Cards that no job posted, and danger signs that no job announced."""
    async with container.database.transaction() as connection:
        for project_id, card_id in await waiting(connection, since=LOST_AFTER):
            await enqueue_post(connection, project_id=project_id, card_id=card_id)
        signs = await connection.fetch(
            """
            SELECT e.project_id, e.id, e.user_id FROM safety_events e
            JOIN users u ON u.project_id = e.project_id AND u.id = e.user_id AND u.state <> 'erased'
            WHERE e.handled_at IS NULL AND e.created_at BETWEEN now() - interval '30 days' AND now() - $1::interval
                AND NOT EXISTS (
                    SELECT FROM staff_cards c
                    WHERE c.project_id = e.project_id AND c.kind = 'safety' AND c.subject = e.id::text
                )
            LIMIT 100
            """,
            LOST_AFTER,
        )
        for project_id, event_id, user_id in signs:
            await announce(connection, project_id=project_id, kind="safety", subject=str(event_id), user_id=user_id)


async def forget(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """Empties the messages of cards whose client has erased himself."""
    place = _place(container, payload["project"])
    if place is None:
        return
    bot, project = place
    async with container.database.connection() as connection:
        group = await GroupRepository(connection, project.id).get()
    text = plain(group.language if group else project.default_language, "card.erased")
    for chat_id, message_id in payload["messages"]:
        try:
            await bot.edit_message_text(text, chat_id=chat_id, message_id=message_id)
        except (TelegramBadRequest, TelegramForbiddenError, Unavailable) as error:
            log.warning("a card of an erased client stands", project=project.key, reason=str(error))


async def tell_person(container: WorkerContainer, payload: dict[str, Any]) -> None:
    """A text for somebody to whom the staff did something; see `app.crm.told`."""
    place = _place(container, payload["project"])
    if place is None:
        return
    bot, project = place
    async with container.database.connection() as connection:
        user = await UserRepository(connection, project.id).get(UUID(payload["user"]))
    if user is None or user.telegram_id is None:
        return
    words = words_for(project.language(user.language), user)
    text = words.html(payload["key"], project=project.text(project.name, words.language), **payload["values"])
    try:
        await bot.send_message(user.telegram_id, text)
    except TelegramForbiddenError:
        # He has left, which the sender has noted.
        return


def register(registry: JobRegistry) -> None:
    registry.add(Job(JOB, post_card))
    registry.add(Job(SAFETY_JOB, tell_danger, priority=20))
    registry.add(Job(REFRESH_JOB, refresh_card))
    registry.add(Job(FORGET_JOB, forget))
    registry.add(Job(TELL_JOB, tell_person))
    registry.add(Job("crm.cards_waiting", find_waiting, concurrency=1, every=timedelta(seconds=20)))
