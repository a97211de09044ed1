"""The wallet's rules. Amounts are whole units (readings, follow-ups); the edge owns the transaction."""

from uuid import UUID

from app.kit.database import Connection
from app.kit.ids import new_id
from app.wallet.errors import InsufficientBalance
from app.wallet.repository import UNITS, Balance, Unit, WalletRepository


class WalletService:
    async def get(self, connection: Connection, *, project_id: int, user_id: UUID) -> dict[Unit, Balance]:
        return await WalletRepository(connection, project_id).balances(user_id)

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
    ) -> bool:
        """Adds `amount` > 0 once per `key`; false when this key was credited before."""
        if amount <= 0:
            raise ValueError("a credit is positive")
        wallets = WalletRepository(connection, project_id)
        if await wallets.lock(user_id, unit) is None:
            await wallets.open(user_id)
            await wallets.lock(user_id, unit)
        return await wallets.add_entry(user_id, unit, amount=amount, kind=kind, key=key, reason=reason)

    async def hold(
        self, connection: Connection, *, project_id: int, user_id: UUID, unit: Unit, amount: int
    ) -> tuple[UUID, Balance]:
        """Reserves `amount`; raises `InsufficientBalance` with `required` and `available`."""
        wallets = WalletRepository(connection, project_id)
        hold_id = new_id()
        balance = await wallets.hold(user_id, unit, hold_id=hold_id, amount=amount)
        if balance is None:
            available = (await wallets.balances(user_id))[unit].available
            raise InsufficientBalance(unit=unit, required=amount, available=available)
        return hold_id, balance

    async def settle(self, connection: Connection, *, project_id: int, hold_id: UUID, kind: str, key: str) -> bool:
        """Spends a hold, once; the entry carries `key`."""
        return await WalletRepository(connection, project_id).settle(hold_id, kind=kind, key=key)

    async def release(self, connection: Connection, *, project_id: int, hold_id: UUID) -> bool:
        """Gives a hold back, once."""
        return await WalletRepository(connection, project_id).release(hold_id)

    async def forfeit(self, connection: Connection, *, project_id: int, user_id: UUID) -> dict[Unit, int]:
        """Empties the wallet of somebody who leaves: holds are released, the rest is written off."""
        wallets = WalletRepository(connection, project_id)
        for hold_id in await wallets.open_holds(user_id):
            await wallets.release(hold_id)
        forfeited: dict[Unit, int] = {}
        for unit in UNITS:
            left = await wallets.lock(user_id, unit)
            forfeited[unit] = left.balance if left else 0
            if forfeited[unit]:
                await wallets.add_entry(
                    user_id,
                    unit,
                    amount=-forfeited[unit],
                    kind="forfeit",
                    key=f"forfeit:{user_id}:{unit}",
                    reason=None,
                )
        return forfeited


wallet = WalletService()
