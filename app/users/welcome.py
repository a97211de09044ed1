"""The staff's own welcome bonus: while it is on, it takes the place of the catalogue's free readings."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.clock import utc_now
from app.kit.database import Base, Connection


class WelcomePromotion(Base):
    """At most one a project. `until` null: until it is switched off."""

    __tablename__ = "welcome_promotions"
    __table_args__ = (CheckConstraint("amount BETWEEN 0 AND 1000", name="amount"),)

    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"), primary_key=True)
    enabled: Mapped[bool]
    amount: Mapped[int] = mapped_column(Integer)
    until: Mapped[datetime | None]
    changed_by: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


@dataclass(frozen=True, slots=True)
class Promotion:
    """`amount` is in readings for each newcomer."""

    enabled: bool
    amount: int
    until: datetime | None

    @property
    def running(self) -> bool:
        return self.enabled and (self.until is None or self.until > utc_now())


class PromotionRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def get(self, *, lock: bool = False) -> Promotion | None:
        row = await self._connection.fetchrow(
            f"""
            SELECT enabled, amount, until FROM welcome_promotions WHERE project_id = $1 {"FOR UPDATE" if lock else ""}
            """,  # noqa: S608  # one of two constants
            self._project_id,
        )
        return Promotion(*row) if row else None

    async def put(self, promotion: Promotion, *, by: int) -> None:
        await self._connection.execute(
            """
            INSERT INTO welcome_promotions (project_id, enabled, amount, until, changed_by)
            VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (project_id) DO UPDATE SET enabled = excluded.enabled, amount = excluded.amount,
                until = excluded.until, changed_by = excluded.changed_by, changed_at = now()
            """,
            self._project_id, promotion.enabled, promotion.amount, promotion.until, by,
        )  # fmt: skip


async def welcome_readings(connection: Connection, project_id: int, *, default: int) -> int:
    """What a newcomer gets now, in readings: `default` is the catalogue's word."""
    promotion = await PromotionRepository(connection, project_id).get()
    return promotion.amount if promotion is not None and promotion.running else default
