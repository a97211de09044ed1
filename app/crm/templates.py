"""Ready answers of a project, called by name; `{name}` in them becomes the client's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base, Connection

NAME_PATTERN = r"[\w-]{1,32}"
# Telegram takes 4096 characters; the client's name has to fit in.
TEXT_LIMIT = 3500
MOST = 100


class ReplyTemplate(Base):
    __tablename__ = "reply_templates"
    __table_args__ = (CheckConstraint("length(name) BETWEEN 1 AND 32", name="name"),)

    project_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("projects.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    changed_by: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(server_default=sql("now()"))


@dataclass(frozen=True, slots=True)
class Template:
    name: str
    text: str


class TemplateRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def all(self) -> list[Template]:
        rows = await self._connection.fetch(
            "SELECT name, text FROM reply_templates WHERE project_id = $1 ORDER BY name", self._project_id
        )
        return [Template(*row) for row in rows]

    async def get(self, name: str) -> Template | None:
        row = await self._connection.fetchrow(
            "SELECT name, text FROM reply_templates WHERE project_id = $1 AND name = $2",
            self._project_id, name.lower(),
        )  # fmt: skip
        return Template(*row) if row else None

    async def put(self, name: str, text: str, *, by: int) -> bool:
        """Adds or replaces; false when the project has as many as it may."""
        stored = await self._connection.fetchval(
            """
            INSERT INTO reply_templates (project_id, name, text, changed_by)
            SELECT $1, $2, $3, $4
            WHERE (SELECT count(*) FROM reply_templates WHERE project_id = $1 AND name <> $2) < $5
            ON CONFLICT (project_id, name) DO UPDATE
                SET text = excluded.text, changed_by = excluded.changed_by, changed_at = now()
            RETURNING true
            """,
            self._project_id, name.lower(), text, by, MOST,
        )  # fmt: skip
        return bool(stored)

    async def delete(self, name: str) -> bool:
        deleted = await self._connection.fetchval(
            "DELETE FROM reply_templates WHERE project_id = $1 AND name = $2 RETURNING true",
            self._project_id, name.lower(),
        )  # fmt: skip
        return bool(deleted)


def fill(template: Template, *, name: str) -> str:
    """The text for one client. Other braces stay as they were written."""
    return template.text.replace("{name}", name)
