"""What a user may still use: a balance row, its append-only entries, the lots it consists of, and reservations.

Triggers of the migration hold at each commit: a wallet's balance is what its lots have left and what its last entry
says, each entry follows on the one before, and what an entry spends it takes from lots.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.database import Base

UNITS = "unit IN ('readings', 'follow_ups')"
WALLET = ["wallets.project_id", "wallets.user_id", "wallets.unit"]


class Wallet(Base):
    """One row a unit. `balance` is the sum of the entries; `held` of it is reserved; `entries` counts them.

    `expires_at` is when the first of its lots expires, so that whoever reserves sees it in the row itself.
    """

    __tablename__ = "wallets"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id"], ["users.project_id", "users.id"]),
        CheckConstraint(UNITS, name="unit"),
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("held >= 0 AND held <= balance", name="held"),
        Index(None, "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    balance: Mapped[int] = mapped_column(server_default=text("0"))
    held: Mapped[int] = mapped_column(server_default=text("0"))
    entries: Mapped[int] = mapped_column(server_default=text("0"))
    expires_at: Mapped[datetime | None]


class WalletEntry(Base):
    """One line of the ledger; a trigger refuses to change or delete it. `number` counts up in its wallet."""

    __tablename__ = "wallet_entries"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id", "unit"], WALLET),
        UniqueConstraint("project_id", "key"),
        UniqueConstraint("project_id", "user_id", "unit", "number"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("balance_after >= 0", name="balance_after"),
        CheckConstraint("number > 0", name="number"),
        Index(None, "project_id", "user_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    unit: Mapped[str]
    number: Mapped[int]
    amount: Mapped[int]
    balance_after: Mapped[int]
    kind: Mapped[str]
    reason: Mapped[str | None]
    key: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WalletLot(Base):
    """What one credit brought, under the id of its entry; what is spent comes out of lots.

    `order_id` names the order that paid for it. A trigger lets nothing change but `remaining`, and that only downwards.
    """

    __tablename__ = "wallet_lots"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id", "unit"], WALLET),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("remaining BETWEEN 0 AND amount", name="remaining"),
        Index(None, "project_id", "user_id", "unit", "id"),
        Index(None, "project_id", "order_id", postgresql_where=text("order_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("wallet_entries.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(SmallInteger)
    user_id: Mapped[UUID]
    unit: Mapped[str]
    amount: Mapped[int]
    remaining: Mapped[int]
    expires_at: Mapped[datetime | None]
    order_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class WalletLotUse(Base):
    """Which lots an entry took from; append-only like the entries."""

    __tablename__ = "wallet_lot_uses"
    __table_args__ = (CheckConstraint("amount > 0", name="amount"), Index(None, "lot_id"))

    entry_id: Mapped[UUID] = mapped_column(ForeignKey("wallet_entries.id"), primary_key=True)
    lot_id: Mapped[UUID] = mapped_column(ForeignKey("wallet_lots.id"), primary_key=True)
    amount: Mapped[int]


class WalletDebt(Base):
    """What refunds could not take back: the next purchase pays it. `incurred` counts all that was ever owed."""

    __tablename__ = "wallet_debts"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "user_id", "unit"], WALLET),
        CheckConstraint("amount BETWEEN 0 AND incurred", name="amount"),
    )

    project_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]
    incurred: Mapped[int]


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
