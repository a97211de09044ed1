"""Any order of what may happen to a wallet keeps balance, holds, lots and ledger in step with a plain model."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.kit.clock import utc_now
from app.kit.database import Database
from app.kit.ids import new_id
from app.wallet.balance import Balance
from app.wallet.errors import InsufficientBalance, UnitsUsed
from app.wallet.ledger import RULES
from app.wallet.service import Taken, UsedRule, wallet
from tests.factories import make_project, make_user
from tests.wallet.test_lots import pass_time

OF = 60
# Holds without a text are this test's own.
BOOKS = [rule for rule in RULES if rule.name != "wallet.holds_lead_somewhere"]


@dataclass
class Lot:
    """`days` until it expires; `gone` of it lapsed unused."""

    amount: int
    remaining: int
    days: int | None
    order: UUID | None
    gone: int = 0


class Model:
    """The same rules as the wallet's, on a list. Lots are used by their end, then by their age."""

    def __init__(self) -> None:
        self.lots: list[Lot] = []
        self.holds: dict[UUID, int] = {}
        self.debt = 0
        self.refunded: dict[UUID, int] = {}

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def lapsed(self) -> int:
        """What has expired and is not held."""
        expired = sum(lot.remaining for lot in self.lots if lot.days is not None and lot.days <= 0)
        return max(0, expired - self.held)

    @property
    def balance(self) -> int:
        return sum(lot.remaining for lot in self.lots) - self.lapsed

    def spend(self, amount: int, lots: list[Lot]) -> None:
        for lot in sorted(lots, key=lambda lot: (lot.days is None, lot.days)):
            taken = min(amount, lot.remaining)
            lot.remaining -= taken
            amount -= taken
        assert amount == 0

    def write_off(self) -> None:
        lots = sorted(
            (lot for lot in self.lots if lot.days is not None and lot.days <= 0), key=lambda lot: lot.days or 0
        )
        amount = self.lapsed
        for lot in lots:
            taken = min(amount, lot.remaining)
            lot.remaining -= taken
            lot.gone += taken
            amount -= taken

    def credit(self, amount: int, days: int | None, order: UUID | None) -> None:
        lot = Lot(amount, amount, days, order)
        self.lots.append(lot)
        if order is not None:
            paid = min(self.debt, amount)
            self.debt -= paid
            lot.remaining -= paid

    def take_back(self, order: UUID, after: int, rule: UsedRule) -> Taken | None:
        """None where the rule refuses."""
        lots = [lot for lot in self.lots if lot.order == order]
        before = self.refunded[order]
        given = sum(lot.amount for lot in lots)
        due = given * after // OF - given * before // OF
        stock = sum(lot.remaining for lot in self.lots)
        taken = min(due, sum(lot.remaining for lot in lots), stock - self.held)
        forgiven = min(due - taken, sum(lot.gone for lot in lots))
        used = due - taken - forgiven
        if used and rule == "refuse":
            return None
        self.refunded[order] = after
        self.spend(taken, lots)
        owed = used if rule == "debt" else 0
        self.debt += owed
        values = {"taken": taken, "forgiven": forgiven + used - owed, "owed": owed}
        return Taken(**{name: {"readings": value} if value else {} for name, value in values.items()})


class WalletMachine(RuleBasedStateMachine):
    database: Database
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.closed: list[UUID] = []
        self.owner: dict[str, Any] = self.do(self._make())

    def do(self, work):  # type: ignore[no-untyped-def]  # gives what the coroutine gives
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _make(self) -> dict[str, Any]:
        async with self.database.transaction() as connection:
            project_id = await make_project(connection, f"p{new_id().hex}")
            return {"project_id": project_id, "user_id": await make_user(connection, project_id)}

    @rule(amount=st.integers(1, 9), days=st.none() | st.integers(1, 4), bought=st.booleans())
    def credit(self, amount: int, days: int | None, bought: bool) -> None:
        order = new_id() if bought else None
        # Half a day more, so that no clock of a slow machine comes between.
        expires_at = utc_now() + timedelta(days=days, hours=-12) if days else None

        async def work() -> None:
            async with self.database.transaction() as connection:
                await wallet.credit(
                    connection, **self.owner, unit="readings", amount=amount, kind="gift", key=f"k:{new_id()}",
                    expires_at=expires_at, order_id=order,
                )  # fmt: skip

        self.do(work())
        self.model.credit(amount, days, order)
        if order is not None:
            self.model.refunded[order] = 0

    @rule(amount=st.integers(1, 5))
    def hold(self, amount: int) -> None:
        async def work() -> UUID | None:
            try:
                async with self.database.transaction() as connection:
                    return (await wallet.hold(connection, **self.owner, unit="readings", amount=amount))[0]
            except InsufficientBalance:
                return None

        possible = self.model.balance - self.model.held >= amount
        hold_id = self.do(work())
        assert (hold_id is not None) == possible
        if hold_id is not None:
            # Whoever holds after something has lapsed finds it written off.
            self.model.write_off()
            self.model.holds[hold_id] = amount

    async def _close(self, hold_id: UUID, settle: bool) -> bool:
        async with self.database.transaction() as connection:
            project_id = self.owner["project_id"]
            if settle:
                return await wallet.settle(
                    connection, project_id=project_id, hold_id=hold_id, kind="reading", key=f"r:{hold_id}"
                )
            return await wallet.release(connection, project_id=project_id, hold_id=hold_id)

    @precondition(lambda self: self.model.holds)
    @rule(data=st.data(), settle=st.booleans())
    def close(self, data: st.DataObject, settle: bool) -> None:
        hold_id = data.draw(st.sampled_from(sorted(self.model.holds)))
        assert self.do(self._close(hold_id, settle))
        amount = self.model.holds.pop(hold_id)
        self.closed.append(hold_id)
        if settle:
            self.model.spend(amount, self.model.lots)

    @precondition(lambda self: self.closed)
    @rule(data=st.data(), settle=st.booleans())
    def close_again(self, data: st.DataObject, settle: bool) -> None:
        assert not self.do(self._close(data.draw(st.sampled_from(self.closed)), settle))

    @precondition(lambda self: self.model.refunded)
    @rule(data=st.data(), part=st.integers(1, OF), how=st.sampled_from(["forgive", "debt", "refuse"]))
    def take_back(self, data: st.DataObject, part: int, how: UsedRule) -> None:
        order = data.draw(st.sampled_from(sorted(self.model.refunded)))
        before = self.model.refunded[order]
        after = min(OF, before + part)

        async def work() -> Taken | None:
            try:
                async with self.database.transaction() as connection:
                    return await wallet.take_back(
                        connection, project_id=self.owner["project_id"], order_id=order, before=before, after=after,
                        of=OF, rule=how, key=f"b:{new_id()}",
                    )  # fmt: skip
            except UnitsUsed:
                return None

        assert self.do(work()) == self.model.take_back(order, after, how)

    @rule(days=st.integers(1, 2))
    def wait(self, days: int) -> None:
        async def work() -> None:
            async with self.database.transaction() as connection:
                await pass_time(connection, timedelta(days=days))

        self.do(work())
        for lot in self.model.lots:
            if lot.days is not None:
                lot.days -= days

    @rule()
    def write_off(self) -> None:
        async def work() -> None:
            async with self.database.transaction() as connection:
                await wallet.write_off(connection, **self.owner, unit="readings")

        self.do(work())
        self.model.write_off()

    @invariant()
    def agrees(self) -> None:
        async def work() -> tuple[Balance, int, list[int], list[str]]:
            async with self.database.connection() as connection:
                balance = (await wallet.get(connection, **self.owner))["readings"]
                debt = (await wallet.debts(connection, **self.owner)).get("readings", 0)
                lots = await connection.fetch(
                    "SELECT remaining FROM wallet_lots WHERE user_id = $1 ORDER BY id", self.owner["user_id"]
                )
                broken = [rule.name for rule in BOOKS for _ in await connection.fetch(rule.sql)]
            return balance, debt, [row["remaining"] for row in lots], broken

        balance, debt, lots, broken = self.do(work())
        assert broken == []
        assert (balance.balance, balance.held, debt) == (self.model.balance, self.model.held, self.model.debt)
        assert lots == [lot.remaining for lot in self.model.lots]


async def test_any_history_keeps_the_books(database: Database) -> None:
    loop = asyncio.get_running_loop()
    machine = type("BoundMachine", (WalletMachine,), {"database": database, "loop": loop})
    case = machine.TestCase
    case.settings = settings(
        max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
    )
    await asyncio.to_thread(case().runTest)
