"""A sign that somebody may be in danger."""

from uuid import UUID

from app.crm.audit import Actor
from app.crm.cards.kind import Action, CardKind, Facts
from app.crm.cards.store import Card
from app.kit.database import Connection
from app.locales import html

QUESTION_CHARACTERS = 1500


async def handle(connection: Connection, card: Card, _: Actor) -> None:
    await connection.execute(
        "UPDATE safety_events SET handled_at = now() WHERE project_id = $1 AND id = $2 AND handled_at IS NULL",
        card.project_id, UUID(card.subject),
    )  # fmt: skip


class SafetyCard(CardKind):
    name = "safety"
    topic = "safety"
    actions = (
        Action("seen", state="seen", unless=("seen", "cared")),
        Action("cared", state="cared", unless=("cared",), perform=handle),
    )

    async def facts(self, connection: Connection, card: Card) -> Facts | None:
        if "words" in card.facts:
            return {"words": card.facts["words"]}
        row = await connection.fetchrow(
            """
            SELECT COALESCE(q.text, r.question, '') AS question, COALESCE(r.spread ->> 'name', '') AS spread,
                e.created_at, r.id IS NULL AS gone
            FROM safety_events e
            LEFT JOIN generations g ON g.project_id = e.project_id AND g.id = e.generation_id
            LEFT JOIN readings r ON r.project_id = g.project_id AND r.id = g.reading_id
            LEFT JOIN reading_questions q ON q.project_id = g.project_id AND q.id = g.question_id
            WHERE e.project_id = $1 AND e.id = $2
            """,
            card.project_id, UUID(card.subject),
        )  # fmt: skip
        return dict(row) if row else None

    def text(self, facts: Facts, language: str) -> str:
        if "words" in facts:
            return html(language, "card.safety_words", words=facts["words"])
        if facts["gone"]:
            return html(language, "card.safety_gone")
        question = facts["question"]
        if len(question) > QUESTION_CHARACTERS:
            question = question[: QUESTION_CHARACTERS - 1] + "…"
        return html(language, "card.safety", question=question, spread=facts["spread"])
