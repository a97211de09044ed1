"""Which core runs what: the server on one, the load on another, so that they do not slow each other."""

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """Numbers of cores; empty sets where the system cannot pin processes or has one core only."""

    server: frozenset[int]
    load: frozenset[int]

    def describe(self) -> dict[str, object]:
        return {
            "server": sorted(self.server) or "any",
            "load": sorted(self.load) or "any",
            "postgres_and_redis": "any",
        }


def choose_cores() -> Cores:
    """The first core that we may use for the server, the second for the load."""
    if not hasattr(os, "sched_getaffinity"):
        return Cores(frozenset(), frozenset())
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return Cores(frozenset(), frozenset())
    return Cores(frozenset(allowed[:1]), frozenset(allowed[1:2]))


def pin(cores: frozenset[int]) -> None:
    """Keeps this process, and those that it starts from now on, on these cores."""
    if cores:
        os.sched_setaffinity(0, cores)
