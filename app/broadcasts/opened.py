"""Who opened the app from a broadcast: its buttons lead there with a start parameter, which comes with the sign-in."""

import re
from typing import Final
from uuid import UUID

from app.kit.database import Connection

PATTERN: Final = re.compile(r"b_([0-9a-f]{32})")


def start_param(broadcast_id: UUID) -> str:
    """`b_` and the broadcast's id; Telegram takes up to 512 of `[\\w-]`."""
    return f"b_{broadcast_id.hex}"


async def note_opened(connection: Connection, *, project_id: int, user_id: UUID, start_param: str | None) -> bool:
    """To be called when a person signs in; true if he came from a broadcast that he was sent, for the first time.

    Whoever opened it did get it: what was uncertain of him is certain now. Any other parameter changes nothing.
    """
    found = PATTERN.fullmatch(start_param or "")
    if found is None:
        return False
    noted = await connection.fetchval(
        """
        WITH before AS (
            SELECT broadcast_id, run, user_id, state FROM broadcast_recipients
            WHERE project_id = $1 AND broadcast_id = $2 AND run = 0 AND user_id = $3 AND opened_at IS NULL
                AND state IN ('sending', 'sent', 'uncertain')
            FOR UPDATE
        ), opened AS (
            UPDATE broadcast_recipients r SET opened_at = now(),
                state = CASE WHEN b.state = 'uncertain' THEN 'sent' ELSE r.state END
            FROM before b WHERE r.broadcast_id = b.broadcast_id AND r.run = b.run AND r.user_id = b.user_id
            RETURNING b.state = 'uncertain' AS cleared
        )
        UPDATE broadcast_runs n SET opened = n.opened + 1,
            sent = n.sent + o.cleared::int, uncertain = n.uncertain - o.cleared::int
        FROM opened o WHERE n.project_id = $1 AND n.broadcast_id = $2 AND n.run = 0
        RETURNING true
        """,
        project_id, UUID(found[1]), user_id,
    )  # fmt: skip
    return bool(noted)
