"""Cards of the staff's topics."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class StaffCard(Base):
    """One event that the staff are shown. `actions` tells who did what, once each: [{action, by, name, at}]."""

    __tablename__ = "staff_cards"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        UniqueConstraint("project_id", "kind", "subject"),
        Index(None, "project_id", "user_id"),
        Index("ix_staff_cards_message", "project_id", "chat_id", "message_id"),
        Index("ix_staff_cards_unposted", "created_at", postgresql_where=text("posted_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[UUID | None]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    actions: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    chat_id: Mapped[int | None]
    thread_id: Mapped[int | None]
    message_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    posted_at: Mapped[datetime | None]
    # When super-admins heard of it in private, because no group took it; and their messages: [{bot, chat, id}].
    alerted_at: Mapped[datetime | None]
    alerts: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
