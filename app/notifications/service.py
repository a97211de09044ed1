"""Telling a person something: into his inbox, and by the bot when he wants that and it is not his quiet time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from app.kit.database import Connection
from app.locales import FALLBACK, Words
from app.notifications.kinds import KINDS
from app.notifications.preferences import quiet_left, wants
from app.notifications.repository import NotificationRepository
from app.worker.port import enqueue

DELIVER = "notifications.deliver"
# What comes together is told together.
GATHER = timedelta(seconds=2)


async def notify(
    connection: Connection,
    *,
    project_id: int,
    user_id: UUID,
    kind: str,
    values: dict[str, Any] | None = None,
    dedupe: str | None = None,
    by_bot: bool = True,
) -> UUID | None:
    """One row in the inbox, and a job that sends it by the bot, in the caller's transaction.

    `values` are what the kind's file asks for (a `KeyError` or `ValueError` here says that they are not). `dedupe`
    names the thing: it is told once. `by_bot=False` for what has reached the chat in another way. None when it was
    told before, or nobody is there to be told.
    """
    values = values or {}
    # A wrong value must hurt whoever gives it, not the reader of the inbox.
    KINDS[kind].render(Words(FALLBACK), values)
    KINDS[kind].screen(values)
    quiet = await quiet_left(connection, project_id=project_id, user_id=user_id, lock=True)
    if quiet is None:
        return None
    sends = by_bot and await wants(connection, project_id=project_id, user_id=user_id, kind=kind)
    delay = max(quiet, GATHER) if sends else None
    notification_id = await NotificationRepository(connection, project_id, user_id).add(
        kind=kind, values=values, dedupe=dedupe, delay=delay
    )
    if notification_id is not None and delay is not None:
        await enqueue(connection, DELIVER, {"project": project_id, "user": str(user_id)}, delay=delay)
    return notification_id
