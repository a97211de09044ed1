"""Causes of alerts, and when each kind of process was last alive. They are the installation's, not a project's."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class AlertRow(Base):
    """One cause. Whoever moves `next_tell_at`, or `state`, by a conditional UPDATE is the one who tells.

    `lasting` ones are watched and end when all is well again; the others end when nothing came for a while.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'over')", name="state"),
        Index("ix_alerts_open", "last_at", postgresql_where=text("state = 'open'")),
    )

    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="open")
    lasting: Mapped[bool]
    # What is shown: see `app.alerts.causes.Cause`.
    cause: Mapped[dict[str, Any]]
    occurrences: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    last_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    first_request_id: Mapped[str | None]
    last_request_id: Mapped[str | None]
    # How often it was told since it opened, how many occurrences that covered, and when it may be told again.
    told: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    told_occurrences: Mapped[int] = mapped_column(server_default=text("0"))
    next_tell_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProcessBeatRow(Base):
    """The last sign of life of any process of one kind: api, worker, polling."""

    __tablename__ = "process_beats"

    kind: Mapped[str] = mapped_column(primary_key=True)
    beaten_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
