import asyncio
from uuid import UUID

import asyncpg
import pytest

from app.kit.database import Database
from app.wallet.balance import Balance
from app.wallet.errors import InsufficientBalance
from app.wallet.service import wallet
from tests.factories import make_project, make_user


async def make_wallet(database: Database, *, readings: int) -> tuple[int, UUID]:
    async with database.transaction() as connection:
        project_id = await make_project(connection)
        return project_id, await make_user(connection, project_id, readings=readings)


async def readings_of(database: Database, project_id: int, user_id: UUID) -> Balance:
    async with database.connection() as connection:
        return (await wallet.get(connection, project_id=project_id, user_id=user_id))["readings"]


async def ledger_sum(database: Database, user_id: UUID) -> int:
    async with database.connection() as connection:
        total: int = await connection.fetchval(
            "SELECT COALESCE(sum(amount), 0)::bigint FROM wallet_entries WHERE user_id = $1 AND unit = 'readings'",
            user_id,
        )
        return total


class TestHold:
    async def test_a_hundred_parallel_starts_on_a_balance_of_ten_are_exactly_ten(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=10)

        async def start() -> bool:
            try:
                async with database.transaction() as connection:
                    await wallet.hold(connection, project_id=project_id, user_id=user_id, unit="readings", amount=1)
                return True
            except InsufficientBalance:
                return False

        outcomes = await asyncio.gather(*(start() for _ in range(100)))
        assert sum(outcomes) == 10
        assert await readings_of(database, project_id, user_id) == Balance(balance=10, held=10)

    async def test_too_little_says_what_is_missing(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=2)
        with pytest.raises(InsufficientBalance) as caught:
            async with database.transaction() as connection:
                await wallet.hold(connection, project_id=project_id, user_id=user_id, unit="readings", amount=3)
        assert caught.value.body() == {
            "error": "insufficient_balance",
            "detail": "There is not enough left in the wallet.",
            "unit": "readings",
            "required": 3,
            "available": 2,
        }
        assert await readings_of(database, project_id, user_id) == Balance(2, 0)

    async def test_settling_twice_at_once_spends_once(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=5)
        async with database.transaction() as connection:
            hold_id, _ = await wallet.hold(
                connection, project_id=project_id, user_id=user_id, unit="readings", amount=3
            )

        async def close(number: int) -> bool:
            async with database.transaction() as connection:
                if number % 2:
                    return await wallet.release(connection, project_id=project_id, hold_id=hold_id)
                return await wallet.settle(
                    connection, project_id=project_id, hold_id=hold_id, kind="reading", key="reading:1"
                )

        outcomes = await asyncio.gather(*(close(number) for number in range(10)))
        assert sum(outcomes) == 1
        left = await readings_of(database, project_id, user_id)
        assert left in (Balance(2, 0), Balance(5, 0))
        assert await ledger_sum(database, user_id) == left.balance

    async def test_another_project_can_neither_settle_nor_release(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=1)
        async with database.transaction() as connection:
            other = await make_project(connection, "verbena")
            hold_id, _ = await wallet.hold(
                connection, project_id=project_id, user_id=user_id, unit="readings", amount=1
            )
            assert not await wallet.release(connection, project_id=other, hold_id=hold_id)
            assert not await wallet.settle(connection, project_id=other, hold_id=hold_id, kind="reading", key="x")
            assert (await wallet.get(connection, project_id=other, user_id=user_id))["readings"] == Balance(0, 0)


class TestCredit:
    async def test_a_repeated_key_credits_once_also_in_parallel(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=0)

        async def give() -> bool:
            async with database.transaction() as connection:
                return await wallet.credit(
                    connection,
                    project_id=project_id,
                    user_id=user_id,
                    unit="readings",
                    amount=7,
                    kind="gift",
                    key="gift:1",
                    reason="sorry",
                )

        assert sum(await asyncio.gather(*(give() for _ in range(20)))) == 1
        assert await readings_of(database, project_id, user_id) == Balance(7, 0)

    async def test_nothing_and_less_is_refused(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=0)
        for amount in (0, -1):
            with pytest.raises(ValueError, match="positive"):
                async with database.transaction() as connection:
                    await wallet.credit(
                        connection,
                        project_id=project_id,
                        user_id=user_id,
                        unit="readings",
                        amount=amount,
                        kind="gift",
                        key="x",
                    )


class TestLedger:
    @pytest.mark.parametrize(
        "statement",
        ["UPDATE wallet_entries SET amount = 1000", "DELETE FROM wallet_entries", "TRUNCATE wallet_entries CASCADE"],
    )
    async def test_entries_cannot_be_rewritten(self, database: Database, statement: str) -> None:
        await make_wallet(database, readings=1)
        with pytest.raises(asyncpg.RestrictViolationError):
            async with database.transaction() as connection:
                await connection.execute(statement)

    @pytest.mark.parametrize("change", ["balance = -1", "held = 2", "held = -1"])
    async def test_no_statement_makes_a_balance_impossible(self, database: Database, change: str) -> None:
        await make_wallet(database, readings=1)
        with pytest.raises(asyncpg.CheckViolationError):
            async with database.transaction() as connection:
                await connection.execute(f"UPDATE wallets SET {change} WHERE unit = 'readings'")

    async def test_an_entry_for_a_user_of_another_project_is_impossible(self, database: Database) -> None:
        _, user_id = await make_wallet(database, readings=1)
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with database.transaction() as connection:
                other = await make_project(connection, "verbena")
                await connection.execute(
                    "INSERT INTO wallets (project_id, user_id, unit) VALUES ($1, $2, 'readings')",
                    other,
                    user_id,
                )


class TestForfeit:
    async def test_releases_holds_and_writes_off_the_rest(self, database: Database) -> None:
        project_id, user_id = await make_wallet(database, readings=5)
        async with database.transaction() as connection:
            await wallet.hold(connection, project_id=project_id, user_id=user_id, unit="readings", amount=2)
            forfeited = await wallet.forfeit(connection, project_id=project_id, user_id=user_id)
        assert forfeited == {"readings": 5, "follow_ups": 0}
        assert await readings_of(database, project_id, user_id) == Balance(0, 0)
        assert await ledger_sum(database, user_id) == 0
