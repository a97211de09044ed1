"""Tables of the catalogue: the last good documents, the state of their source, the mirrored pictures."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class CatalogueDocumentRow(Base):
    """One accepted document, as JSON; the last few of a source are kept."""

    __tablename__ = "catalogue_documents"
    __table_args__ = (Index("ix_catalogue_documents_source", "source", "id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source: Mapped[str]
    version: Mapped[str]
    document: Mapped[bytes]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CatalogueStateRow(Base):
    """What is known of one source. By the lease one process at a time asks it; it expires with a dead one."""

    __tablename__ = "catalogue_states"
    __table_args__ = (CheckConstraint("source IN ('demo', 'store')", name="source"),)

    source: Mapped[str] = mapped_column(primary_key=True)
    document_id: Mapped[int | None] = mapped_column(ForeignKey("catalogue_documents.id"))
    # Names this database's row, so that revisions of a restored or wiped one are never taken for ours.
    epoch: Mapped[str] = mapped_column(server_default=text("substr(gen_random_uuid()::text, 1, 8)"))
    # Moves when the public bytes may have changed: a new document, newly mirrored pictures.
    revision: Mapped[int] = mapped_column(server_default=text("0"))

    # The last answer seen, good or not; `etag` counts only for the same address and the same rules.
    etag: Mapped[str | None]
    rules: Mapped[str | None]
    seen_version: Mapped[str | None]
    # The last answer was no catalogue; "not modified" does not cure that.
    refused: Mapped[bool] = mapped_column(server_default=text("false"))
    received_at: Mapped[datetime | None]
    problems: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    reported: Mapped[str | None]

    # When the last finished attempt began, by the database's clock.
    checked_at: Mapped[datetime | None]
    lease_owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]

    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failing_since: Mapped[datetime | None]
    failure: Mapped[str | None]
    alerted: Mapped[bool] = mapped_column(server_default=text("false"))


class PictureRow(Base):
    """A picture that a document names, and what became of it; `id` hashes its address and content hash."""

    __tablename__ = "pictures"
    __table_args__ = (
        CheckConstraint("state IN ('pending', 'mirrored', 'refused')", name="state"),
        CheckConstraint("(state = 'mirrored') = (hash IS NOT NULL AND widths IS NOT NULL)", name="mirrored"),
        Index("ix_pictures_due", "due_at", postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    url: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'pending'"))
    reason: Mapped[str | None]
    hash: Mapped[str | None]
    # [[width, height], …] in pixels, ascending.
    widths: Mapped[list[Any] | None]
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PictureFileRow(Base):
    """The WebP bytes of one width. Never deleted: readings of long ago still show their cards."""

    __tablename__ = "picture_files"

    hash: Mapped[str] = mapped_column(primary_key=True)
    width: Mapped[int] = mapped_column(Integer, primary_key=True)
    height: Mapped[int] = mapped_column(Integer)
    body: Mapped[bytes]
