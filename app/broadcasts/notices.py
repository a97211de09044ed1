"""What a broadcast leaves in the inboxes of those whom it reached."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.broadcasts import content, markup
from app.broadcasts.content import Version
from app.kit.database import Connection
from app.notifications.kinds.replies import excerpt
from app.notifications.repository import add_for_many

KIND = "news"
# A statement over everybody who got it; no request waits for it.
STATEMENT_SECONDS = 900.0


def values_of(stored: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The notice's values for each version of what `Content.stored` gave; everybody keeps the version that he got."""
    return {language: _values(language, version) for language, version in content.read(stored).versions.items()}


def _values(language: str, version: Version) -> dict[str, Any]:
    values: dict[str, Any] = {"text": {language: excerpt(markup.visible_text(version.text))}}
    if version.media is not None:
        values["media"] = version.media.kind
    path = next((button.app for row in version.buttons for button in row if button.app is not None), None)
    if path and (path := path.strip("/")):
        values["path"] = path
    return values


async def tell(
    connection: Connection,
    *,
    project_id: int,
    broadcast_id: UUID,
    reached: Sequence[tuple[UUID, str]],
    values: Mapping[str, dict[str, Any]],
) -> None:
    """A row for each person of `reached`, who comes with the version that he got; once for each, in one statement."""
    await add_for_many(
        connection, project_id=project_id, people=reached, kind=KIND, values=values, dedupe=_name(broadcast_id)
    )


async def correct(
    connection: Connection, *, project_id: int, broadcast_id: UUID, values: Mapping[str, dict[str, Any]]
) -> None:
    """What it said is said in the new words, read or not."""
    await connection.execute(
        """
        UPDATE notifications n SET values = $4::jsonb -> r.language FROM broadcast_recipients r
        WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = 0
            AND n.project_id = $1 AND n.user_id = r.user_id AND n.dedupe = $3 AND $4::jsonb ? r.language
        """,
        project_id, broadcast_id, _name(broadcast_id), dict(values),
        timeout=STATEMENT_SECONDS,
    )  # fmt: skip


async def take_back(connection: Connection, *, project_id: int, broadcast_id: UUID) -> None:
    """It is in no inbox any more, also where its message is too old to be deleted from the chat."""
    await connection.execute(
        """
        DELETE FROM notifications n USING broadcast_recipients r
        WHERE r.project_id = $1 AND r.broadcast_id = $2 AND r.run = 0
            AND n.project_id = $1 AND n.user_id = r.user_id AND n.dedupe = $3
        """,
        project_id, broadcast_id, _name(broadcast_id),
        timeout=STATEMENT_SECONDS,
    )  # fmt: skip


def _name(broadcast_id: UUID) -> str:
    return f"broadcast:{broadcast_id}"
