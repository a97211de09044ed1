"""A person's request to be called or written to, until the staff have dealt with it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class Lead(Base):
    """`phone` is in E.164. `taken_by` and `done_by` are Telegram ids of staff."""

    __tablename__ = "leads"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint("state IN ('new', 'taken', 'done')", name="state"),
        CheckConstraint("source IN ('bot', 'app')", name="source"),
        Index(None, "project_id", "user_id", "created_at"),
        Index("ix_leads_phone", "project_id", "phone", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    name: Mapped[str]
    phone: Mapped[str]
    about: Mapped[str]
    source: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'new'"))
    taken_by: Mapped[int | None]
    done_by: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    taken_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
