"""The table of tenants. A row outlives its project: users, readings and orders keep pointing at it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class ProjectRow(Base):
    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint("status IN ('draft', 'live', 'off')", name="status"),
        Index("uq_projects_slug_present", "slug", unique=True, postgresql_where=text("removed_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    slug: Mapped[str]
    status: Mapped[str]
    # Where the project comes from: `demo` or `store`.
    source: Mapped[str]
    bot_id: Mapped[int | None] = mapped_column(unique=True)
    # Set when it first went live; from then on the slug is fixed.
    live_since: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
