"""The number that a client shared with his own hand."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base, Connection


class UserContact(Base):
    """`phone` is in E.164."""

    __tablename__ = "user_contacts"
    __table_args__ = (ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),)

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    phone: Mapped[str]
    shared_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ContactRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def put(self, user_id: UUID, phone: str) -> None:
        await self._connection.execute(
            """
            INSERT INTO user_contacts (project_id, user_id, phone) VALUES ($1, $2, $3)
            ON CONFLICT (project_id, user_id) DO UPDATE SET phone = excluded.phone, shared_at = now()
            """,
            self._project_id, user_id, phone,
        )  # fmt: skip
        # The card that is pinned in his topic shows the number.
        await self._connection.execute("SELECT contact_card_due($1::smallint, $2)", self._project_id, user_id)

    async def phone(self, user_id: UUID) -> str | None:
        """In E.164: the one he shared, else the one of his last request; None if we know neither."""
        found: str | None = await self._connection.fetchval(
            """
            SELECT COALESCE(
                (SELECT phone FROM user_contacts WHERE project_id = $1 AND user_id = $2),
                (SELECT phone FROM leads WHERE project_id = $1 AND user_id = $2 ORDER BY created_at DESC LIMIT 1)
            )
            """,
            self._project_id, user_id,
        )  # fmt: skip
        return found


async def erase(connection: Connection, project_id: int, user_id: UUID) -> None:
    await connection.execute("DELETE FROM user_contacts WHERE project_id = $1 AND user_id = $2", project_id, user_id)
