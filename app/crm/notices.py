"""What the staff did for a person, in his inbox; the chat has it already."""

from typing import Any
from uuid import UUID

from aiogram.types import Message

from app.crm.links import Link
from app.kit.database import Connection
from app.notifications.kinds.replies import excerpt
from app.notifications.repository import NotificationRepository
from app.notifications.service import notify

KIND = "replies"


def says(message: Message) -> dict[str, Any]:
    """The notice's values for an answer: the beginning of its words, and its kind if it is more than words."""
    values: dict[str, Any] = {"text": excerpt(message.text or message.caption or "")}
    if message.text is None:
        values["media"] = message.content_type
    return values


async def answered(
    connection: Connection, *, project_id: int, user_id: UUID, values: dict[str, Any], name: str
) -> None:
    """`name` tells this answer from any other of the project."""
    await notify(
        connection, project_id=project_id, user_id=user_id, kind=KIND, values=values, dedupe=name, by_bot=False
    )


async def carried(connection: Connection, *, user_id: UUID, links: list[Link]) -> None:
    """One answer of the staff has arrived, an album as one; its words are kept nowhere else any more."""
    said = [link.says for link in links if link.says is not None]
    if not said:
        return
    # In an album one part has the words for all of them.
    values = next((values for values in said if values.get("text")), said[0])
    await answered(connection, project_id=links[0].project_id, user_id=user_id, values=values, name=name_of(links[0]))


async def corrected(connection: Connection, *, user_id: UUID, link: Link, message: Message) -> None:
    """The answer says something else now. A part of an album without words leaves those of the others."""
    values = says(message)
    if link.media_group_id is None or values["text"]:
        await NotificationRepository(connection, link.project_id, user_id).revise(
            kind=KIND, dedupe=name_of(link), values=values
        )


def name_of(link: Link) -> str:
    return f"reply:album:{link.bot_id}:{link.media_group_id}" if link.media_group_id else f"reply:{link.id}"
