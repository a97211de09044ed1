"""SQL of the ledger. Every statement changes the balance row and its entry or hold together, or neither."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.wallet.balance import UNITS, Balance, Unit, as_balance


@dataclass(frozen=True, slots=True)
class Lot:
    """What one credit brought; `used` of it was spent, `expired` was written off unused."""

    id: UUID
    user_id: UUID
    unit: Unit
    amount: int
    remaining: int
    used: int
    expired: int


class WalletRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def balances(self, user_id: UUID, *, now: datetime) -> dict[Unit, Balance]:
        rows = await self._connection.fetch(
            """
            SELECT w.unit, w.balance, w.held, l.remaining, l.expires_at FROM wallets w
            LEFT JOIN wallet_lots l ON w.expires_at IS NOT NULL AND l.remaining > 0 AND l.expires_at IS NOT NULL
                AND (l.project_id, l.user_id, l.unit) = (w.project_id, w.user_id, w.unit)
            WHERE w.project_id = $1 AND w.user_id = $2
            """,
            self._project_id, user_id,
        )  # fmt: skip
        found: dict[Unit, Balance] = dict.fromkeys(UNITS, Balance(0, 0))
        for unit in UNITS:
            own = [row for row in rows if row["unit"] == unit]
            if own:
                lots = [(row["remaining"], row["expires_at"]) for row in own if row["expires_at"] is not None]
                found[unit] = as_balance(own[0]["balance"], own[0]["held"], lots, now=now)
        return found

    async def open(self, user_id: UUID) -> None:
        await self._connection.execute(
            """
            INSERT INTO wallets (project_id, user_id, unit) SELECT $1, $2, unnest($3::text[])
            ON CONFLICT (project_id, user_id, unit) DO NOTHING
            """,
            self._project_id, user_id, list(UNITS),
        )  # fmt: skip

    async def lock(self, user_id: UUID, unit: Unit) -> Balance | None:
        """The row as it is, with what has expired and is not written off yet."""
        row = await self._connection.fetchrow(
            "SELECT balance, held FROM wallets WHERE project_id = $1 AND user_id = $2 AND unit = $3 FOR UPDATE",
            self._project_id, user_id, unit,
        )  # fmt: skip
        return Balance(row["balance"], row["held"]) if row else None

    async def add_lot(
        self,
        user_id: UUID,
        unit: Unit,
        *,
        amount: int,
        kind: str,
        key: str,
        reason: str | None,
        expires_at: datetime | None,
        order_id: UUID | None,
    ) -> UUID | None:
        """Adds a line with its lot and moves the balance; the lot's id, None if the key was used before.

        The wallet row must be locked.
        """
        lot_id: UUID | None = await self._connection.fetchval(
            """
            WITH entry AS (
                INSERT INTO wallet_entries
                    (id, project_id, user_id, unit, number, amount, balance_after, kind, key, reason)
                SELECT $4, $1, $2, $3, entries + 1, $5, balance + $5, $6, $7, $8 FROM wallets
                WHERE project_id = $1 AND user_id = $2 AND unit = $3
                ON CONFLICT (project_id, key) DO NOTHING
                RETURNING id
            ), lot AS (
                INSERT INTO wallet_lots (id, project_id, user_id, unit, amount, remaining, expires_at, order_id)
                SELECT id, $1, $2, $3, $5, $5, $9, $10 FROM entry
            )
            UPDATE wallets
            SET balance = balance + $5, entries = entries + 1, expires_at = LEAST(expires_at, $9) FROM entry
            WHERE project_id = $1 AND user_id = $2 AND unit = $3
            RETURNING entry.id
            """,
            self._project_id, user_id, unit, new_id(), amount, kind, key, reason, expires_at, order_id,
        )  # fmt: skip
        return lot_id

    async def spend(
        self,
        user_id: UUID,
        unit: Unit,
        *,
        amount: int,
        kind: str,
        key: str,
        reason: str | None = None,
        lots: Sequence[UUID] | None = None,
    ) -> bool:
        """Takes `amount` out of the open lots in the order of use, or out of `lots` alone; false if the key was used.

        The wallet row must be locked and hold that much, also in `lots`.
        """
        spent = await self._connection.fetchval(
            f"""
            WITH entry AS (
                INSERT INTO wallet_entries
                    (id, project_id, user_id, unit, number, amount, balance_after, kind, key, reason)
                SELECT $4, $1, $2, $3, entries + 1, -$5::bigint, balance - $5::bigint, $6, $7, $8 FROM wallets
                WHERE project_id = $1 AND user_id = $2 AND unit = $3
                ON CONFLICT (project_id, key) DO NOTHING
                RETURNING id
            ), {_TAKE}
            UPDATE wallets
            SET balance = balance - $5::bigint, entries = entries + 1, expires_at = (SELECT expires_at FROM left_over)
            FROM entry WHERE project_id = $1 AND user_id = $2 AND unit = $3
            RETURNING true
            """,  # noqa: S608  # a constant of this module
            self._project_id, user_id, unit, new_id(), amount, kind, key, reason, lots,
        )  # fmt: skip
        return bool(spent)

    async def hold(
        self, user_id: UUID, unit: Unit, *, hold_id: UUID, amount: int, expired: bool = False, unless: str = "false"
    ) -> Balance | None:
        """Reserves, or answers None if too little is available. The row lock makes parallel starts queue up.

        `expired`: also where a lot has expired, which is for those who have written off what can be. `unless` is SQL
        of this code, about the row of `wallets`, that keeps from reserving.
        """
        row = await self._connection.fetchrow(
            f"""
            WITH wallet AS (
                UPDATE wallets SET held = held + $5
                WHERE project_id = $1 AND user_id = $2 AND unit = $3 AND balance - held >= $5
                    AND ($6 OR expires_at IS NULL OR expires_at > now()) AND NOT ({unless})
                RETURNING balance, held
            ), hold AS (
                INSERT INTO wallet_holds (id, project_id, user_id, unit, amount)
                SELECT $4, $1, $2, $3, $5 FROM wallet
            )
            SELECT balance, held FROM wallet
            """,  # noqa: S608  # constants of this code
            self._project_id, user_id, unit, hold_id, amount, expired,
        )  # fmt: skip
        return Balance(row["balance"], row["held"]) if row else None

    async def settle(self, hold_id: UUID, *, kind: str, key: str) -> bool:
        """Spends what was reserved; false if the hold was closed before.

        Two statements, because the lots are to be seen as they are once the wallet's row is locked.
        """
        wallet = await self._connection.fetchrow(
            """
            WITH hold AS (
                UPDATE wallet_holds SET state = 'settled', closed_at = now()
                WHERE project_id = $1 AND id = $2 AND state = 'held'
                RETURNING user_id, unit, amount
            )
            UPDATE wallets SET held = held - hold.amount FROM hold
            WHERE project_id = $1 AND wallets.user_id = hold.user_id AND wallets.unit = hold.unit
            RETURNING wallets.user_id, wallets.unit, hold.amount
            """,
            self._project_id, hold_id,
        )  # fmt: skip
        if wallet is None:
            return False
        if not await self.spend(wallet["user_id"], wallet["unit"], amount=wallet["amount"], kind=kind, key=key):
            raise ValueError("this key has settled another hold")
        return True

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

    async def expired(self, user_id: UUID, unit: Unit) -> tuple[list[UUID], int]:
        """(expired lots that still hold something, how much). The wallet row must be locked."""
        rows = await self._connection.fetch(
            """
            SELECT id, remaining FROM wallet_lots
            WHERE project_id = $1 AND user_id = $2 AND unit = $3 AND remaining > 0 AND expires_at <= now()
            """,
            self._project_id, user_id, unit,
        )  # fmt: skip
        return [row["id"] for row in rows], sum(row["remaining"] for row in rows)

    async def lots_of_order(self, order_id: UUID) -> list[Lot]:
        rows = await self._connection.fetch(
            """
            SELECT l.id, l.user_id, l.unit, l.amount, l.remaining,
                COALESCE(sum(u.amount) FILTER (WHERE e.kind NOT IN ('expired', 'forfeit', 'taken_back')), 0)::bigint,
                COALESCE(sum(u.amount) FILTER (WHERE e.kind IN ('expired', 'forfeit')), 0)::bigint
            FROM wallet_lots l
            LEFT JOIN wallet_lot_uses u ON u.lot_id = l.id
            LEFT JOIN wallet_entries e ON e.id = u.entry_id
            WHERE l.project_id = $1 AND l.order_id = $2 GROUP BY l.id ORDER BY l.id
            """,
            self._project_id, order_id,
        )  # fmt: skip
        return [Lot(*row) for row in rows]


# Lots laid end to end in the order of use; each gives as much as the amount reaches into it. `left_over` is when the
# first of those that are still open afterwards expires.
_TAKE = """
open AS (
    SELECT id, expires_at, remaining, CASE WHEN $9::uuid[] IS NULL OR id = ANY($9) THEN remaining ELSE 0 END AS usable
    FROM wallet_lots WHERE project_id = $1 AND user_id = $2 AND unit = $3 AND remaining > 0
), line AS (
    SELECT id, expires_at, remaining, usable,
        sum(usable) OVER (ORDER BY expires_at NULLS LAST, id) - usable AS before FROM open
), taken AS (
    SELECT id, expires_at, remaining, GREATEST(LEAST(usable, $5::bigint - before), 0)::bigint AS amount FROM line
), used AS (
    UPDATE wallet_lots SET remaining = wallet_lots.remaining - taken.amount FROM taken, entry
    WHERE wallet_lots.id = taken.id AND taken.amount > 0
        -- Said again for the planner, which would read the whole table otherwise.
        AND wallet_lots.project_id = $1 AND wallet_lots.user_id = $2 AND wallet_lots.unit = $3
), noted AS (
    INSERT INTO wallet_lot_uses (entry_id, lot_id, amount)
    SELECT entry.id, taken.id, taken.amount FROM taken, entry WHERE taken.amount > 0
), left_over AS (
    SELECT min(expires_at) AS expires_at FROM taken WHERE remaining > amount
)
"""
