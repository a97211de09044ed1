"""Runs the chosen benches one after the other on embedded servers and shows what came of them."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from app.bench import bots, broadcast, catalogue, idle, interpretations, money, report, users
from app.bench.cores import Cores, choose_cores, pin
from app.bench.figures import Result
from app.bench.servers import new_loop
from app.bench.stage import Stage, open_stage
from app.kit.embedded import EmbeddedServers
from app.kit.migrations import migrate
from app.kit.telemetry import configure_logging

Bench = Callable[[Stage], Coroutine[Any, Any, list[Result]]]
NAMES: dict[str, Bench] = {
    "catalogue": catalogue.measure,
    "users": users.measure,
    "money": money.measure,
    "interpretations": interpretations.measure,
    "idle": idle.measure,
    "broadcast": broadcast.measure,
    "bots": bots.measure,
}


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


async def measure(
    names: list[str],
    *,
    database_url: str,
    redis_url: str,
    cores: Cores,
    seconds: float,
    rounds: int,
    streams: int,
    recipients: int,
) -> dict[str, Any]:
    """The JSON document of the benches, on a migrated database that they may fill."""
    results: list[Result] = []
    async with open_stage(
        database_url=database_url,
        redis_url=redis_url,
        cores=cores,
        seconds=seconds,
        rounds=rounds,
        streams=streams,
        recipients=recipients,
    ) as stage:
        for name in names:
            say(f"· {name}")
            found = await NAMES[name](stage)
            results += found
            sys.stdout.write(f"\n{report.tables(found)}\n\n")
            sys.stdout.flush()
    return report.document(results, cores=cores, seconds=seconds, rounds=rounds)


def run_benches(
    names: list[str], *, seconds: float, rounds: int, streams: int, recipients: int, json_path: Path | None
) -> None:
    """Never on a configured database: thousands of rows are written."""
    configure_logging(level="warning", style="console")
    cores = choose_cores()
    # Safe data would make Postgres wait for the disk, which is not what is measured here.
    with EmbeddedServers(throwaway=True) as servers:
        # Only now, so that Postgres and Redis may run anywhere.
        pin(cores.load)

        async def work() -> dict[str, Any]:
            await migrate(servers.database_url)
            return await measure(
                names,
                database_url=servers.database_url,
                redis_url=servers.redis_url,
                cores=cores,
                seconds=seconds,
                rounds=rounds,
                streams=streams,
                recipients=recipients,
            )

        with asyncio.Runner(loop_factory=new_loop) as runner:
            document = runner.run(work())
    machine, places = document["machine"], document["cores"]
    say(
        f"{machine['processor']}, {machine['cores']} cores, Python {machine['python']}, {machine['system']}; "
        f"server on core {places['server']}, load on {places['load']}, Postgres and Redis on any; "
        f"{rounds} rounds of {seconds:g} s each, in turns."
    )
    if json_path is not None:
        report.write_json(json_path, document)
