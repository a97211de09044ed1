"""SQL of debts: what a refund could not take back, because it was used."""

from uuid import UUID

from app.kit.database import Connection
from app.wallet.balance import Unit


class DebtRepository:
    def __init__(self, connection: Connection, project_id: int) -> None:
        self._connection = connection
        self._project_id = project_id

    async def add(self, user_id: UUID, unit: Unit, amount: int) -> None:
        await self._connection.execute(
            """
            INSERT INTO wallet_debts (project_id, user_id, unit, amount, incurred) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (project_id, user_id, unit)
            DO UPDATE SET amount = wallet_debts.amount + $4, incurred = wallet_debts.incurred + $4
            """,
            self._project_id, user_id, unit, amount,
        )  # fmt: skip

    async def pay(self, user_id: UUID, unit: Unit, *, most: int) -> int:
        """Strikes off up to `most` of what is owed; how much. The wallet row must be locked."""
        paid: int | None = await self._connection.fetchval(
            """
            UPDATE wallet_debts SET amount = amount - LEAST(amount, $4)
            FROM (SELECT amount AS before FROM wallet_debts WHERE project_id = $1 AND user_id = $2 AND unit = $3) debt
            WHERE project_id = $1 AND user_id = $2 AND unit = $3 AND amount > 0
            RETURNING before - amount
            """,
            self._project_id, user_id, unit, most,
        )  # fmt: skip
        return paid or 0

    async def all(self, user_id: UUID) -> dict[Unit, int]:
        """What is owed, where anything is."""
        rows = await self._connection.fetch(
            "SELECT unit, amount FROM wallet_debts WHERE project_id = $1 AND user_id = $2 AND amount > 0",
            self._project_id, user_id,
        )  # fmt: skip
        return {row["unit"]: row["amount"] for row in rows}
