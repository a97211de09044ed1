"""Readings as the API shows them; the shapes are those of `app.readings.schemas`."""

from typing import Any

import asyncpg

from app.readings.generations import Snapshot
from app.readings.questions import Question, free_left
from app.readings.repository import Reading, to_reading


def card_view(position: dict[str, Any], drawn: dict[str, Any]) -> dict[str, Any]:
    card = drawn["card"]
    orientation = "reversed" if drawn["reversed"] else "upright"
    return {
        "position": position,
        "card": {
            "key": card["key"],
            "name": card["name"],
            "number": card["number"],
            "arcana": card["arcana"],
            "suit": card["suit"],
            "rank": card["rank"],
            "keywords": card["keywords"][orientation],
            "picture": card["picture"],
        },
        "reversed": drawn["reversed"],
    }


def cards_view(reading: Reading) -> list[dict[str, Any]]:
    if reading.drawn is None:
        return []
    return [
        card_view(position, drawn) for position, drawn in zip(reading.spread["positions"], reading.drawn, strict=True)
    ]


def _head(reading: Reading, deck: dict[str, str]) -> dict[str, Any]:
    return {
        "id": reading.id,
        "state": reading.state,
        "spread": {"key": reading.spread["key"], "name": reading.spread["name"]},
        "deck": deck,
        "question": reading.question,
        "language": reading.language,
        "created_at": reading.created_at,
        "finished_at": reading.finished_at,
        "rating": reading.rating,
    }


def summary_view(row: asyncpg.Record) -> dict[str, Any]:
    reading = to_reading(row)
    return {
        **_head(reading, {"key": row["deck_key"], "name": row["deck_name"]}),
        "cards": [
            {
                "name": drawn["card"]["name"],
                "reversed": drawn["reversed"],
                "picture": drawn["card"]["picture"],
            }
            for drawn in reading.drawn or ()
        ],
        "excerpt": row["excerpt"],
    }


def _text(*, text: str, state: str, offline: bool, kind: str) -> dict[str, Any]:
    return {"text": text, "state": state, "offline": offline, "kind": kind}


def reading_view(
    reading: Reading, deck: dict[str, str], interpretation: Snapshot | None, questions: list[Question]
) -> dict[str, Any]:
    return {
        **_head(reading, deck),
        "expires_at": reading.expires_at,
        "cost": reading.cost,
        "commitment": reading.commitment,
        "card_count": len(reading.cards),
        "positions": reading.spread["positions"],
        "cards": cards_view(reading),
        "interpretation": _text(
            text=interpretation.text,
            state=interpretation.state,
            offline=interpretation.offline,
            kind=interpretation.kind,
        )
        if interpretation
        else None,
        "questions": [
            {
                "id": question.id,
                "number": question.number,
                "text": question.text,
                "free": question.free,
                "answer": _text(
                    text=question.answer_text,
                    state=question.answer_state,
                    offline=question.offline,
                    kind=question.kind,
                ),
                "rating": question.rating,
                "created_at": question.created_at,
            }
            for question in questions
        ],
        "follow_ups": {"free_left": free_left(reading, questions), "cost": 1},
    }
