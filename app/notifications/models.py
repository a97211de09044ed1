"""The inbox and what people want to hear of."""

from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

OWNER = ["users.project_id", "users.id"]


class NotificationRow(Base):
    """One thing that a person should know of. `values` are what its kind's texts are filled with.

    `delivery` is the bot's part: `none` for what only the inbox shows; `sending` is committed before Telegram is
    called, so that what a crash leaves behind is `uncertain` and never sent again.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], OWNER),
        UniqueConstraint("project_id", "user_id", "dedupe"),
        CheckConstraint(
            "delivery IN ('none', 'waiting', 'sending', 'sent', 'skipped', 'failed', 'uncertain')", name="delivery"
        ),
        Index(None, "project_id", "user_id", "id"),
        Index(
            "ix_notifications_unread",
            "project_id",
            "user_id",
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notifications_due",
            "deliver_after",
            postgresql_where=text("delivery IN ('waiting', 'sending')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    kind: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    # The same thing is told once; null: it cannot come twice.
    dedupe: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    read_at: Mapped[datetime | None]
    delivery: Mapped[str] = mapped_column(server_default="none")
    # When the bot may send it, and for `sending` when this was begun.
    deliver_after: Mapped[datetime] = mapped_column(server_default=text("now()"))
    delivered_at: Mapped[datetime | None]


class PreferenceRow(Base):
    """A switch that a person has moved; without a row the kind's own default holds."""

    __tablename__ = "notification_preferences"
    __table_args__ = (ForeignKeyConstraint(["project_id", "user_id"], OWNER),)

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    enabled: Mapped[bool]


class SettingsRow(Base):
    """Quiet hours in the person's own time, both null for none; without a row the default of the code holds."""

    __tablename__ = "notification_settings"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], OWNER),
        CheckConstraint("(quiet_from IS NULL) = (quiet_until IS NULL)", name="quiet"),
        CheckConstraint("quiet_from <> quiet_until", name="some_quiet"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    quiet_from: Mapped[time | None]
    quiet_until: Mapped[time | None]
