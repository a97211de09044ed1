"""Readings with their own copy of what they were made from, their follow-ups, and the generations of text."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

OWNER = ["users.project_id", "users.id"]
READING = ["readings.project_id", "readings.id"]


class DeckCopy(Base):
    """A deck as it was in one language, shared by the readings that were begun on it; named by its hash."""

    __tablename__ = "deck_copies"

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]]


class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], OWNER),
        ForeignKeyConstraint(["project_id", "deck_hash"], ["deck_copies.project_id", "deck_copies.hash"]),
        ForeignKeyConstraint(["project_id", "hold_id"], ["wallet_holds.project_id", "wallet_holds.id"]),
        UniqueConstraint("project_id", "id"),
        CheckConstraint("state IN ('awaiting_draw', 'interpreting', 'finished', 'failed', 'expired')", name="state"),
        CheckConstraint("rating IN ('good', 'bad')", name="rating"),
        CheckConstraint("(state IN ('awaiting_draw', 'expired')) = (picks IS NULL)", name="picks"),
        CheckConstraint("paid_by IN ('free', 'wallet', 'subscription')", name="paid_by"),
        CheckConstraint("(paid_by = 'wallet') = (hold_id IS NOT NULL)", name="hold"),
        CheckConstraint("(paid_by = 'subscription') = (paid_on IS NOT NULL)", name="paid_on"),
        Index(None, "project_id", "user_id", "id"),
        Index(None, "expires_at", postgresql_where=sql("state = 'awaiting_draw'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(server_default="awaiting_draw")
    language: Mapped[str]
    question: Mapped[str | None]
    spread: Mapped[dict[str, Any]]
    deck_hash: Mapped[bytes]
    cards: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reversals: Mapped[str]
    cost: Mapped[int]
    free_follow_ups: Mapped[int]
    hold_id: Mapped[UUID | None]
    paid_by: Mapped[str] = mapped_column(server_default="wallet")
    # The person's day on which a subscription paid for it.
    paid_on: Mapped[date | None] = mapped_column(Date)
    seed: Mapped[bytes]
    commitment: Mapped[str]
    client_seed: Mapped[str | None]
    picks: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    drawn: Mapped[list[Any] | None]
    rating: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    expires_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class ReadingQuestion(Base):
    """A follow-up. `charged` turns false when its answer cost nothing, which gives a free one back."""

    __tablename__ = "reading_questions"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "reading_id"], READING, ondelete="CASCADE"),
        ForeignKeyConstraint(["project_id", "hold_id"], ["wallet_holds.project_id", "wallet_holds.id"]),
        UniqueConstraint("project_id", "id"),
        UniqueConstraint("reading_id", "number"),
        CheckConstraint("rating IN ('good', 'bad')", name="rating"),
        CheckConstraint("free = (hold_id IS NULL)", name="free"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    reading_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(SmallInteger)
    text: Mapped[str]
    free: Mapped[bool]
    charged: Mapped[bool] = mapped_column(server_default=sql("true"))
    hold_id: Mapped[UUID | None]
    rating: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))


class Generation(Base):
    """A text in the making: leased by one worker at a time, `text` is its last checkpoint."""

    __tablename__ = "generations"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "reading_id"], READING, ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["project_id", "question_id"],
            ["reading_questions.project_id", "reading_questions.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("state IN ('queued', 'running', 'finished', 'failed')", name="state"),
        Index(
            "uq_generations_interpretation",
            "reading_id",
            unique=True,
            postgresql_where=sql("question_id IS NULL"),
        ),
        Index("uq_generations_answer", "question_id", unique=True),
        Index("ix_generations_open", "lease_until", postgresql_where=sql("state IN ('queued', 'running')")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    reading_id: Mapped[UUID]
    question_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(server_default="queued")
    claims: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    attempt: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    text: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str] = mapped_column(server_default="reading")
    offline: Mapped[bool] = mapped_column(server_default=sql("false"))
    free: Mapped[bool] = mapped_column(server_default=sql("false"))
    profile: Mapped[str | None]
    model: Mapped[str | None]
    prompt_tokens: Mapped[int] = mapped_column(server_default=sql("0"))
    completion_tokens: Mapped[int] = mapped_column(server_default=sql("0"))
    cost_micros: Mapped[int] = mapped_column(server_default=sql("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # When its person had it before him to the end.
    seen_at: Mapped[datetime | None]


class SafetyEvent(Base):
    """A sign that a person may be in danger; the staff are told, and it stays until somebody handled it."""

    __tablename__ = "safety_events"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], OWNER),
        UniqueConstraint("generation_id"),
        Index(None, "project_id", postgresql_where=sql("handled_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    generation_id: Mapped[UUID]
    kind: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    handled_at: Mapped[datetime | None]


class KeptFigures(Base):
    """What the statistics count of an hour although its rows are gone: deleted readings, and the models' drafts.

    Numbers of a project alone; nothing leads back to a person.
    """

    __tablename__ = "kept_figures"
    __table_args__ = (ForeignKeyConstraint(["project_id"], ["projects.id"]),)

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    hour: Mapped[datetime] = mapped_column(primary_key=True)
    started: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    finished: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    good: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    bad: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    cost_micros: Mapped[int] = mapped_column(server_default=sql("0"))


class DailyCard(Base):
    """A person's card of one day of his own calendar, with a copy of the card by language.

    `seed` and `id` recompute the draw: the card is the first of the shuffled deck.
    """

    __tablename__ = "daily_cards"
    __table_args__ = (ForeignKeyConstraint(["project_id", "user_id"], OWNER),)

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    seed: Mapped[bytes]
    deck: Mapped[str]
    card: Mapped[str]
    reversed: Mapped[bool]
    copies: Mapped[dict[str, Any]]
    drawn_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))


class ReadingChat(Base):
    """A reading, or the answer to a follow-up, on its way into a person's private chat.

    `drawing`: `picks` are chosen there by buttons; `following`: a worker shows the text as it is written; `sending`
    is committed before the final messages leave; `uncertain`: a worker died just then, and nothing is repeated.
    """

    __tablename__ = "reading_chats"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "reading_id"], READING, ondelete="CASCADE"),
        ForeignKeyConstraint(
            ["project_id", "question_id"],
            ["reading_questions.project_id", "reading_questions.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint(
            "state IN ('drawing', 'following', 'sending', 'sent', 'uncertain', 'failed', 'gone')", name="state"
        ),
        Index(
            "uq_reading_chats_reading",
            "reading_id",
            unique=True,
            postgresql_where=sql("question_id IS NULL AND state IN ('drawing', 'following', 'sending')"),
        ),
        Index(
            "uq_reading_chats_question",
            "question_id",
            unique=True,
            postgresql_where=sql("state IN ('drawing', 'following', 'sending')"),
        ),
        Index("ix_reading_chats_open", "lease_until", postgresql_where=sql("state IN ('following', 'sending')")),
        Index(None, "project_id", "reading_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    reading_id: Mapped[UUID]
    question_id: Mapped[UUID | None]
    chat_id: Mapped[int]
    state: Mapped[str]
    picks: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=sql("'{}'"))
    cards_shown: Mapped[bool] = mapped_column(server_default=sql("false"))
    # The message that grows where the client has no drafts.
    message_id: Mapped[int | None]
    parts_sent: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    failures: Mapped[int] = mapped_column(SmallInteger, server_default=sql("0"))
    error: Mapped[str | None]
    lease: Mapped[UUID | None]
    lease_until: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    created_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))
