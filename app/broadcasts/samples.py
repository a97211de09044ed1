"""Versions sent to one chat alone: to the manager, exactly as recipients will see them."""

from collections.abc import Sequence
from uuid import UUID

from aiogram import Bot

from app.broadcasts import content
from app.broadcasts.messages import Composer, file_id
from app.broadcasts.repository import BroadcastRepository
from app.catalogue.library import Project
from app.kit.database import Database
from app.settings import Settings


async def send_samples(
    bot: Bot,
    project: Project,
    broadcast_id: UUID,
    *,
    database: Database,
    settings: Settings,
    chat_id: int,
    thread_id: int | None = None,
    languages: Sequence[str] | None = None,
) -> int:
    """How many were sent. Raises what Telegram answers; a file fetched on the way is kept for everybody."""
    async with database.connection() as connection:
        broadcast = await BroadcastRepository(connection, project.id).get(broadcast_id)
    if broadcast is None:
        return 0
    versions = content.read(broadcast.content).versions
    composer, sent = Composer(settings, project, broadcast_id, paid=False, in_group=chat_id < 0), 0
    for language, version in versions.items():
        if languages is not None and language not in languages:
            continue
        message = await bot(composer.send(version, chat_id=chat_id, thread_id=thread_id))
        sent += 1
        if version.media is not None and version.media.file_id is None and (known := file_id(message)) is not None:
            async with database.transaction() as connection:
                await BroadcastRepository(connection, project.id).keep_file(
                    broadcast_id, language, file_id=known, bot_id=bot.id
                )
    return sent
