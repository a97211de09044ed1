"""Rows of cards. A card is stored with what it tells of, in one transaction; a job posts it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.worker.port import enqueue

JOB = "crm.card"
FORGET_JOB = "crm.card_forget"
REFRESH_JOB = "crm.card_refresh"

COLUMNS = (
    "id, project_id, kind, subject, user_id, facts, state, actions, "
    "chat_id, thread_id, message_id, created_at, posted_at"
)


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that somebody did with a card."""

    action: str
    by: int
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    id: UUID
    project_id: int
    kind: str
    subject: str
    user_id: UUID | None
    facts: dict[str, Any]
    state: str
    actions: tuple[Done, ...]
    chat_id: int | None
    thread_id: int | None
    message_id: int | None
    created_at: datetime
    posted_at: datetime | None

    def done(self, action: str) -> Done | None:
        """Who did this, or None if nobody has yet."""
        return next((done for done in self.actions if done.action == action), None)


def to_card(row: asyncpg.Record) -> Card:
    values = dict(row)
    values["actions"] = tuple(
        Done(entry["action"], entry["by"], entry["name"], datetime.fromisoformat(entry["at"]))
        for entry in values["actions"]
    )
    return Card(**values)


async def announce(
    connection: Connection,
    *,
    project_id: int,
    kind: str,
    subject: str,
    user_id: UUID | None = None,
    facts: dict[str, Any] | None = None,
) -> UUID | None:
    """Stores a card and has it posted in the topic of its kind.

    None if this subject has a card already: that one is made to say what is true after this transaction. `facts` go
    with the card for as long as it lives and are deleted with its user.
    """
    card_id: UUID | None = await connection.fetchval(
        """
        INSERT INTO staff_cards (id, project_id, kind, subject, user_id, facts) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (project_id, kind, subject) DO NOTHING RETURNING id
        """,
        new_id(), project_id, kind, subject, user_id, facts or {},
    )  # fmt: skip
    if card_id is not None:
        await enqueue_post(connection, project_id=project_id, card_id=card_id)
    else:
        await enqueue_refresh(connection, project_id=project_id, kind=kind, subject=subject)
    return card_id


async def enqueue_post(connection: Connection, *, project_id: int, card_id: UUID) -> None:
    await enqueue(
        connection, JOB, {"project": project_id, "card": str(card_id)}, dedupe_key=f"{JOB}:{card_id}", priority=5
    )


async def enqueue_refresh(connection: Connection, *, project_id: int, kind: str, subject: str, tries: int = 0) -> None:
    """What a card tells has changed in this transaction. Without a key: one that runs may have looked before."""
    payload = {"project": project_id, "kind": kind, "subject": subject, "tries": tries}
    await enqueue(connection, REFRESH_JOB, payload, delay=timedelta(seconds=2 * tries), priority=3)


class CardRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self, card_id: UUID) -> Card | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_cards WHERE project_id = $1 AND id = $2",  # noqa: S608  # the columns are a constant
            self._project_id, card_id,
        )  # fmt: skip
        return to_card(row) if row else None

    async def of_subject(self, kind: str, subject: str) -> Card | None:
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_cards WHERE project_id = $1 AND kind = $2 AND subject = $3",  # noqa: S608  # the columns are a constant
            self._project_id, kind, subject,
        )  # fmt: skip
        return to_card(row) if row else None

    async def at(self, chat_id: int, message_id: int) -> Card | None:
        """The card that this message of the group shows."""
        row = await self._connection.fetchrow(
            f"SELECT {COLUMNS} FROM staff_cards WHERE project_id = $1 AND chat_id = $2 AND message_id = $3",  # noqa: S608  # the columns are a constant
            self._project_id, chat_id, message_id,
        )  # fmt: skip
        return to_card(row) if row else None

    async def of_user(self, user_id: UUID, *, action: str) -> list[Card]:
        """The cards of a client with which somebody did this."""
        rows = await self._connection.fetch(
            f"""
            SELECT {COLUMNS} FROM staff_cards
            WHERE project_id = $1 AND user_id = $2 AND actions @> $3 ORDER BY id DESC LIMIT 20
            """,  # noqa: S608  # the columns are a constant
            self._project_id, user_id, [{"action": action}],
        )  # fmt: skip
        return [to_card(row) for row in rows]

    async def posted(self, card_id: UUID, *, chat_id: int, thread_id: int | None, message_id: int) -> None:
        await self._connection.execute(
            """
            UPDATE staff_cards SET chat_id = $3, thread_id = $4, message_id = $5, posted_at = now()
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, card_id, chat_id, thread_id, message_id,
        )  # fmt: skip

    async def act(
        self, card_id: UUID, *, action: str, state: str | None, unless: tuple[str, ...], done: Done
    ) -> Card | None:
        """The one transition that decides: None if this was done before, or the card is in a state of `unless`."""
        entry = {"action": action, "by": done.by, "name": done.name, "at": done.at.isoformat()}
        row = await self._connection.fetchrow(
            f"""
            UPDATE staff_cards SET state = COALESCE($3, state), actions = actions || $4::jsonb
            WHERE project_id = $1 AND id = $2 AND NOT actions @> $5 AND NOT state = ANY($6::text[])
            RETURNING {COLUMNS}
            """,  # noqa: S608  # the columns are a constant
            self._project_id, card_id, state, [entry], [{"action": action}], list(unless),
        )  # fmt: skip
        return to_card(row) if row else None

    async def undo(self, card_id: UUID, *, action: str) -> None:
        """Takes back what turned out not to have happened."""
        await self._connection.execute(
            """
            UPDATE staff_cards SET actions = (
                SELECT COALESCE(jsonb_agg(entry), '[]') FROM jsonb_array_elements(actions) AS entry
                WHERE entry ->> 'action' <> $3
            )
            WHERE project_id = $1 AND id = $2
            """,
            self._project_id, card_id, action,
        )  # fmt: skip

    async def delete_of_user(self, user_id: UUID) -> list[tuple[int, int]]:
        """(chat, message) of those that had been posted."""
        rows = await self._connection.fetch(
            "DELETE FROM staff_cards WHERE project_id = $1 AND user_id = $2 RETURNING chat_id, message_id",
            self._project_id, user_id,
        )  # fmt: skip
        return [(row[0], row[1]) for row in rows if row[1] is not None]


async def waiting(
    connection: Connection, *, since: timedelta, project_id: int | None = None, limit: int = 100
) -> list[tuple[int, UUID]]:
    """(project, card) of cards that nobody posted, because there was no group yet or a job gave up.

    Those of all projects, or of one.
    """
    rows = await connection.fetch(
        """
        SELECT c.project_id, c.id FROM staff_cards c JOIN staff_groups g ON g.project_id = c.project_id
        WHERE c.posted_at IS NULL AND c.created_at <= now() - $1::interval
            AND c.created_at > now() - interval '30 days' AND ($3::bigint IS NULL OR c.project_id = $3)
        ORDER BY c.created_at LIMIT $2
        """,
        since, limit, project_id,
    )  # fmt: skip
    return [(row[0], row[1]) for row in rows]


async def post_waiting(connection: Connection, project_id: int) -> None:
    """What came while the project had no group is posted into the one that it has now."""
    for _, card_id in await waiting(connection, since=timedelta(), project_id=project_id):
        await enqueue_post(connection, project_id=project_id, card_id=card_id)


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    """Cards of somebody who leaves; their messages in the group are emptied by a job."""
    messages = await CardRepository(connection, project_id).delete_of_user(user_id)
    if messages:
        await enqueue(connection, FORGET_JOB, {"project": project_id, "messages": messages})
