"""Five hundred purchases by plan, and the way that each of them goes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID, uuid4

from app.catalogue.library import Package
from tests.faults.market import Market, Person, Victim
from tests.faults.tills import BankTill, StarsTill
from tests.weather import until

Kind = Literal[
    "once", "doubled", "twice", "two_ways", "declined", "after_decline", "unpaid", "late", "too_late", "silent", "wrong"
]
PLAN: Final[dict[str, dict[Kind, int]]] = {
    "sandbox": {
        "once": 55, "doubled": 20, "twice": 15, "two_ways": 10, "declined": 12, "after_decline": 10, "unpaid": 10,
        "late": 10, "silent": 13, "wrong": 5,
    },
    "stripe": {
        "once": 55, "doubled": 15, "declined": 10, "after_decline": 10, "unpaid": 8, "late": 8, "silent": 10,
        "wrong": 4,
    },
    "yookassa": {
        "once": 50, "doubled": 15, "declined": 10, "after_decline": 10, "unpaid": 6, "late": 6, "silent": 9,
        "wrong": 4,
    },
    "stars": {
        "once": 55, "doubled": 15, "declined": 9, "after_decline": 6, "unpaid": 6, "too_late": 5, "silent": 9,
        "wrong": 5,
    },
}  # fmt: skip
# Those whose order is paid in the end; the last two of them with money that is sent back.
PAID: Final = ("once", "doubled", "after_decline", "late", "silent", "twice", "two_ways")
PAID_TOO_OFTEN: Final = ("twice", "two_ways")
PACKAGES: Final = {
    "luna": ("luna-three", "luna-ten", "luna-questions"),
    "verbena": ("verbena-three", "verbena-ten", "verbena-questions"),
}
PEOPLE, AT_ONCE = 30, 16
STRIKES: Final[tuple[tuple[Victim, ...], ...]] = (("api",), ("worker",), ("api", "worker"))
ROUNDS: Final = 3


@dataclass
class Purchase:
    provider: str
    kind: Kind
    person: Person
    package: Package
    order_id: UUID | None = None

    @property
    def place(self) -> str:
        return "telegram" if self.provider == "stars" else "web"

    @property
    def price(self) -> tuple[int, str]:
        if self.provider == "stars":
            assert self.package.stars is not None
            return self.package.stars, "XTR"
        assert self.package.price is not None
        return self.package.price.amount, self.package.price.currency


def planned(people: Sequence[Person]) -> list[Purchase]:
    """All of the plan, well mixed, and the same each time."""
    wanted = [
        (provider, kind) for provider, kinds in PLAN.items() for kind, number in kinds.items() for _ in range(number)
    ]
    # A step that has no divisor in common with their number visits each of them once.
    mixed = [wanted[place * 197 % len(wanted)] for place in range(len(wanted))]
    purchases = []
    for number, (provider, kind) in enumerate(mixed):
        person = people[number % len(people)]
        key = PACKAGES[person.project.slug][number // len(people) % 3]
        package = person.project.package(key)
        assert package is not None
        purchases.append(Purchase(provider, kind, person, package))
    return purchases


class Crowd:
    """Everybody buys, so many at once. `done` counts the purchases that went their way."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.done = 0
        self._room = asyncio.Semaphore(AT_ONCE)

    async def buy(self, purchases: Sequence[Purchase]) -> None:
        async with asyncio.TaskGroup() as group:
            for purchase in purchases:
                group.create_task(self._one(purchase))

    async def _one(self, purchase: Purchase) -> None:
        async with self._room:
            url = await self.place(purchase)
            if purchase.kind not in ("late", "too_late"):
                await self.finish(purchase, url)
                return
        await self.expire(purchase)
        async with self._room:
            await self.finish(purchase, url)

    async def finish(self, purchase: Purchase, url: str) -> None:
        await self.pay(purchase, url)
        self.done += 1

    async def place(self, purchase: Purchase) -> str:
        """Orders; where to pay."""
        amount, currency = purchase.price
        placed = await self.market.ask(
            purchase.person, "/api/v1/orders", place=purchase.place, key=uuid4().hex, package=purchase.package.key,
            provider=purchase.provider, expected_total=amount, currency=currency,
        )  # fmt: skip
        purchase.order_id = UUID(placed["order"]["id"])
        assert placed["order"]["state"] == "pending", placed
        return str(placed["payment"]["url"])

    async def again(self, purchase: Purchase, provider: str) -> str | None:
        """Once more, or in another way; where to pay. None if the attempt has come to nothing in this very moment."""
        path = f"/api/v1/orders/{purchase.order_id}/pay"
        placed = await self.market.ask(purchase.person, path, place=purchase.place, provider=provider)
        url: str | None = placed["payment"]["url"]
        return url

    async def expire(self, purchase: Purchase) -> None:
        """The hour is over, and the beat has seen it."""
        query = "UPDATE orders SET expires_at = now() WHERE id = $1 AND expires_at > now()"
        await self.market.execute(query, purchase.order_id)

        async def expired() -> bool:
            state = await self.market.value("SELECT state FROM orders WHERE id = $1", purchase.order_id)
            return bool(state == "expired")

        await until(expired, seconds=60, every=0.2, what="the end of an order")

    async def pay(self, purchase: Purchase, url: str) -> None:
        till, who = self.market.tills[purchase.provider], purchase.person.telegram_id
        match purchase.kind:
            case "once" | "late":
                await till.pay(url, who)
            case "doubled":
                await till.pay(url, who, copies=2)
            case "silent":
                await till.pay(url, who, copies=0)
            case "twice":
                assert isinstance(till, BankTill)
                await till.press(url, "twice")
            case "two_ways":
                other = await self.again(purchase, "stripe")
                assert other is not None
                await asyncio.gather(till.pay(url, who), self.market.tills["stripe"].pay(other, who))
            case "declined":
                await till.decline(url, who)
            case "after_decline":
                await till.decline(url, who)
                if purchase.provider == "yookassa":
                    url = await self.another_page(purchase, url)
                await till.pay(url, who)
            case "wrong":
                till.tamper(url)
                if isinstance(till, StarsTill):
                    await till.refuse(url, who)
                else:
                    await till.pay(url, who)
            case "too_late":
                assert isinstance(till, StarsTill)
                await till.refuse(url, who)
            case "unpaid":
                return

    async def another_page(self, purchase: Purchase, closed: str) -> str:
        """A payment that YooKassa has canceled stays so; the next one begins once we have heard of that."""

        async def look() -> str | None:
            url = await self.again(purchase, purchase.provider)
            return url if url not in (None, closed) else None

        found = await until(look, seconds=60, every=0.2, what="another page to pay on")
        assert found is not None
        return found


async def strike(market: Market, crowd: Crowd, total: int) -> None:
    """The API, the worker, and both of them are killed in turns, evenly over all that is bought."""
    strikes = STRIKES * ROUNDS
    for number, victims in enumerate(strikes, 1):
        await _reached(crowd, total * number // (len(strikes) + 1))
        await market.at_work()
        await market.kill(*victims)


async def _reached(crowd: Crowd, number: int) -> None:
    async def look() -> bool:
        return crowd.done >= number

    await until(look, seconds=120, every=0.01, what=f"purchase {number}")
