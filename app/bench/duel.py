"""Two servers under the same load in turns, so that whatever else the machine does meets both."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.bench.figures import Comparison, Contender, Spread, quantile
from app.bench.load import Load, Requests, Tally
from app.bench.servers import Server


@dataclass(frozen=True, slots=True)
class Side:
    """A server and what it is asked; `status` is the answer that counts."""

    name: str
    server: Server
    requests: Sequence[Requests]
    status: int = 200


class _Corner:
    """One side while it is measured."""

    def __init__(self, side: Side, load: Load) -> None:
        self.side, self.load = side, load
        self.total = Tally()
        self.rates: list[float] = []
        self.cpu_seconds = 0.0

    async def play(self, seconds: float) -> None:
        before = self.side.server.cpu_seconds()
        tally = await self.load.press(seconds)
        self.cpu_seconds += self.side.server.cpu_seconds() - before
        self.rates.append(tally.rate)
        self.total.latencies += tally.latencies
        self.total.seconds += tally.seconds
        self.total.cpu_seconds += tally.cpu_seconds

    def result(self) -> Contender:
        latencies = self.total.latencies
        return Contender(
            name=self.side.name,
            rate=Spread.of(self.rates).median,
            p50_ms=quantile(latencies, 0.5) * 1000,
            p99_ms=quantile(latencies, 0.99) * 1000,
            max_ms=max(latencies) * 1000,
            cpu_us=self.cpu_seconds / len(latencies) * 1e6,
            busy=self.cpu_seconds / self.total.seconds,
            load_busy=self.total.cpu_seconds / self.total.seconds,
            longest_gc_ms=self.side.server.longest_gc_ms(),
        )


async def duel(
    name: str, title: str, ours: Side, reference: Side, *, seconds: float, rounds: int, goal: float | None = None
) -> Comparison:
    """Rounds of `seconds` in turns after one that does not count; the ratio is of neighbouring rounds."""
    corners = [
        _Corner(side, await Load.open(side.server.port, side.requests, status=side.status))
        for side in (ours, reference)
    ]
    try:
        for corner in corners:
            await corner.load.press(seconds / 2)
            corner.side.server.longest_gc_ms()
        for _ in range(rounds):
            for corner in corners:
                await corner.play(seconds)
    finally:
        for corner in corners:
            corner.load.close()
    ratios = [mine / other for mine, other in zip(*(corner.rates for corner in corners), strict=True)]
    mine, other = (corner.result() for corner in corners)
    return Comparison(
        name=name, title=title, ratio=Spread.of(ratios), rounds=ratios, ours=mine, reference=other, goal=goal
    )
