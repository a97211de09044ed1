"""Danger signs that no staff group was shown: who is still to be heard of, and what super-admins were told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.kit.database import Connection
from app.worker.port import enqueue

ALERT_JOB = "crm.alarm"
FORGET_JOB = "crm.alarm_forget"
# As long as its card waits for a group.
KEPT_FOR = timedelta(days=30)

# `c` is the card of a sign that nobody has seen yet: it was not posted, and no super-admin was told.
UNHEARD = """
    c.kind = 'safety' AND c.state = 'new' AND c.posted_at IS NULL AND c.alerted_at IS NULL AND c.user_id IS NOT NULL
    AND c.created_at > now() - interval '30 days'
"""


@dataclass(frozen=True, slots=True)
class Sign:
    """`words` were written in the chat; else it is the `question` of a reading, which may be `gone`."""

    card_id: UUID
    created_at: datetime
    words: str | None
    question: str
    spread: str
    gone: bool


class AlarmRepository:
    """Of one person."""

    def __init__(self, connection: Connection, project_id: int, user_id: UUID) -> None:
        self._connection = connection
        self._owner = project_id, user_id

    async def unheard(self) -> list[Sign]:
        """The oldest first."""
        rows = await self._connection.fetch(
            f"""
            SELECT c.id, c.created_at, c.facts ->> 'words', COALESCE(q.text, r.question, ''),
                COALESCE(r.spread ->> 'name', ''), r.id IS NULL
            FROM staff_cards c
            LEFT JOIN safety_events e
                ON e.project_id = c.project_id AND e.user_id = c.user_id AND e.id::text = c.subject
            LEFT JOIN generations g ON g.project_id = e.project_id AND g.id = e.generation_id
            LEFT JOIN readings r ON r.project_id = g.project_id AND r.id = g.reading_id
            LEFT JOIN reading_questions q ON q.project_id = g.project_id AND q.id = g.question_id
            WHERE c.project_id = $1 AND c.user_id = $2 AND {UNHEARD} AND e.handled_at IS NULL
            ORDER BY c.created_at, c.id
            """,  # noqa: S608  # the condition above
            *self._owner,
        )
        return [Sign(*row) for row in rows]

    async def told(self) -> tuple[int, timedelta]:
        """How often super-admins heard of this person within a day, and how long ago the last time was."""
        row = await self._connection.fetchrow(
            """
            SELECT count(DISTINCT alerted_at), COALESCE(now() - max(alerted_at), interval '1 day') FROM staff_cards
            WHERE project_id = $1 AND user_id = $2 AND alerted_at > now() - interval '1 day'
            """,
            *self._owner,
        )
        assert row is not None  # noqa: S101  # an aggregate always has its row
        return row[0], row[1]

    async def alerted(self, card_ids: Sequence[UUID], messages: list[dict[str, Any]]) -> None:
        """The last one keeps where it was told, so that it can be taken back."""
        await self._connection.execute(
            """
            UPDATE staff_cards SET alerted_at = now(), alerts = CASE WHEN id = $4 THEN $5 ELSE alerts END
            WHERE project_id = $1 AND user_id = $2 AND id = ANY($3)
            """,
            *self._owner, list(card_ids), card_ids[-1], messages,
        )  # fmt: skip


async def alert_unposted(connection: Connection, *, project_id: int, card_id: UUID) -> bool:
    """Has super-admins told if this is the card of a danger sign and nobody could be shown it; true if so."""
    user_id = await connection.fetchval(
        """
        SELECT user_id FROM staff_cards
        WHERE project_id = $1 AND id = $2 AND kind = 'safety' AND posted_at IS NULL AND user_id IS NOT NULL
        """,
        project_id, card_id,
    )  # fmt: skip
    if user_id is None:
        return False
    await enqueue_alert(connection, project_id=project_id, user_id=user_id)
    return True


async def enqueue_alert(connection: Connection, *, project_id: int, user_id: UUID) -> None:
    payload = {"project": project_id, "user": str(user_id)}
    await enqueue(connection, ALERT_JOB, payload, dedupe_key=f"{ALERT_JOB}:{project_id}:{user_id}", priority=20)


async def unheard_people(connection: Connection, *, since: timedelta, limit: int = 100) -> list[tuple[int, UUID]]:
    """(project, person) of all projects of whom nobody has heard for so long."""
    rows = await connection.fetch(
        f"""
        SELECT c.project_id, c.user_id FROM staff_cards c
        WHERE {UNHEARD} AND c.created_at < now() - $1::interval
        GROUP BY 1, 2 ORDER BY min(c.created_at) LIMIT $2
        """,  # noqa: S608  # the condition above
        since, limit,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """What super-admins were told of somebody who leaves is emptied by a job. To be called while he has his cards."""
    rows = await connection.fetch(
        "SELECT alerts FROM staff_cards WHERE project_id = $1 AND user_id = $2 AND alerts <> '[]'::jsonb",
        project_id, user_id,
    )  # fmt: skip
    await forget_later(connection, [message for row in rows for message in row["alerts"]])


async def forget_later(connection: Connection, messages: list[dict[str, Any]]) -> None:
    if messages:
        await enqueue(connection, FORGET_JOB, {"messages": messages})
