"""A history: what people, providers, staff, workers and time did, one step after another or two at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from app.kit.ids import new_id
from app.payments.ledger import rules as ledger
from tests.payments.property.crashes import Crash
from tests.payments.property.town import Letter, Person, Town

PEOPLE = 3
# What each package costs, in Stars; in money it is two hundred times that in kopecks.
STARS = {"luna-three": 100, "luna-ten": 200, "luna-questions": 100, "luna-month": 300}
PROVIDERS = ("sandbox", "stripe", "stars")
BEATS = ("payments.sweep", "subscriptions.tick", "subscriptions.renew", "wallet.expire")
# Every so many steps the whole ledger is checked, which takes longer than the step.
CHECKED = 5
COUPONS = {None: 0, "half": 50, "once": 25, "free": 100}


@dataclass(frozen=True)
class Step:
    """`kind` names a method of `Acts`; `a`, `b` and `c` choose among what there is, wherever they point."""

    kind: str
    a: int = 0
    b: int = 0
    c: int = 0
    crash: Crash | None = None

    def __repr__(self) -> str:
        crash = f", crash={self.crash!r}" if self.crash is not None else ""
        return f"{self.kind}({self.a}, {self.b}, {self.c}{crash})"


@dataclass(frozen=True)
class Both:
    """Two steps at the same time, on two connections."""

    first: Step
    second: Step

    def __repr__(self) -> str:
        return f"{self.first!r} while {self.second!r}"


@dataclass
class Placed:
    """An order as its buyer knows it. `lapsed`: its time was over, or it was canceled, before anybody paid."""

    id: UUID
    buyer: Person
    package: str
    total: int
    currency: str
    coupon: str | None
    kind: str
    payments: list[UUID] = field(default_factory=list)
    lapsed: bool = False


@dataclass
class Reading:
    id: UUID
    reader: Person
    cost: int
    paid_by: str
    state: str = "open"


@dataclass
class Update:
    """What Telegram has to tell a bot of one person, in its order."""

    person: Person
    tells: str
    content: dict[str, Any]


class History:
    """What has happened, as those outside know it; `story` tells it line by line."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.people: list[Person] = []
        self.orders: list[Placed] = []
        self.readings: list[Reading] = []
        self.updates: list[Update] = []
        # Who was told that a gift is his, by its order.
        self.redeemed: dict[UUID, list[Person]] = {}
        self.wrong: set[str] = set()
        self.waited = timedelta(0)
        self.ahead = timedelta(0)
        self.story: list[str] = []
        self.steps = 0
        # As of the last step: the state of each order, and how many jobs wait.
        self.states: dict[UUID, str] = {}
        self.waiting = 0

    def tell(self, line: str) -> None:
        self.story.append(line)

    async def begin(self) -> None:
        await self.town.empty()
        for number in range(PEOPLE):
            self.people.append(await self.town.arrive("luna", 100 + number))

    def name(self, person: Person) -> str:
        return "ABCDEFG"[self.people.index(person)] if person in self.people else "a stranger"

    def number(self, order: Placed) -> str:
        return f"№{self.orders.index(order) + 1}"

    async def ask(self, person: Person, method: str, path: str, *, key: str | None = None,
                  body: Any = None) -> httpx.Response:  # fmt: skip
        """As an app does it: what was not answered is asked again, under the same key."""
        headers = {"Authorization": f"Bearer {person.token}", "Idempotency-Key": key or new_id().hex}
        for _ in range(5):
            answer = await self.town.api.client.request(method, f"/api/v1{path}", json=body, headers=headers)
            if not self.town.unanswered(answer):
                assert answer.status_code < 500 or answer.json()["error"] == "provider_refused", answer.text
                return answer
        raise AssertionError(f"{method} {path} was never answered: {answer.text}")

    async def look(self) -> None:
        """What has become of the orders, so that the next step is about something."""
        async with self.town.api.database.connection() as connection:
            rows = await connection.fetch("SELECT id, state FROM orders")
        self.states = {row["id"]: row["state"] for row in rows}
        self.waiting = len(await self.town.jobs())
        for order in self.orders:
            order.lapsed |= self.states[order.id] in ("canceled", "expired")

    def those(self, *states: str, kind: str | None = None) -> list[Placed]:
        """The orders that cost something and are in one of these states."""
        return [row for row in self.orders if row.total and self.states.get(row.id) in states
                and kind in (None, row.kind)]  # fmt: skip

    async def check(self) -> None:
        """What holds between any two steps."""
        async with self.town.api.database.connection() as connection:
            broken = await ledger.check_rules(connection, ledger.ALL, most=3)
        assert not broken, [(row.rule.name, row.row, row.found) for row in broken]

    async def take(self, step: Step | Both, acts: Callable[[Step], Callable[[], Awaitable[None]] | None]) -> None:
        """Does nothing where there is nothing to do it with."""
        steps = [step.first, step.second] if isinstance(step, Both) else [step]
        begun = len(self.story)
        works = [(part, work) for part in steps if (work := acts(part)) is not None]
        if not works:
            return
        if len(works) == 2:
            self.story[begun:] = [" WHILE ".join(line.strip() for line in self.story[begun:])]
        crash = works[0][0].crash
        if crash is not None:
            self.tell(f"        and {crash!r}")
        self.town.at_api.expect(crash)
        self.town.at_worker.expect(crash)
        try:
            await asyncio.gather(*(work() for _, work in works))
        finally:
            self.town.at_api.expect(None)
            self.town.at_worker.expect(None)
        await self.town.settled()
        await self.look()
        self.steps += 1
        if self.steps % CHECKED == 0:
            await self.check()

    async def rest(self, deliver: Callable[[Letter], Awaitable[None]],
                   pass_on: Callable[[Update], Awaitable[None]]) -> None:  # fmt: skip
        """All that is on its way arrives, all that waits is done; at last the books are compared."""
        compared = False
        for rounds in range(30):
            letters, self.town.letters[:] = list(self.town.letters), []
            for letter in letters:
                await deliver(letter)
            updates, self.updates[:] = list(self.updates), []
            for update in updates:
                await pass_on(update)
            await self.town.hurry()
            for beat in BEATS:
                await self.town.beat(beat)
            jobs = await self.town.jobs()
            for job in jobs:
                await self.town.run(job)
            await self.town.settled()
            busy = bool(letters or updates or jobs or self.town.letters)
            if compared and not busy:
                return
            if compared or (busy and rounds < 3):
                continue
            compared = True
            for provider in PROVIDERS:
                work = self.town.registry.jobs["payments.reconcile"].handler
                await work(self.town.worker, {"project": self.town.project().id, "provider": provider})
        async with self.town.api.database.connection() as connection:
            events = await connection.fetch("SELECT provider, kind, note FROM provider_events WHERE state = 'new'")
            refunds = await connection.fetch("SELECT state, started_by, failure FROM refunds WHERE state <> 'done'")
        left = [*events, *refunds]
        raise AssertionError(f"there is no end to it: {[job.name for job in jobs]}, {[tuple(row) for row in left]}")
