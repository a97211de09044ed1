"""Tables of the connected WordPress: its credentials (sealed) and the nonces of its signed requests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base


class StoreRow(Base):
    """`offered`: a pairing string was printed; `paired`: it was used; `retired`: another store came."""

    __tablename__ = "stores"
    __table_args__ = (
        CheckConstraint("state IN ('offered', 'paired', 'retired')", name="state"),
        CheckConstraint(
            "state <> 'paired' OR (sealed_credentials IS NOT NULL AND rest_url IS NOT NULL AND paired_at IS NOT NULL)",
            name="paired",
        ),
        Index("uq_stores_paired", "state", unique=True, postgresql_where=text("state = 'paired'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default=text("'offered'"))
    # The shared secret of signatures, and the store's API key: sealed boxes to our keyring, base64.
    sealed_secret: Mapped[str]
    sealed_credentials: Mapped[str | None]
    url: Mapped[str | None]
    rest_url: Mapped[str | None]
    name: Mapped[str | None]
    plugin_version: Mapped[str | None]
    expires_at: Mapped[datetime]
    paired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class StoreNonceRow(Base):
    """Nonces of the last minutes: a signed request is obeyed once."""

    __tablename__ = "store_nonces"
    __table_args__ = (Index("ix_store_nonces_seen_at", "seen_at"),)

    store_id: Mapped[UUID] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    nonce: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
