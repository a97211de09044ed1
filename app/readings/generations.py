"""SQL of generations: the queue of texts to be written, leased to one worker at a time."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from app.kit.database import Connection
from app.kit.ids import new_id
from app.worker.port import enqueue

# One claim begins its text anew a few times at most (see the interpreter), under the next attempt each time, and not
# every one of these reaches a checkpoint: the next claim's attempt must be above all that readers may have seen.
ATTEMPTS_A_CLAIM = 10
# After this many workers died on one text it is given up, and what it held is given back.
MOST_CLAIMS = 5
# The staff's room is above this one and listens.
SAFETY_JOB = "crm.safety"
# Asks, a while after a text has ended, whether its person has seen it.
FINISHED_JOB = "notifications.reading_finished"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A text as far as it is known: what a stream begins with."""

    generation_id: UUID
    state: str
    attempt: int
    text: str
    kind: str
    offline: bool

    @property
    def ended(self) -> bool:
        return self.state in ("finished", "failed")


@dataclass(frozen=True, slots=True)
class Claim:
    """A text that this worker may write until its lease ends."""

    generation_id: UUID
    project_id: int
    reading_id: UUID
    question_id: UUID | None
    lease: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a generation ended, as it is recorded."""

    state: str
    text: str
    kind: str
    offline: bool
    free: bool
    profile: str | None = None
    model: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True, slots=True)
class Unseen:
    """A finished text that its person has not had before him; `spread` is the name in the reading's language."""

    project_id: int
    user_id: UUID
    reading_id: UUID
    spread: str
    is_answer: bool


class GenerationRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, *, project_id: int, reading_id: UUID, question_id: UUID | None = None) -> UUID:
        generation_id = new_id()
        await self._connection.execute(
            "INSERT INTO generations (id, project_id, reading_id, question_id) VALUES ($1, $2, $3, $4)",
            generation_id, project_id, reading_id, question_id,
        )  # fmt: skip
        return generation_id

    async def visible(self, *, project_id: int, reading_id: UUID, question_id: UUID | None) -> Snapshot | None:
        """As `snapshot`, and None once its owner was shut out: what he is watching ends."""
        row = await self._connection.fetchrow(
            """
            SELECT g.id, g.state, g.attempt, g.text, g.kind, g.offline FROM generations g
            JOIN readings r ON r.project_id = g.project_id AND r.id = g.reading_id
            JOIN users u ON u.project_id = r.project_id AND u.id = r.user_id AND u.state <> 'blocked'
            WHERE g.project_id = $1 AND g.reading_id = $2 AND g.question_id IS NOT DISTINCT FROM $3
            """,
            project_id, reading_id, question_id,
        )  # fmt: skip
        return Snapshot(*row) if row else None

    async def open_of_user(self, *, project_id: int, user_id: UUID) -> list[UUID]:
        """His texts that are still to be written."""
        rows = await self._connection.fetch(
            """
            SELECT g.id FROM generations g JOIN readings r ON r.project_id = g.project_id AND r.id = g.reading_id
            WHERE r.project_id = $1 AND r.user_id = $2 AND g.state IN ('queued', 'running')
            """,
            project_id, user_id,
        )  # fmt: skip
        return [row["id"] for row in rows]

    async def snapshot(self, *, project_id: int, reading_id: UUID, question_id: UUID | None) -> Snapshot | None:
        row = await self._connection.fetchrow(
            """
            SELECT id, state, attempt, text, kind, offline FROM generations
            WHERE project_id = $1 AND reading_id = $2 AND question_id IS NOT DISTINCT FROM $3
            """,
            project_id, reading_id, question_id,
        )  # fmt: skip
        return Snapshot(*row) if row else None

    async def see(self, *, project_id: int, reading_id: UUID, question_id: UUID | None = None) -> None:
        """The person has the finished text before him: the interpretation's, or a question's."""
        await self._connection.execute(
            """
            UPDATE generations SET seen_at = now()
            WHERE project_id = $1 AND reading_id = $2 AND question_id IS NOT DISTINCT FROM $3
                AND state = 'finished' AND seen_at IS NULL
            """,
            project_id, reading_id, question_id,
        )  # fmt: skip

    async def see_all(self, *, project_id: int, reading_id: UUID) -> None:
        """The person has the whole reading before him."""
        await self._connection.execute(
            """
            UPDATE generations SET seen_at = now()
            WHERE project_id = $1 AND reading_id = $2 AND state = 'finished' AND seen_at IS NULL
            """,
            project_id, reading_id,
        )  # fmt: skip

    async def unseen(self, generation_id: UUID) -> Unseen | None:
        """None when it was seen or rated, is not finished, or is gone."""
        row = await self._connection.fetchrow(
            """
            SELECT r.project_id, r.user_id, r.id, r.spread ->> 'name', g.question_id IS NOT NULL
            FROM generations g
            JOIN readings r ON r.project_id = g.project_id AND r.id = g.reading_id
            WHERE g.id = $1 AND g.state = 'finished' AND g.seen_at IS NULL AND r.deleted_at IS NULL
                AND (g.question_id IS NOT NULL OR r.rating IS NULL)
            """,
            generation_id,
        )
        return Unseen(*row) if row else None

    async def is_open(self, reading_id: UUID) -> bool:
        """Whether the interpretation or an answer of this reading is still to be written."""
        found = await self._connection.fetchval(
            "SELECT true FROM generations WHERE reading_id = $1 AND state IN ('queued', 'running') LIMIT 1", reading_id
        )
        return bool(found)

    async def claim(self, generation_id: UUID, *, lease_seconds: float) -> Claim | None:
        """Takes a waiting text, or one whose worker is gone; its text begins anew under the next attempt."""
        lease = new_id()
        row = await self._connection.fetchrow(
            """
            UPDATE generations
            SET state = 'running', lease = $2, lease_until = now() + $3, claims = claims + 1,
                attempt = attempt + $5, text = '', started_at = COALESCE(started_at, now())
            WHERE id = $1 AND claims < $4
                AND (state = 'queued' OR state = 'running' AND lease_until < now())
            RETURNING project_id, reading_id, question_id, attempt
            """,
            generation_id, lease, timedelta(seconds=lease_seconds), MOST_CLAIMS, ATTEMPTS_A_CLAIM,
        )  # fmt: skip
        if row is None:
            return None
        return Claim(generation_id, row["project_id"], row["reading_id"], row["question_id"], lease, row["attempt"])

    async def checkpoint(self, rows: list[tuple[UUID, UUID, int, str]], *, lease_seconds: float) -> set[UUID]:
        """Saves the texts (generation, lease, attempt, text) of one worker and beats its heart, in one statement.

        Answers which leases still hold; the others must stop writing.
        """
        generations, leases, attempts, texts = zip(*rows, strict=True)
        held = await self._connection.fetch(
            """
            UPDATE generations SET attempt = c.attempt, text = c.text, lease_until = now() + $5
            FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[]) AS c (id, lease, attempt, text)
            WHERE generations.id = c.id AND generations.lease = c.lease AND generations.state = 'running'
            RETURNING generations.id
            """,
            list(generations), list(leases), list(attempts), list(texts), timedelta(seconds=lease_seconds),
        )  # fmt: skip
        return {row["id"] for row in held}

    async def end(self, claim: Claim, ending: Ending, *, attempt: int) -> bool:
        """The one transition that decides; false if the lease was lost, and then nothing else may happen."""
        ended = await self._connection.fetchval(
            """
            UPDATE generations
            SET state = $3, attempt = $4, text = $5, kind = $6, offline = $7, free = $8, profile = $9, model = $10,
                prompt_tokens = $11, completion_tokens = $12, cost_micros = $13, lease = NULL, finished_at = now()
            WHERE id = $1 AND lease = $2 AND state = 'running'
            RETURNING true
            """,
            claim.generation_id, claim.lease, ending.state, attempt, ending.text, ending.kind, ending.offline,
            ending.free, ending.profile, ending.model, ending.prompt_tokens, ending.completion_tokens,
            ending.cost_micros,
        )  # fmt: skip
        return bool(ended)

    async def hand_over(self, claim: Claim) -> None:
        """Ends the lease now, so that the next worker needs not wait for it; that was no fault of the text."""
        await self._connection.execute(
            """
            UPDATE generations SET lease_until = now() - interval '1 second', claims = claims - 1
            WHERE id = $1 AND lease = $2 AND state = 'running'
            """,
            claim.generation_id, claim.lease,
        )  # fmt: skip

    async def hopeless(self, limit: int = 50) -> list[Claim]:
        """Texts on which worker after worker died."""
        rows = await self._connection.fetch(
            """
            SELECT id, project_id, reading_id, question_id, lease, attempt FROM generations
            WHERE state = 'running' AND lease_until < now() AND claims >= $1 LIMIT $2
            """,
            MOST_CLAIMS, limit,
        )  # fmt: skip
        return [Claim(*row) for row in rows]

    async def give_up(self, claim: Claim) -> bool:
        """Fails such a text; false if somebody else did. The caller closes its reading."""
        given_up = await self._connection.fetchval(
            """
            UPDATE generations SET state = 'failed', free = true, lease = NULL, finished_at = now()
            WHERE id = $1 AND lease = $2 AND state = 'running' RETURNING true
            """,
            claim.generation_id, claim.lease,
        )  # fmt: skip
        return bool(given_up)

    async def lock_owner(self, claim: Claim) -> None:
        """Takes person and reading before the text, in the order of those who erase and delete."""
        await self._connection.execute(
            """
            SELECT FROM users WHERE project_id = $1 AND id = (SELECT user_id FROM readings WHERE id = $2)
            FOR KEY SHARE
            """,
            claim.project_id, claim.reading_id,
        )  # fmt: skip
        await self._connection.execute(
            "SELECT FROM readings WHERE project_id = $1 AND id = $2 FOR UPDATE", claim.project_id, claim.reading_id
        )

    async def abandoned(self, *, waiting: timedelta, limit: int = 100) -> list[tuple[UUID, int]]:
        """(generation, claims) of texts that nobody writes: lease ended, or queued for long."""
        rows = await self._connection.fetch(
            """
            SELECT id, claims FROM generations
            WHERE claims < $1 AND (
                state = 'running' AND lease_until < now() OR state = 'queued' AND created_at < now() - $2::interval
            )
            ORDER BY lease_until LIMIT $3
            """,
            MOST_CLAIMS, waiting, limit,
        )  # fmt: skip
        return [(row["id"], row["claims"]) for row in rows]

    async def material(self, claim: Claim) -> asyncpg.Record | None:
        """Reading, person and the exchange so far: what the interpreter is told. None if they are gone."""
        return await self._connection.fetchrow(
            """
            SELECT r.user_id, r.language, r.question, r.spread, r.drawn, r.hold_id, r.paid_by, r.paid_on,
                u.first_name, u.address, u.gender, q.text AS follow_up, q.number, q.hold_id AS question_hold_id,
                (SELECT text FROM generations WHERE reading_id = r.id AND question_id IS NULL) AS interpretation,
                (
                    SELECT COALESCE(jsonb_agg(jsonb_build_array(p.text, a.text) ORDER BY p.number), '[]')
                    FROM reading_questions p JOIN generations a ON a.question_id = p.id
                    WHERE p.reading_id = r.id AND p.number < COALESCE(q.number, 0) AND a.state = 'finished'
                ) AS exchanges
            FROM readings r
            JOIN users u ON u.project_id = r.project_id AND u.id = r.user_id
            LEFT JOIN reading_questions q ON q.project_id = r.project_id AND q.id = $3
            WHERE r.project_id = $1 AND r.id = $2
            """,
            claim.project_id, claim.reading_id, claim.question_id,
        )  # fmt: skip

    async def add_safety_event(self, *, claim: Claim, user_id: UUID, kind: str) -> None:
        """Keeps the sign, and tells the staff if it is the first of this text."""
        event_id = await self._connection.fetchval(
            """
            INSERT INTO safety_events (id, project_id, user_id, generation_id, kind) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (generation_id) DO NOTHING RETURNING id
            """,
            new_id(), claim.project_id, user_id, claim.generation_id, kind,
        )  # fmt: skip
        if event_id is not None:
            await enqueue(
                self._connection,
                SAFETY_JOB,
                {"project": claim.project_id, "event": str(event_id), "user": str(user_id)},
                priority=20,
            )


def done_payload(snapshot: Snapshot) -> dict[str, Any]:
    """The `done` event: the saved text and how it came about."""
    return {
        "text": snapshot.text,
        "offline": snapshot.offline,
        "kind": snapshot.kind,
        "generation": snapshot.generation_id,
    }
