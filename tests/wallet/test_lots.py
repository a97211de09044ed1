"""What a balance consists of: lots that expire, what is used first, and what refunds take back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from alembic import command
from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.kit.migrations import config, migrate
from app.wallet.balance import Balance, Unit
from app.wallet.errors import InsufficientBalance, UnitsUsed
from app.wallet.expiry import due_wallets
from app.wallet.service import Taken, wallet
from tests.conftest import Servers
from tests.factories import make_project, make_user

DAY = timedelta(days=1)


class Owner:
    """A person with an empty wallet, and short ways to it."""

    def __init__(self, database: Database, project_id: int, user_id: UUID) -> None:
        self.database = database
        self.ids: dict[str, Any] = {"project_id": project_id, "user_id": user_id}
        self.project_id = project_id
        self.user_id = user_id

    async def credit(
        self,
        amount: int,
        *,
        days: float | None = None,
        order_id: UUID | None = None,
        unit: Unit = "readings",
        key: str | None = None,
    ) -> bool:
        expires_at = datetime.now(UTC) + days * DAY if days is not None else None
        async with self.database.transaction() as connection:
            return await wallet.credit(
                connection,
                **self.ids,
                unit=unit,
                amount=amount,
                kind="purchase",
                key=key or f"k:{new_id()}",
                expires_at=expires_at,
                order_id=order_id,
            )

    async def hold(self, amount: int = 1, *, unit: Unit = "readings") -> UUID:
        async with self.database.transaction() as connection:
            return (await wallet.hold(connection, **self.ids, unit=unit, amount=amount))[0]

    async def settle(self, hold_id: UUID) -> bool:
        async with self.database.transaction() as connection:
            return await wallet.settle(
                connection, project_id=self.project_id, hold_id=hold_id, kind="reading", key=f"reading:{hold_id}"
            )

    async def release(self, hold_id: UUID) -> bool:
        async with self.database.transaction() as connection:
            return await wallet.release(connection, project_id=self.project_id, hold_id=hold_id)

    async def use(self, amount: int = 1, *, unit: Unit = "readings") -> None:
        assert await self.settle(await self.hold(amount, unit=unit))

    async def take_back(self, order_id: UUID, *, before: int = 0, after: int = 100, rule: Any = "forgive") -> Taken:
        async with self.database.transaction() as connection:
            return await wallet.take_back(
                connection,
                project_id=self.project_id,
                order_id=order_id,
                before=before,
                after=after,
                of=100,
                rule=rule,
                key=f"refund:{new_id()}",
            )

    async def balance(self, unit: Unit = "readings") -> Balance:
        async with self.database.connection() as connection:
            return (await wallet.get(connection, **self.ids))[unit]

    async def debts(self) -> dict[Unit, int]:
        async with self.database.connection() as connection:
            return await wallet.debts(connection, **self.ids)

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.database.connection() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows

    async def lots(self) -> list[tuple[int, int]]:
        """(amount, remaining) of each lot, in the order of credits."""
        rows = await self.fetch(
            "SELECT amount, remaining FROM wallet_lots WHERE user_id = $1 ORDER BY id", self.user_id
        )
        return [(row["amount"], row["remaining"]) for row in rows]

    async def write_off(self) -> None:
        async with self.database.transaction() as connection:
            for due in await due_wallets(connection, limit=100):
                await wallet.write_off(connection, project_id=due.project_id, user_id=due.user_id, unit=due.unit)

    async def wait(self, time: timedelta) -> None:
        """Time passes: what was to expire later expires sooner."""
        async with self.database.transaction() as connection:
            await pass_time(connection, time)


async def pass_time(connection: Connection, time: timedelta) -> None:
    # The lots' own trigger forbids this to everybody else.
    await connection.execute("SET LOCAL session_replication_role = replica")
    await connection.execute("UPDATE wallet_lots SET expires_at = expires_at - $1::interval", time)
    await connection.execute("UPDATE wallets SET expires_at = expires_at - $1::interval", time)


@pytest.fixture
async def owner(database: Database) -> Owner:
    async with database.transaction() as connection:
        project_id = await make_project(connection)
        return Owner(database, project_id, await make_user(connection, project_id))


class TestOrderOfUse:
    async def test_the_earliest_to_expire_first_then_the_oldest_that_lasts(self, owner: Owner) -> None:
        await owner.credit(2)
        await owner.credit(2, days=30)
        await owner.credit(2)
        await owner.credit(2, days=5)
        seen = []
        for _ in range(8):
            await owner.use()
            seen.append(tuple(remaining for _, remaining in await owner.lots()))
        assert seen == [
            (2, 2, 2, 1), (2, 2, 2, 0), (2, 1, 2, 0), (2, 0, 2, 0), (1, 0, 2, 0), (0, 0, 2, 0), (0, 0, 1, 0),
            (0, 0, 0, 0),
        ]  # fmt: skip

    async def test_which_lots_an_expense_took_from_is_written_down(self, owner: Owner) -> None:
        await owner.credit(2, days=3)
        await owner.credit(5)
        await owner.use(4)
        uses = await owner.fetch(
            """
            SELECT l.amount AS lot, u.amount FROM wallet_lot_uses u JOIN wallet_lots l ON l.id = u.lot_id
            JOIN wallet_entries e ON e.id = u.entry_id WHERE e.kind = 'reading' ORDER BY l.id
            """
        )
        assert [tuple(row) for row in uses] == [(2, 2), (5, 2)]

    async def test_what_expires_is_shown_the_soonest_first(self, owner: Owner) -> None:
        await owner.credit(1)
        await owner.credit(2, days=30)
        await owner.credit(3, days=3)
        balance = await owner.balance()
        assert (balance.balance, [lot.amount for lot in balance.expiring]) == (6, [3, 2])
        assert balance.full_body()["used_first"] == "expiring"
        await owner.use(5)
        assert (await owner.balance()).full_body() == {
            "balance": 1,
            "held": 0,
            "available": 1,
            "expiring": [],
            "used_first": "lasting",
        }

    async def test_fifty_at_once_take_each_unit_once(self, owner: Owner) -> None:
        for number in range(10):
            await owner.credit(5, days=number + 1 if number % 2 else None)

        async def use() -> None:
            await owner.use()

        await asyncio.gather(*(use() for _ in range(50)))
        assert await owner.balance() == Balance(0, 0)
        assert await owner.lots() == [(5, 0)] * 10
        assert [row[0] for row in await owner.fetch("SELECT sum(amount)::int FROM wallet_lot_uses")] == [50]


class TestExpiry:
    async def test_what_has_expired_is_gone_at_once_and_written_off_by_the_job(self, owner: Owner) -> None:
        await owner.credit(3, days=1)
        await owner.credit(2)
        await owner.wait(2 * DAY)
        assert await owner.balance() == Balance(2, 0)
        await owner.write_off()
        await owner.write_off()
        entries = await owner.fetch("SELECT kind, amount, balance_after FROM wallet_entries ORDER BY number")
        assert [tuple(row) for row in entries] == [("purchase", 3, 3), ("purchase", 2, 5), ("expired", -3, 2)]
        assert [row[0] for row in await owner.fetch("SELECT expires_at FROM wallets WHERE unit = 'readings'")] == [None]

    async def test_a_hold_cannot_reserve_what_has_expired(self, owner: Owner) -> None:
        await owner.credit(3, days=1)
        await owner.credit(1)
        await owner.wait(2 * DAY)
        with pytest.raises(InsufficientBalance) as caught:
            await owner.hold(2)
        assert caught.value.facts == {"unit": "readings", "required": 2, "available": 1}
        await owner.hold(1)
        assert await owner.balance() == Balance(1, 1)

    async def test_what_was_held_in_time_can_be_settled_after_it(self, owner: Owner) -> None:
        await owner.credit(3, days=1)
        await owner.credit(4)
        hold = await owner.hold(2)
        await owner.wait(2 * DAY)
        await owner.write_off()
        assert await owner.balance() == Balance(6, 2)
        later = await owner.hold(4)
        with pytest.raises(InsufficientBalance):
            await owner.hold(1)
        assert await owner.settle(hold)
        assert await owner.lots() == [(3, 0), (4, 4)]
        assert await owner.settle(later)
        assert await owner.balance() == Balance(0, 0)

    async def test_what_is_given_back_after_its_time_is_written_off(self, owner: Owner) -> None:
        await owner.credit(3, days=1)
        hold = await owner.hold(2)
        await owner.wait(2 * DAY)
        await owner.write_off()
        assert await owner.release(hold)
        assert await owner.balance() == Balance(0, 0)
        await owner.write_off()
        assert await owner.lots() == [(3, 0)]

    async def test_starts_and_the_job_at_the_same_moment(self, owner: Owner) -> None:
        await owner.credit(10, days=1)
        await owner.credit(10)
        await owner.wait(2 * DAY)

        async def start() -> bool:
            try:
                await owner.hold()
                return True
            except InsufficientBalance:
                return False

        outcomes = await asyncio.gather(*(start() if number % 3 else owner.write_off() for number in range(40)))
        assert outcomes.count(True) == 10
        assert await owner.balance() == Balance(10, 10)


class TestTakeBack:
    async def test_unused_units_of_that_order_alone(self, owner: Owner) -> None:
        order, other = new_id(), new_id()
        await owner.credit(10, order_id=order)
        await owner.credit(5, order_id=order, unit="follow_ups")
        await owner.credit(7, order_id=other)
        assert await owner.take_back(order) == Taken({"readings": 10, "follow_ups": 5}, {}, {})
        assert await owner.balance() == Balance(7, 0)
        assert await owner.balance("follow_ups") == Balance(0, 0)
        assert await owner.lots() == [(10, 0), (5, 0), (7, 7)]

    async def test_parts_come_to_the_whole(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(7, order_id=order)
        taken = [
            (await owner.take_back(order, before=before, after=after)).taken.get("readings", 0)
            for before, after in ((0, 33), (33, 66), (66, 99), (99, 100))
        ]
        assert (taken, sum(taken)) == ([2, 2, 2, 1], 7)

    async def test_used_ones_are_refused_without_taking_anything(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(10, order_id=order)
        await owner.use(3)
        with pytest.raises(UnitsUsed) as caught:
            await owner.take_back(order, rule="refuse")
        assert caught.value.facts == {"used": {"readings": 3}}
        assert await owner.balance() == Balance(7, 0)
        # A part that was not used may go back.
        assert (await owner.take_back(order, after=70, rule="refuse")).taken == {"readings": 7}

    async def test_used_ones_are_forgiven(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(10, order_id=order)
        await owner.use(3)
        assert await owner.take_back(order) == Taken({"readings": 7}, {"readings": 3}, {})
        assert await owner.debts() == {}

    async def test_used_ones_are_owed_and_the_next_purchases_pay(self, owner: Owner) -> None:
        order, second, third = new_id(), new_id(), new_id()
        await owner.credit(10, order_id=order)
        await owner.use(8)
        assert await owner.take_back(order, rule="debt") == Taken({"readings": 2}, {}, {"readings": 8})
        assert await owner.debts() == {"readings": 8}
        await owner.credit(3)
        assert await owner.balance() == Balance(3, 0), "what is given pays no debt"
        await owner.credit(5, order_id=second)
        assert (await owner.balance(), await owner.debts()) == (Balance(3, 0), {"readings": 3})
        await owner.credit(5, order_id=third, key="once")
        assert not await owner.credit(5, order_id=third, key="once")
        assert (await owner.balance(), await owner.debts()) == (Balance(5, 0), {})

    async def test_what_is_held_is_in_use(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(5, order_id=order)
        hold = await owner.hold(2)
        assert await owner.take_back(order) == Taken({"readings": 3}, {"readings": 2}, {})
        assert await owner.settle(hold)
        assert await owner.balance() == Balance(0, 0)

    async def test_what_expired_is_never_owed(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(5, order_id=order, days=1)
        await owner.use(1)
        await owner.wait(2 * DAY)
        await owner.write_off()
        assert await owner.take_back(order, rule="debt") == Taken({}, {"readings": 4}, {"readings": 1})

    async def test_an_order_of_another_project_gave_nothing(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(5, order_id=order)
        async with owner.database.transaction() as connection:
            other = await make_project(connection, "verbena")
            taken = await wallet.take_back(
                connection, project_id=other, order_id=order, before=0, after=1, of=1, rule="debt", key="x"
            )
        assert taken == Taken({}, {}, {})
        assert await owner.balance() == Balance(5, 0)

    async def test_uses_and_refunds_at_the_same_moment(self, owner: Owner) -> None:
        order = new_id()
        await owner.credit(20, order_id=order)

        async def use() -> int:
            try:
                await owner.use()
                return 1
            except InsufficientBalance:
                return 0

        *used, taken = await asyncio.gather(*(use() for _ in range(15)), owner.take_back(order, rule="debt"))
        assert isinstance(taken, Taken)
        assert taken.taken.get("readings", 0) + taken.owed.get("readings", 0) == 20
        left = await owner.balance()
        assert left.held == 0
        assert left.balance == 20 - taken.taken["readings"] - sum(number for number in used if isinstance(number, int))


class TestDatabase:
    """What no statement of anybody's gets past, for it is checked at the commit."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE wallets SET balance = balance + 1 WHERE unit = 'readings'",
            "UPDATE wallets SET entries = entries + 1 WHERE unit = 'readings'",
            "UPDATE wallet_lots SET remaining = remaining - 1",
            """
            INSERT INTO wallet_entries (id, project_id, user_id, unit, number, amount, balance_after, kind, key)
            SELECT gen_random_uuid(), project_id, user_id, unit, 2, 1, 6, 'gift', 'x' FROM wallets
            WHERE unit = 'readings'
            """,
            """
            WITH entry AS (
                INSERT INTO wallet_entries (id, project_id, user_id, unit, number, amount, balance_after, kind, key)
                SELECT gen_random_uuid(), project_id, user_id, unit, 2, -1, 4, 'reading', 'x' FROM wallets
                WHERE unit = 'readings' RETURNING id
            ), lot AS (UPDATE wallet_lots SET remaining = remaining - 1)
            UPDATE wallets SET balance = 4, entries = 2 WHERE unit = 'readings'
            """,
        ],
    )
    async def test_books_that_do_not_sum_are_not_committed(self, owner: Owner, statement: str) -> None:
        await owner.credit(5)
        with pytest.raises(asyncpg.CheckViolationError):
            async with owner.database.transaction() as connection:
                await connection.execute(statement)
        assert await owner.balance() == Balance(5, 0)

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE wallet_lots SET remaining = remaining + 1",
            "UPDATE wallet_lots SET amount = amount + 1",
            "UPDATE wallet_lots SET expires_at = now()",
            "DELETE FROM wallet_lots",
            "UPDATE wallet_lot_uses SET amount = amount + 1",
            "DELETE FROM wallet_lot_uses",
            "TRUNCATE wallet_lots CASCADE",
        ],
    )
    async def test_lots_and_their_uses_cannot_be_rewritten(self, owner: Owner, statement: str) -> None:
        await owner.credit(5)
        await owner.use(2)
        with pytest.raises(asyncpg.RestrictViolationError):
            async with owner.database.transaction() as connection:
                await connection.execute(statement)


BEFORE_LOTS = """
INSERT INTO projects (id, key, slug, status, source) VALUES (1, 'luna', 'luna', 'live', 'demo');
INSERT INTO users (id, project_id, telegram_id, language) VALUES
    ('00000000-0000-0000-0000-000000000001', 1, 1, 'ru'), ('00000000-0000-0000-0000-000000000002', 1, 2, 'ru');
INSERT INTO wallets (project_id, user_id, unit, balance, held)
    SELECT 1, id, unit, CASE WHEN telegram_id = 1 AND unit = 'readings' THEN 6 ELSE 0 END, 0
    FROM users, unnest('{readings,follow_ups}'::text[]) unit;
INSERT INTO wallet_entries (id, project_id, user_id, unit, amount, balance_after, kind, key)
    SELECT ('00000000-0000-0000-0001-00000000000' || number)::uuid, 1, '00000000-0000-0000-0000-000000000001',
        'readings', amount, after, 'any', 'key:' || number
    FROM (VALUES (1, 5, 5), (2, -2, 3), (3, 4, 7), (4, -4, 3), (5, 3, 6)) entry (number, amount, after);
"""


class TestMigration:
    async def test_balances_become_lots_the_oldest_used_first(self, servers: Servers) -> None:
        name = f"test_{new_id().hex}"
        await servers.execute(f"CREATE DATABASE {name}")
        url = servers.database(name)
        await asyncio.to_thread(command.upgrade, config(url), "0007")
        connection = await asyncpg.connect(url)
        await connection.execute(BEFORE_LOTS)
        await migrate(url)
        lots = await connection.fetch("SELECT amount, remaining FROM wallet_lots ORDER BY id")
        uses = await connection.fetch(
            """
            SELECT e.number AS spent_by, l.amount AS lot, u.amount FROM wallet_lot_uses u
            JOIN wallet_entries e ON e.id = u.entry_id JOIN wallet_lots l ON l.id = u.lot_id ORDER BY e.id, l.id
            """
        )
        assert [tuple(row) for row in lots] == [(5, 0), (4, 3), (3, 3)]
        assert [tuple(row) for row in uses] == [(2, 5, 2), (4, 5, 3), (4, 4, 1)]
        assert await connection.fetchval("SELECT max(entries) FROM wallets") == 5
        await connection.close()
        await asyncio.to_thread(command.downgrade, config(url), "0007")
        await migrate(url)
        await servers.execute(f"DROP DATABASE {name} WITH (FORCE)")
