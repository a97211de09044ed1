"""The wallet's rules. Amounts are whole units (readings, follow-ups); the edge owns the transaction.

Locks are taken in the order hold, wallet, lots; of two wallets of one person in the order of `UNITS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from app.kit.clock import utc_now
from app.kit.database import Connection
from app.kit.ids import new_id
from app.wallet.balance import UNITS, Balance, Unit
from app.wallet.debts import DebtRepository
from app.wallet.errors import InsufficientBalance, UnitsUsed
from app.wallet.repository import Lot, WalletRepository

# What becomes of used units whose price is paid back.
UsedRule = Literal["forgive", "debt", "refuse"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a refund did to a wallet, in units: taken out of it, forgiven, and owed from now on."""

    taken: Mapping[Unit, int] = field(default_factory=dict)
    forgiven: Mapping[Unit, int] = field(default_factory=dict)
    owed: Mapping[Unit, int] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {"taken": dict(self.taken), "forgiven": dict(self.forgiven), "owed": dict(self.owed)}


class WalletService:
    async def get(self, connection: Connection, *, project_id: int, user_id: UUID) -> dict[Unit, Balance]:
        """What has expired counts no more, also before it is written off."""
        return await WalletRepository(connection, project_id).balances(user_id, now=utc_now())

    async def debts(self, connection: Connection, *, project_id: int, user_id: UUID) -> dict[Unit, int]:
        """What the next purchase will pay first, where anything is owed."""
        return await DebtRepository(connection, project_id).all(user_id)

    async def credit(
        self,
        connection: Connection,
        *,
        project_id: int,
        user_id: UUID,
        unit: Unit,
        amount: int,
        kind: str,
        key: str,
        reason: str | None = None,
        expires_at: datetime | None = None,
        order_id: UUID | None = None,
    ) -> bool:
        """Adds `amount` > 0 once per `key`, as a lot of its own; false when this key was credited before.

        What came by an order pays a debt first, with an entry of the kind `debt`.
        """
        if amount <= 0:
            raise ValueError("a credit is positive")
        wallets = WalletRepository(connection, project_id)
        if await wallets.lock(user_id, unit) is None:
            await wallets.open(user_id)
            await wallets.lock(user_id, unit)
        lot_id = await wallets.add_lot(
            user_id,
            unit,
            amount=amount,
            kind=kind,
            key=key,
            reason=reason,
            expires_at=expires_at,
            order_id=order_id,
        )
        if lot_id is not None and order_id is not None:
            owed = await DebtRepository(connection, project_id).pay(user_id, unit, most=amount)
            if owed:
                await wallets.spend(user_id, unit, amount=owed, kind="debt", key=f"debt:{lot_id}", lots=[lot_id])
        return lot_id is not None

    async def hold_unless(
        self, connection: Connection, *, project_id: int, user_id: UUID, unit: Unit, amount: int, unless: str
    ) -> tuple[UUID, Balance] | None:
        """As `hold`, in one statement; None where `unless`, an expired lot or an empty wallet is in the way.

        `unless` is SQL of this code about the row of `wallets`.
        """
        hold_id = new_id()
        balance = await WalletRepository(connection, project_id).hold(
            user_id, unit, hold_id=hold_id, amount=amount, unless=unless
        )
        return (hold_id, balance) if balance is not None else None

    async def hold(
        self, connection: Connection, *, project_id: int, user_id: UUID, unit: Unit, amount: int
    ) -> tuple[UUID, Balance]:
        """Reserves `amount`; raises `InsufficientBalance` with `required` and `available`."""
        wallets = WalletRepository(connection, project_id)
        hold_id = new_id()
        balance = await wallets.hold(user_id, unit, hold_id=hold_id, amount=amount)
        if balance is None and await self.write_off(connection, project_id=project_id, user_id=user_id, unit=unit):
            balance = await wallets.hold(user_id, unit, hold_id=hold_id, amount=amount, expired=True)
        if balance is None:
            available = (await self.get(connection, project_id=project_id, user_id=user_id))[unit].available
            raise InsufficientBalance(unit=unit, required=amount, available=available)
        return hold_id, balance

    async def settle(self, connection: Connection, *, project_id: int, hold_id: UUID, kind: str, key: str) -> bool:
        """Spends a hold, once, out of the lots that expire first; the entry carries `key`."""
        return await WalletRepository(connection, project_id).settle(hold_id, kind=kind, key=key)

    async def release(self, connection: Connection, *, project_id: int, hold_id: UUID) -> bool:
        """Gives a hold back, once."""
        return await WalletRepository(connection, project_id).release(hold_id)

    async def write_off(self, connection: Connection, *, project_id: int, user_id: UUID, unit: Unit) -> bool:
        """Takes out what has expired, but nothing that is held; false if no lot has expired."""
        wallets = WalletRepository(connection, project_id)
        wallet = await wallets.lock(user_id, unit)
        lots, expired = await wallets.expired(user_id, unit) if wallet else ([], 0)
        if wallet is None or not lots:
            return False
        # Holds are settled out of the earliest lots: so much of the expired ones is still spoken for.
        if expired > wallet.held:
            await wallets.spend(
                user_id, unit, amount=expired - wallet.held, kind="expired", key=f"expired:{new_id()}", lots=lots
            )
        return True

    async def take_back(
        self,
        connection: Connection,
        *,
        project_id: int,
        order_id: UUID,
        before: int,
        after: int,
        of: int,
        rule: UsedRule,
        key: str,
        reason: str | None = None,
    ) -> Taken:
        """Takes back what an order gave to whom it gave it, as its refunded sum grows from `before` to `after` of `of`.

        Of what was given, the part refunded now is due, rounded down; all refunds together come to the whole. What is
        unused is taken. What was used is forgiven, owed, or (`refuse`) raises `UnitsUsed` with `used`; what is held
        counts as used, what has expired is always forgiven. The caller sees to it that each refund comes here once.
        """
        if not 0 <= before <= after <= of or of == 0:
            raise ValueError("refunds grow within the whole")
        wallets = WalletRepository(connection, project_id)
        owners = {(lot.user_id, lot.unit) for lot in await wallets.lots_of_order(order_id)}
        totals: dict[str, dict[Unit, int]] = {"taken": {}, "forgiven": {}, "owed": {}}
        used: dict[Unit, int] = {}
        for unit in UNITS:
            for user_id in (owner for owner, owned in owners if owned == unit):
                wallet = await wallets.lock(user_id, unit)
                assert wallet is not None  # noqa: S101  # a foreign key holds it
                lots = await wallets.lots_of_order(order_id)
                lots = [lot for lot in lots if (lot.user_id, lot.unit) == (user_id, unit)]
                due, taken, forgiven, missing = _account(lots, wallet, before=before, after=after, of=of)
                if not due:
                    continue
                if missing and rule == "refuse":
                    used[unit] = missing
                    continue
                if taken:
                    ids = [lot.id for lot in lots]
                    spent = await wallets.spend(
                        user_id,
                        unit,
                        amount=taken,
                        kind="taken_back",
                        key=f"{key}:{unit}",
                        reason=reason,
                        lots=ids,
                    )
                    if not spent:
                        raise ValueError("this key has taken something back before")
                owed = missing if rule == "debt" else 0
                if owed:
                    await DebtRepository(connection, project_id).add(user_id, unit, owed)
                for name, amount in (("taken", taken), ("forgiven", forgiven + missing - owed), ("owed", owed)):
                    if amount:
                        totals[name][unit] = amount
        if used:
            raise UnitsUsed(used=used)
        return Taken(totals["taken"], totals["forgiven"], totals["owed"])

    async def forfeit(self, connection: Connection, *, project_id: int, user_id: UUID) -> dict[Unit, int]:
        """Empties the wallet of somebody who leaves: holds are released, the rest is written off."""
        wallets = WalletRepository(connection, project_id)
        for hold_id in await wallets.open_holds(user_id):
            await wallets.release(hold_id)
        forfeited: dict[Unit, int] = {}
        for unit in UNITS:
            await self.write_off(connection, project_id=project_id, user_id=user_id, unit=unit)
            left = await wallets.lock(user_id, unit)
            forfeited[unit] = left.balance if left else 0
            if forfeited[unit]:
                await wallets.spend(
                    user_id, unit, amount=forfeited[unit], kind="forfeit", key=f"forfeit:{user_id}:{unit}"
                )
        return forfeited


def _account(lots: list[Lot], wallet: Balance, *, before: int, after: int, of: int) -> tuple[int, int, int, int]:
    """(due, taken, forgiven because expired, used) of one unit of an order."""
    given = sum(lot.amount for lot in lots)
    due = given * after // of - given * before // of
    taken = min(due, sum(lot.remaining for lot in lots), wallet.available)
    forgiven = min(due - taken, sum(lot.expired for lot in lots))
    return due, taken, forgiven, due - taken - forgiven


wallet = WalletService()
