"""The panel in the staff group keeps itself true while a broadcast goes on."""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.methods import EditMessageText

from app.broadcasts.panel import panel
from app.broadcasts.repository import BroadcastRepository
from app.broadcasts.service import Found, broadcasts
from app.catalogue.library import Project
from app.crm.groups import GroupRepository
from app.errors import Unavailable
from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.telemetry import get_logger
from app.telegram.registry import BotRegistry

log = get_logger("app.broadcasts")

# A group takes 20 messages a minute, and clients' words go there too: the longer it lasts, the rarer.
SOONEST, LATEST = timedelta(seconds=3), timedelta(seconds=15)
# Once it is over, only those who open the app are still counted; rarely, and for a day.
LINGERS, LINGERING_PACE = timedelta(hours=24), timedelta(minutes=1)
OVER, END = "over:", "end"


def pace(running_for: timedelta) -> timedelta:
    return min(LATEST, max(SOONEST, running_for / 10))


async def show_all(database: Database, bots: BotRegistry) -> None:
    """Edits the panels of all broadcasts that have moved since. Over all projects."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            """
            SELECT project_id, id, shown_at FROM broadcasts
            WHERE message_id IS NOT NULL AND shown <> 'end' AND state <> 'draft'
                AND (shown NOT LIKE 'over:%' OR shown_at < now() - $1::interval)
            ORDER BY shown_at LIMIT 100
            """,
            LINGERING_PACE,
        )
    for row in rows:
        await _show_due(database, bots, row["project_id"], row["id"], row["shown_at"])


async def _show_due(
    database: Database, bots: BotRegistry, project_id: int, broadcast_id: UUID, shown_at: datetime
) -> None:
    async with database.connection() as connection:
        found = await broadcasts.get(connection, project_id, broadcast_id)
    broadcast = found.broadcast
    bot = bots.bot(broadcast.bot_id) if broadcast.bot_id else None
    project = bots.project(broadcast.bot_id) if broadcast.bot_id else None
    if bot is None or project is None or project.id != project_id:
        return
    now = utc_now()
    since = found.runs[-1].started_at if found.runs else broadcast.created_at
    if broadcast.state == "sending" and now - shown_at < pace(now - since):
        return
    await show(database, bot, project, found)


async def show(database: Database, bot: Bot, project: Project, found: Found) -> None:
    """Edits the panel if it says something else by now."""
    broadcast = found.broadcast
    if broadcast.message_id is None or broadcast.chat_id is None:
        return
    async with database.connection() as connection:
        group = await GroupRepository(connection, project.id).by_chat(broadcast.chat_id)
    if group is None:
        return
    text, keyboard = panel(found, project, group.language)
    shown = sha256(f"{text}{keyboard}".encode()).hexdigest()[:16]
    if broadcast.state in ("done", "cancelled") and all(run.pending == 0 for run in found.runs):
        shown = f"{OVER}{shown}"
    changes = {"shown": shown, "shown_at": utc_now()}
    if shown.startswith(OVER) and utc_now() - broadcast.updated_at > LINGERS:
        changes["shown"] = END
    if shown != broadcast.shown:
        try:
            await bot(
                EditMessageText(
                    chat_id=broadcast.chat_id, message_id=broadcast.message_id, text=text, reply_markup=keyboard
                )
            )
        except TelegramBadRequest as error:
            if "not found" in error.message:
                # Somebody has deleted it; there is nothing to keep true any more.
                changes["shown"] = END
            elif "not modified" not in error.message:
                log.warning("a broadcast's panel was refused", project_id=project.id, reason=error.message)
        except (TelegramAPIError, Unavailable) as error:
            log.warning("a broadcast's panel waits", project_id=project.id, reason=type(error).__name__)
            changes.pop("shown")
    async with database.connection() as connection:
        await BroadcastRepository(connection, project.id).note_panel(broadcast.id, changes)
