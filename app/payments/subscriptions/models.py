"""How much of a subscription's daily share is used."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class FairUseDay(Base):
    """Readings that a subscription paid for on one day of the person's own zone."""

    __tablename__ = "fair_use_days"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint("used >= 0", name="used"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    used: Mapped[int]
