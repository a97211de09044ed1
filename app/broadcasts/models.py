"""Broadcasts, their runs (sending, editing, deleting) and one row for each recipient of a run."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

ZERO = text("0")


class BroadcastRow(Base):
    """One broadcast. `content` maps languages to versions, `run` is the number of its current run.

    `message_id` is the message in the staff group that shows the progress; `problem` is why it paused by itself.
    """

    __tablename__ = "broadcasts"
    __table_args__ = (
        UniqueConstraint("project_id", "id"),
        CheckConstraint(
            "state IN ('draft', 'counting', 'scheduled', 'sending', 'paused', 'done', 'cancelled')", name="state"
        ),
        CheckConstraint("schedule_kind IN ('now', 'at', 'local_time')", name="schedule_kind"),
        CheckConstraint("(schedule_kind = 'local_time') = (local_time IS NOT NULL)", name="local_time"),
        # What the beat and the workers look for; nearly always empty.
        Index(
            "ix_broadcasts_open",
            "state",
            "begin_at",
            postgresql_where=text("state IN ('counting', 'scheduled', 'sending', 'paused')"),
        ),
        Index("ix_broadcasts_shown", "shown_at", postgresql_where=text("message_id IS NOT NULL AND shown <> 'end'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    title: Mapped[str] = mapped_column(server_default="")
    content: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    segment: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    state: Mapped[str] = mapped_column(server_default="draft")
    run: Mapped[int] = mapped_column(SmallInteger, server_default=ZERO)
    problem: Mapped[str | None]
    schedule_kind: Mapped[str] = mapped_column(server_default="now")
    # When the recipients are counted: at once, at the given time, or before the earliest zone reaches the local time.
    begin_at: Mapped[datetime | None]
    # `YYYY-MM-DDTHH:MM` on every recipient's own clock.
    local_time: Mapped[str | None]
    # Longest wait in hours for the end of somebody's quiet hours.
    quiet_wait_hours: Mapped[int] = mapped_column(SmallInteger, server_default=text("12"))
    # Who made it; every step since is in the audit log.
    created_by: Mapped[int]
    created_name: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    # The message in the staff group that shows the progress, what it shows, and when it was last edited.
    bot_id: Mapped[int | None]
    chat_id: Mapped[int | None]
    message_id: Mapped[int | None]
    shown: Mapped[str] = mapped_column(server_default="")
    shown_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class BroadcastRun(Base):
    """One pass over recipients: run 0 sends, later ones edit or delete what it sent.

    The counters change in the statement that changes the rows; what they lack of `total` is still to be done.
    """

    __tablename__ = "broadcast_runs"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "broadcast_id"], ["broadcasts.project_id", "broadcasts.id"], ondelete="CASCADE"
        ),
        CheckConstraint("kind IN ('send', 'edit', 'delete')", name="kind"),
        CheckConstraint("outcome IN ('done', 'cancelled')", name="outcome"),
    )

    broadcast_id: Mapped[UUID] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    bot_id: Mapped[int]
    # As it was when the run began; the file ids in it are this bot's.
    content: Mapped[dict[str, Any]]
    total: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    sent: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    gone: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    failed: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    uncertain: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    skipped: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    opened: Mapped[int] = mapped_column(Integer, server_default=ZERO)
    outcome: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]


class BroadcastRecipient(Base):
    """One person of one run. `sending` is committed before the call; what a crash leaves there becomes `uncertain`."""

    __tablename__ = "broadcast_recipients"
    __table_args__ = (
        ForeignKeyConstraint(
            ["broadcast_id", "run"], ["broadcast_runs.broadcast_id", "broadcast_runs.run"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'gone', 'failed', 'uncertain', 'skipped')", name="state"
        ),
        Index(
            "ix_broadcast_recipients_pending",
            "broadcast_id",
            "run",
            "send_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_broadcast_recipients_sending", "lease_until", postgresql_where=text("state = 'sending'")),
        Index(None, "project_id", "user_id"),
    )

    broadcast_id: Mapped[UUID] = mapped_column(primary_key=True)
    run: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    # As it was when the recipients were counted; null once the person was erased.
    telegram_id: Mapped[int | None]
    # The version he gets.
    language: Mapped[str]
    send_at: Mapped[datetime]
    # Nothing is sent later than this: quiet hours would have lasted too long.
    send_until: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(server_default="pending")
    lease_until: Mapped[datetime | None]
    message_id: Mapped[int | None]
    error: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
