"""Tables of the bots: what Telegram was told of each, the updates that came, and the chats that left."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class BotRow(Base):
    """One bot of the catalogue as Telegram knows it.

    `sent` maps each part of its settings to a hash of what Telegram accepted last; `settings_hash` covers all
    parts and the token, so that one comparison tells that there is nothing to do.
    """

    __tablename__ = "bots"
    __table_args__ = (
        CheckConstraint("state IN ('new', 'ready', 'prepared', 'refused', 'failing', 'leaving', 'gone')", name="state"),
    )

    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    webhook_id: Mapped[str] = mapped_column(unique=True)
    username: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="new")
    sent: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    settings_hash: Mapped[str | None]
    # A stable code, and what an operator reads; both null while all is well.
    error_code: Mapped[str | None]
    error: Mapped[str | None]
    # What Telegram itself said, which goes into the words of any language.
    error_reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    checked_at: Mapped[datetime | None]
    next_check_at: Mapped[datetime | None]
    # Sealed by our own keyring, so that a bot that leaves the catalogue can still be told to stop.
    sealed_token: Mapped[str | None]


class ManagedBotRow(Base):
    """A bot that was made for a project inside Telegram; its token stands in for the one that nobody pasted."""

    __tablename__ = "managed_bots"
    __table_args__ = (UniqueConstraint("project_id"),)

    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    username: Mapped[str | None]
    # Sealed as the plugin seals: with the project's key inside.
    sealed_token: Mapped[str]
    # The bot that may ask Telegram for the token, and the person who made this one.
    manager_bot_id: Mapped[int]
    owner_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    token_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class UpdateRow(Base):
    """An update, kept before Telegram hears 200. `chat_id` is the lane in which order is kept."""

    __tablename__ = "telegram_updates"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'done', 'failed')", name="state"),
        CheckConstraint("(state = 'pending') = (done_at IS NULL)", name="done"),
        Index(
            "ix_telegram_updates_lane",
            "bot_id",
            "chat_id",
            "update_id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_telegram_updates_due", "next_attempt_at", postgresql_where=text("state = 'pending'")),
        Index("ix_telegram_updates_received_at", "received_at"),
    )

    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    update_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    chat_id: Mapped[int | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    state: Mapped[str] = mapped_column(server_default="pending")
    # `attempts` counts every start and fences out one whose lease was lost; `failures` only what was its own
    # fault.
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_attempt_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    # Held by the process that works on it right now; it expires with a dead one.
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str | None]
    # What its handler has committed and what is still to be sent; null while the handler has not come to its end.
    reply: Mapped[dict[str, Any] | None]


class DepartureRow(Base):
    """A chat that Telegram says we may not write to any more; the row goes when the chat comes back."""

    __tablename__ = "telegram_departures"
    __table_args__ = (Index("ix_telegram_departures_project_id", "project_id", "left_at"),)

    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    chat_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"))
    reason: Mapped[str]
    left_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class TelegramFile(Base):
    """A picture that a bot has sent before: Telegram keeps it, and a file id is good for this bot alone."""

    __tablename__ = "telegram_files"

    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"), primary_key=True)
    bot_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
