"""Each rule of the books is broken on purpose, and named with its row. Nothing else is named."""

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from app.kit.database import Connection, Database
from app.kit.ids import new_id
from app.payments.gifts.service import GiftService
from app.payments.ledger.rules import ALL, check, check_rules
from app.payments.orders.repository import OrderRepository
from app.payments.port import Paid
from app.wallet.service import wallet
from tests.factories import make_project, make_user
from tests.payments.subscribing import Subscriber, paid_order
from tests.wallet.damages import DAMAGES

UNITS = {"kind": "readings", "readings": 10, "follow_ups": 4, "period": None, "trial_days": None}


@dataclass
class Books:
    """A database in which something of everything happened, and every rule holds."""

    database: Database
    project_id: int
    user_id: UUID
    orders: dict[str, UUID]

    async def broken(self) -> dict[str, list[str]]:
        """The rows that break rules, by the rule's name."""
        found: dict[str, list[str]] = {}
        for row in await check(self.database):
            found.setdefault(row.rule.name, []).append(f"{row.row}: {row.found}")
        return found


async def pay(connection: Connection, project_id: int, order_id: UUID, total: int, *, state: str = "paid") -> UUID:
    payment_id = new_id()
    await connection.execute(
        """
        INSERT INTO payments (id, project_id, order_id, provider, account, state, amount, currency, charge, paid_at)
        VALUES ($1, $2, $3, 'stars', '7', $5, $4, 'XTR', $6, now())
        """,
        payment_id, project_id, order_id, total, state, f"charge:{payment_id}",
    )  # fmt: skip
    return payment_id


async def book(connection: Connection, project_id: int, order_id: UUID, refund_id: UUID | None = None) -> None:
    await connection.execute(
        "INSERT INTO book_entries (id, project_id, order_id, refund_id) VALUES ($1, $2, $3, $4)",
        new_id(), project_id, order_id, refund_id,
    )  # fmt: skip


async def give(connection: Connection, project_id: int, user_id: UUID, order_id: UUID, bought: dict[str, Any]) -> None:
    for unit in ("readings", "follow_ups"):
        await wallet.credit(
            connection,
            project_id=project_id,
            user_id=user_id,
            unit="readings" if unit == "readings" else "follow_ups",
            amount=bought[unit],
            kind="purchase",
            key=f"order:{order_id}:{unit}",
            order_id=order_id,
        )


async def refund(
    connection: Connection, project_id: int, order_id: UUID, payment_id: UUID, *, amount: int, whole: bool
) -> None:
    refund_id = new_id()
    taken = await wallet.take_back(
        connection, project_id=project_id, order_id=order_id, before=0, after=amount, of=250, rule="debt",
        key=f"refund:{refund_id}",
    )  # fmt: skip
    await connection.execute(
        """
        INSERT INTO refunds (id, project_id, order_id, payment_id, amount, currency, state, started_by, taken, done_at)
        VALUES ($1, $2, $3, $4, $5, 'XTR', 'done', 'admin', $6, now())
        """,
        refund_id, project_id, order_id, payment_id, amount, taken.body(),
    )  # fmt: skip
    state = "refunded" if whole else "paid"
    for table, row in (("payments", payment_id), ("orders", order_id)):
        await connection.execute(
            f"UPDATE {table} SET refunded_amount = $2, state = $3 WHERE id = $1",  # two words of ours
            row, amount, state,
        )  # fmt: skip
    await book(connection, project_id, order_id, refund_id)


@pytest.fixture
async def books(database: Database) -> AsyncIterator[Books]:
    async with database.transaction() as connection:
        project_id = await make_project(connection)
        user_id = await make_user(connection, project_id, readings=5)
        orders: dict[str, UUID] = {}

        async def order(name: str, **options: Any) -> UUID:
            made = await paid_order(connection, project_id, user_id, **options)
            orders[name] = made.id
            if made.total:
                payment = await pay(connection, project_id, made.id, made.total)
            await book(connection, project_id, made.id)
            return payment if made.total else made.id

        await order("units", bought=UNITS)
        await give(connection, project_id, user_id, orders["units"], UNITS)
        await order("free", bought=UNITS, total=0)
        await give(connection, project_id, user_id, orders["free"], UNITS)
        # Used up and paid back, as far as it goes; then another purchase pays a part of the debt.
        payment = await order("back", bought=UNITS)
        await give(connection, project_id, user_id, orders["back"], UNITS)
        owner: dict[str, Any] = {"project_id": project_id, "user_id": user_id}
        for number in range(35):
            hold, _ = await wallet.hold(connection, **owner, unit="readings", amount=1)
            await wallet.settle(connection, project_id=project_id, hold_id=hold, kind="gone", key=f"gone:{number}")
        await refund(connection, project_id, orders["back"], payment, amount=250, whole=True)
        await order("pays", bought=UNITS | {"readings": 4, "follow_ups": 1})
        await give(connection, project_id, user_id, orders["pays"], {"readings": 4, "follow_ups": 1})
        payment = await order("part", bought=UNITS)
        await give(connection, project_id, user_id, orders["part"], UNITS)
        await refund(connection, project_id, orders["part"], payment, amount=100, whole=False)
        await order("waiting", kind="gift", bought=UNITS)
        await order("opened", kind="gift", bought=UNITS)
    friend = Subscriber(database, project_id, user_id)
    gifts: GiftService = friend.gifts
    async with database.transaction() as connection:
        rows = OrderRepository(connection, project_id)
        for name in ("waiting", "opened"):
            made = await rows.get(orders[name])
            assert made is not None
            gift_id = await gifts.issue(connection, made)
        await gifts.redeem(connection, project_id=project_id, user_id=user_id, code=gifts.code(gift_id))
    await friend.buy(Paid(charge="c", amount=250, currency="XTR", method="pm"), renews=True, follow_ups=3)
    async with database.transaction() as connection:
        orders["month"] = await connection.fetchval("SELECT id FROM orders ORDER BY id DESC LIMIT 1")
        await pay(connection, project_id, orders["month"], 250)
        await book(connection, project_id, orders["month"])
        surplus = await pay(connection, project_id, orders["units"], 250, state="surplus")
        await connection.execute(
            """
            INSERT INTO refunds (id, project_id, order_id, payment_id, amount, currency, started_by)
            VALUES ($1, $2, $3, $4, 250, 'XTR', 'system')
            """,
            new_id(), project_id, orders["units"], surplus,
        )  # fmt: skip
    yield Books(database, project_id, user_id, orders)


async def test_books_of_a_full_life_hold(books: Books) -> None:
    assert await books.broken() == {}
    async with books.database.connection() as connection:
        kinds = {row[0] for row in await connection.fetch("SELECT DISTINCT kind FROM wallet_entries")}
    assert {"purchase", "gift", "gone", "taken_back", "debt", "subscription"} <= kinds


def test_every_rule_has_its_damage() -> None:
    names = [rule.name for rule in ALL]
    assert len(names) == len(set(names))
    assert {rule for rule, _, _ in DAMAGES} == set(names)


async def begin_reading(books: Books) -> None:
    """A reading that waits for its draw, with its hold."""
    async with books.database.transaction() as connection:
        hold, _ = await wallet.hold(
            connection, project_id=books.project_id, user_id=books.user_id, unit="readings", amount=1
        )
        released, _ = await wallet.hold(
            connection, project_id=books.project_id, user_id=books.user_id, unit="readings", amount=1
        )
        await wallet.release(connection, project_id=books.project_id, hold_id=released)
        await connection.execute("INSERT INTO deck_copies VALUES ($1, '\\x00', '{}')", books.project_id)
        await connection.execute(
            """
            INSERT INTO readings (id, project_id, user_id, language, spread, deck_hash, cards, reversals, cost,
                free_follow_ups, hold_id, seed, commitment, expires_at)
            VALUES ($1, $2, $3, 'ru', '{}', '\\x00', '{}', 'none', 1, 0, $4, '\\x00', '', now() + interval '1 day')
            """,
            new_id(), books.project_id, books.user_id, hold,
        )  # fmt: skip
    assert await books.broken() == {}


async def test_what_breaks_a_rule_is_named_and_nothing_else(books: Books) -> None:
    await begin_reading(books)
    wrong: list[object] = []
    async with books.database.connection() as connection:
        for rule, statement, besides in DAMAGES:
            damage = connection.transaction()
            await damage.start()
            # What no trigger and no foreign key would let happen.
            await connection.execute("SET LOCAL session_replication_role = replica")
            done = await connection.execute(statement)
            broken = await check_rules(connection, ALL, most=20)
            await damage.rollback()
            if done.split()[-1] == "0" or {row.rule.name for row in broken} != {rule} | besides:
                wrong.append((rule, statement, done, [(row.rule.name, row.row, row.found) for row in broken]))
            assert all(row.row and row.found for row in broken)
    assert wrong == [], "\n".join(map(str, wrong))


async def test_the_command_names_the_row_and_fails(books: Books, tmp_path: Path) -> None:
    def run() -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "app", "ledger", "check"],
            env={"DATABASE_URL": books.database.url, "DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    held = run()
    assert held.returncode == 0, held.stderr
    assert held.stdout.startswith(f"{len(ALL)} of {len(ALL)} rules hold over ")
    async with books.database.connection() as connection:
        await connection.execute("UPDATE wallets SET held = 1 WHERE unit = 'readings'")
    failed = run()
    assert failed.returncode == 1
    assert "wallet.held_is_holds" in failed.stdout
    assert f"wallet readings of {books.user_id}: held 1, open holds 0" in failed.stdout
