"""SQL of the ledger. Every statement changes the balance row and its entry or hold together, or neither."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id

Unit = Literal["readings", "follow_ups"]
UNITS: tuple[Unit, ...] = ("readings", "follow_ups")


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole units: `available` is what is neither spent nor reserved."""

    balance: int
    held: int

    @property
    def available(self) -> int:
        return self.balance - self.held

    def body(self) -> dict[str, int]:
        return {"balance": self.balance, "held": self.held, "available": self.available}


class WalletRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def balances(self, user_id: UUID) -> dict[Unit, Balance]:
        rows = await self._connection.fetch(
            "SELECT unit, balance, held FROM wallets WHERE project_id = $1 AND user_id = $2",
            self._project_id, user_id,
        )  # fmt: skip
        found = {row["unit"]: Balance(row["balance"], row["held"]) for row in rows}
        return {unit: found.get(unit, Balance(0, 0)) for unit in UNITS}

    async def open(self, user_id: UUID) -> None:
        await self._connection.execute(
            """
            INSERT INTO wallets (project_id, user_id, unit) SELECT $1, $2, unnest($3::text[])
            ON CONFLICT (project_id, user_id, unit) DO NOTHING
            """,
            self._project_id, user_id, list(UNITS),
        )  # fmt: skip

    async def lock(self, user_id: UUID, unit: Unit) -> Balance | None:
        row = await self._connection.fetchrow(
            "SELECT balance, held FROM wallets WHERE project_id = $1 AND user_id = $2 AND unit = $3 FOR UPDATE",
            self._project_id, user_id, unit,
        )  # fmt: skip
        return Balance(row["balance"], row["held"]) if row else None

    async def add_entry(
        self, user_id: UUID, unit: Unit, *, amount: int, kind: str, key: str, reason: str | None
    ) -> bool:
        """Adds a line and moves the balance; false if the key was used before. The wallet row must be locked."""
        added = await self._connection.fetchval(
            """
            WITH entry AS (
                INSERT INTO wallet_entries
                    (id, project_id, user_id, unit, amount, balance_after, kind, key, reason)
                SELECT $4, $1, $2, $3, $5, balance + $5, $6, $7, $8 FROM wallets
                WHERE project_id = $1 AND user_id = $2 AND unit = $3
                ON CONFLICT (project_id, key) DO NOTHING
                RETURNING amount
            )
            UPDATE wallets SET balance = balance + entry.amount FROM entry
            WHERE project_id = $1 AND user_id = $2 AND unit = $3
            RETURNING true
            """,
            self._project_id, user_id, unit, new_id(), amount, kind, key, reason,
        )  # fmt: skip
        return bool(added)

    async def hold(self, user_id: UUID, unit: Unit, *, hold_id: UUID, amount: int) -> Balance | None:
        """Reserves, or answers None if too little is available. The row lock makes parallel starts queue up."""
        row = await self._connection.fetchrow(
            """
            WITH wallet AS (
                UPDATE wallets SET held = held + $5
                WHERE project_id = $1 AND user_id = $2 AND unit = $3 AND balance - held >= $5
                RETURNING balance, held
            ), hold AS (
                INSERT INTO wallet_holds (id, project_id, user_id, unit, amount)
                SELECT $4, $1, $2, $3, $5 FROM wallet
            )
            SELECT balance, held FROM wallet
            """,
            self._project_id, user_id, unit, hold_id, amount,
        )  # fmt: skip
        return Balance(row["balance"], row["held"]) if row else None

    async def settle(self, hold_id: UUID, *, kind: str, key: str) -> bool:
        """Spends what was reserved; false if the hold was closed before."""
        settled = await self._connection.fetchval(
            """
            WITH hold AS (
                UPDATE wallet_holds SET state = 'settled', closed_at = now()
                WHERE project_id = $1 AND id = $2 AND state = 'held'
                RETURNING user_id, unit, amount
            ), wallet AS (
                UPDATE wallets SET balance = balance - hold.amount, held = held - hold.amount FROM hold
                WHERE project_id = $1 AND wallets.user_id = hold.user_id AND wallets.unit = hold.unit
                RETURNING wallets.user_id, wallets.unit, balance, hold.amount
            )
            INSERT INTO wallet_entries (id, project_id, user_id, unit, amount, balance_after, kind, key)
            SELECT $3, $1, user_id, unit, -amount, balance, $4, $5 FROM wallet
            RETURNING true
            """,
            self._project_id, hold_id, new_id(), kind, key,
        )  # fmt: skip
        return bool(settled)

    async def release(self, hold_id: UUID) -> bool:
        """Gives back what was reserved; false if the hold was closed before."""
        released = await self._connection.fetchval(
            """
            WITH hold AS (
                UPDATE wallet_holds SET state = 'released', closed_at = now()
                WHERE project_id = $1 AND id = $2 AND state = 'held'
                RETURNING user_id, unit, amount
            )
            UPDATE wallets SET held = held - hold.amount FROM hold
            WHERE project_id = $1 AND wallets.user_id = hold.user_id AND wallets.unit = hold.unit
            RETURNING true
            """,
            self._project_id, hold_id,
        )  # fmt: skip
        return bool(released)

    async def open_holds(self, user_id: UUID) -> list[UUID]:
        rows = await self._connection.fetch(
            "SELECT id FROM wallet_holds WHERE project_id = $1 AND user_id = $2 AND state = 'held' FOR UPDATE",
            self._project_id, user_id,
        )  # fmt: skip
        return [row["id"] for row in rows]
