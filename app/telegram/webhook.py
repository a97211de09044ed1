"""Accepting an update by webhook: verified, stored once with its job, and only then acknowledged."""

from app.catalogue.library import Project
from app.kit.database import Database
from app.telegram.updates import keep, read

SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # the header's name


async def accept(database: Database, *, project: Project, body: bytes) -> bool:
    """False if it was kept before. `project` is the one that the directory admitted.

    Raises `MalformedUpdate` for what is no update, and `Unavailable` while Postgres is away; Telegram then
    sends it again.
    """
    assert project.bot is not None  # noqa: S101  # it was found by its bot
    incoming = read(body)
    async with database.transaction() as connection:
        return await keep(
            connection, project_id=project.id, bot_id=project.bot.id, incoming=incoming, transport="webhook"
        )
