"""What a user may still use: a balance row, its append-only entries, and reservations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

UNITS = "unit IN ('readings', 'follow_ups')"
WALLET = ["wallets.project_id", "wallets.user_id", "wallets.unit"]


class Wallet(Base):
    """One row a unit. `balance` is the sum of the entries; `held` of it is reserved."""

    __tablename__ = "wallets"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint(UNITS, name="unit"),
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("held >= 0 AND held <= balance", name="held"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))


class WalletEntry(Base):
    """One line of the ledger; a trigger refuses to change or delete it."""

    __tablename__ = "wallet_entries"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id", "unit"], WALLET),
        UniqueConstraint("project_id", "key"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("balance_after >= 0", name="balance_after"),
        Index(None, "project_id", "user_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    unit: Mapped[str]
    amount: Mapped[int]
    balance_after: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str | None]
    key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WalletHold(Base):
    """A reservation: `held` until it is settled (spent) or released (given back), once."""

    __tablename__ = "wallet_holds"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id", "unit"], WALLET),
        UniqueConstraint("project_id", "id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state IN ('held', 'settled', 'released')", name="state"),
        CheckConstraint("(state = 'held') = (closed_at IS NULL)", name="closed"),
        Index(None, "project_id", "user_id", postgresql_where=text("state = 'held'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    unit: Mapped[str]
    amount: Mapped[int]
    state: Mapped[str] = mapped_column(server_default="held")
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]
