"""An album that answers a message. Copying one (`copyMessages`) would lose that, so it is sent anew: by the files that
Telegram keeps, which its updates name (https://core.telegram.org/bots/api#sendmediagroup)."""

from collections.abc import Sequence
from typing import Any

from aiogram.enums import ContentType
from aiogram.types import InputMediaAudio, InputMediaDocument, InputMediaPhoto, InputMediaVideo, Message, PhotoSize

from app.crm.links import Link
from app.kit.database import Connection

Part = InputMediaAudio | InputMediaDocument | InputMediaPhoto | InputMediaVideo
KINDS: dict[str, type[Part]] = {
    ContentType.PHOTO: InputMediaPhoto,
    ContentType.VIDEO: InputMediaVideo,
    ContentType.DOCUMENT: InputMediaDocument,
    ContentType.AUDIO: InputMediaAudio,
}


async def parts_of(connection: Connection, links: Sequence[Link]) -> list[Part] | None:
    """The parts of an album in order; None unless all of them are known, as those of the last day are."""
    chat_id = links[0].private_chat_id if links[0].direction == "in" else links[0].group_chat_id
    rows = await connection.fetch(
        """
        SELECT payload -> 'message' AS message FROM telegram_updates
        WHERE project_id = $1 AND bot_id = $2 AND chat_id = $3 AND received_at > now() - interval '1 day'
          AND (payload -> 'message' ->> 'message_id')::bigint = ANY($4::bigint[])
        """,
        links[0].project_id, links[0].bot_id, chat_id, [link.source_id for link in links],
    )  # fmt: skip
    known = {message.message_id: message for row in rows for message in (Message.model_validate(row["message"]),)}
    parts = [_part(known[link.source_id]) for link in links if link.source_id in known]
    found = [part for part in parts if part is not None]
    return found if len(found) == len(links) else None


def _part(message: Message) -> Part | None:
    kind = KINDS.get(message.content_type)
    if kind is None:
        return None
    content: Any = getattr(message, message.content_type)
    # Telegram lists a photo in all its sizes, the whole one last.
    largest: PhotoSize | Any = content[-1] if isinstance(content, list) else content
    details: dict[str, Any] = {"caption": message.caption, "caption_entities": message.caption_entities}
    if kind in (InputMediaPhoto, InputMediaVideo):
        details["has_spoiler"] = message.has_media_spoiler
        details["show_caption_above_media"] = message.show_caption_above_media
    return kind(media=largest.file_id, parse_mode=None, **details)
