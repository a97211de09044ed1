"""Follow-ups: questions about a finished reading, some free, the others from the wallet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.readings.errors import QuestionInProgress, ReadingNotFinished, ReadingNotFound
from app.readings.generations import GenerationRepository
from app.readings.repository import Reading, ReadingRepository
from app.users.errors import ConsentRequired
from app.users.repository import UserRepository
from app.users.service import admit
from app.users.tokens import Principal
from app.wallet.service import wallet
from app.worker.port import enqueue


@dataclass(frozen=True, slots=True)
class Question:
    """A follow-up with its answer as far as it is saved; `charged` is false when the answer cost nothing."""

    id: UUID
    number: int
    text: str
    free: bool
    charged: bool
    hold_id: UUID | None
    rating: str | None
    created_at: datetime
    answer_state: str
    answer_text: str
    kind: str
    offline: bool


class QuestionRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def of_reading(self, reading_id: UUID) -> list[Question]:
        rows = await self._connection.fetch(
            """
            SELECT q.id, q.number, q.text, q.free, q.charged, q.hold_id, q.rating, q.created_at,
                g.state, g.text, g.kind, g.offline
            FROM reading_questions q JOIN generations g ON g.question_id = q.id
            WHERE q.project_id = $1 AND q.reading_id = $2 ORDER BY q.number
            """,
            self._project_id, reading_id,
        )  # fmt: skip
        return [Question(*row) for row in rows]

    async def add(self, *, reading_id: UUID, number: int, text: str, hold_id: UUID | None) -> UUID:
        question_id = new_id()
        await self._connection.execute(
            """
            INSERT INTO reading_questions (id, project_id, reading_id, number, text, free, hold_id)
            VALUES ($1, $2, $3, $4, $5, $6::uuid IS NULL, $6)
            """,
            question_id, self._project_id, reading_id, number, text, hold_id,
        )  # fmt: skip
        return question_id

    async def cost_nothing(self, question_id: UUID) -> None:
        await self._connection.execute(
            "UPDATE reading_questions SET charged = false WHERE project_id = $1 AND id = $2",
            self._project_id, question_id,
        )  # fmt: skip

    async def rate(self, reading_id: UUID, question_id: UUID, rating: str) -> bool:
        """False if the reading has no such question."""
        rated = await self._connection.fetchval(
            """
            UPDATE reading_questions SET rating = $4
            WHERE project_id = $1 AND reading_id = $2 AND id = $3 RETURNING true
            """,
            self._project_id, reading_id, question_id, rating,
        )  # fmt: skip
        return bool(rated)


def free_left(reading: Reading, questions: list[Question]) -> int:
    """How many of the project's free follow-ups this reading still has."""
    return max(0, reading.free_follow_ups - sum(question.free and question.charged for question in questions))


class QuestionService:
    async def ask(self, connection: Connection, principal: Principal, reading_id: UUID, *, text: str) -> dict[str, Any]:
        """Durably starts the answer. Raises `ReadingNotFinished`, `QuestionInProgress`, `InsufficientBalance`."""
        project_id = principal.project_id
        user = admit(await UserRepository(connection, project_id).get(principal.user_id, lock="KEY SHARE"))
        if user.consented_at is None:
            raise ConsentRequired
        # The lock lets two taps at once become one question after the other, not two with one number.
        reading = await ReadingRepository(connection, project_id).get(reading_id, principal.user_id, lock=True)
        if reading is None:
            raise ReadingNotFound
        if reading.state != "finished":
            raise ReadingNotFinished
        questions = QuestionRepository(connection, project_id)
        asked = await questions.of_reading(reading.id)
        if any(question.answer_state in ("queued", "running") for question in asked):
            raise QuestionInProgress
        hold_id = None
        if free_left(reading, asked) == 0:
            hold_id, _ = await wallet.hold(
                connection, project_id=project_id, user_id=user.id, unit="follow_ups", amount=1
            )
        number = len(asked) + 1
        question_id = await questions.add(reading_id=reading.id, number=number, text=text, hold_id=hold_id)
        generation_id = await GenerationRepository(connection).add(
            project_id=project_id, reading_id=reading.id, question_id=question_id
        )
        await enqueue(connection, "readings.write", {"generation": str(generation_id)}, priority=10)
        balances = await wallet.get(connection, project_id=project_id, user_id=user.id)
        return {
            "id": question_id,
            "number": number,
            "free": hold_id is None,
            "wallet": {unit: balance.body() for unit, balance in balances.items()},
        }


questions = QuestionService()
