"""What a bench gives back: comparisons with a reference, and single figures with their goals."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank); `values` need not be sorted."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


@dataclass(frozen=True, slots=True)
class Spread:
    """The median and the middle half of some values."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        low, median, high = statistics.quantiles(values, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison over all its rounds; absolute numbers of this machine, for context.

    `cpu_us`: processor time of the server process for one request; `busy` and `load_busy`: shares of a core that the
    server and the load generator had (a reference that is not near 1 was waiting for something else than itself);
    `longest_gc_ms`: the longest garbage collection in the server process.
    """

    name: str
    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_us: float
    busy: float
    load_busy: float
    longest_gc_ms: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """`ratio`: our requests a second to the reference's, of rounds that followed each other.

    `cpu_ratio`: the same by processor time of the server alone, which a busy machine does not blur.
    """

    name: str
    title: str
    ratio: Spread
    rounds: list[float]
    ours: Contender
    reference: Contender
    goal: float | None
    kind: Literal["comparison"] = "comparison"

    @property
    def cpu_ratio(self) -> float | None:
        return self.reference.cpu_us / self.ours.cpu_us if self.reference.cpu_us and self.ours.cpu_us else None

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.ratio.median >= self.goal


@dataclass(frozen=True, slots=True)
class Figure:
    """One number; `goal` is the most it should be, or the least with `at_least`. `facts` stand beside it."""

    name: str
    title: str
    value: float
    unit: str
    goal: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    at_least: bool = False
    kind: Literal["figure"] = "figure"

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value >= self.goal if self.at_least else self.value <= self.goal


Result = Comparison | Figure


def as_json(result: Result) -> dict[str, Any]:
    extra = {"cpu_ratio": result.cpu_ratio} if isinstance(result, Comparison) else {}
    return {**asdict(result), **extra, "met": result.met}
