"""Many interpretations at once: how much later a reader gets a word than the model has sent it."""

import asyncio
import secrets
import socket
import time
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from app.bench.emitter import emitter
from app.bench.figures import Figure, Result, quantile
from app.bench.readers import Audience
from app.bench.servers import Program, Server
from app.bench.stage import Member, Stage, make_members, our_api
from app.container import open_container
from app.kit.telemetry import configure_logging
from app.main import create_app
from app.settings import ModelProfile, Settings
from app.worker.runner import run_worker

TOKENS_PER_SECOND = 20.0
# Streams begin one after the other over this time, as people do, and then all are open for longer than that.
ARRIVALS_SECONDS = 5.0
GOAL_MS = 150.0


class TooSlow(RuntimeError):
    def __init__(self) -> None:
        super().__init__("this machine is too slow to hold so many streams open at once; see --streams")


def everything(settings: Settings) -> Program:
    """API and worker in one process and one event loop, which no deployment does."""
    return Program(app=create_app(settings), beside=(lambda: run_worker(settings),))


def worker_alone(settings: Settings) -> Program:
    configure_logging(level=settings.log_level, style=settings.log_format)
    return Program(beside=(lambda: run_worker(settings),))


def _with_model(stage: Stage, port: int) -> Settings:
    profile = ModelProfile(base_url=f"http://127.0.0.1:{port}/v1", api_key=SecretStr("bench"), model="bench")
    changes: dict[str, Any] = {
        "model_profiles": {"default": profile},
        "model_calls_per_project": stage.streams,
        "model_calls_total": stage.streams,
    }
    return stage.settings.model_copy(update=changes)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _authorized(member: Member) -> dict[str, str]:
    return {"authorization": f"Bearer {member.access_token}", "idempotency-key": secrets.token_hex(16)}


async def _start(client: httpx.AsyncClient, member: Member) -> str:
    started = await client.post("/api/v1/readings", json={"spread": "three-cards"}, headers=_authorized(member))
    started.raise_for_status()
    reading: str = started.json()["id"]
    return reading


async def _draw(client: httpx.AsyncClient, audience: Audience, member: Member, reading: str) -> None:
    """Draws, which starts the interpretation, and opens it."""
    path, headers = f"/api/v1/readings/{reading}", _authorized(member)
    drawn = await client.post(f"{path}/draw", json={"picks": [0, 1, 2]}, headers=headers)
    drawn.raise_for_status()
    await audience.open(f"{path}/interpretation", headers)


@dataclass(frozen=True, slots=True)
class _Watched:
    """The time in which all streams were open: milliseconds by which words came late, and shares of a core."""

    delays: list[float]
    busy: dict[str, float]


async def _read_all(
    processes: dict[str, Server], members: list[Member], *, port: int, arrivals: float, length: float
) -> _Watched:
    audience = Audience(port)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        readings = [await _start(client, member) for member in members]
        for server in processes.values():
            server.longest_gc_ms()
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number, (member, reading) in enumerate(zip(members, readings, strict=True)):
                await asyncio.sleep(max(0.0, began + arrivals * number / len(members) - time.monotonic()))
                group.create_task(_draw(client, audience, member, reading))
        try:
            await audience.until_all_have_begun(length)
        except TimeoutError:
            raise TooSlow from None
        all_open, until = time.monotonic(), began + length
        if until - all_open < length / 4:
            raise TooSlow
        before = {label: server.cpu_seconds() for label, server in processes.items()}
        await asyncio.sleep(until - time.monotonic())
        busy = {
            label: (server.cpu_seconds() - before[label]) / (until - all_open) for label, server in processes.items()
        }
        await audience.until_the_end(length + 60)
    delays = [delay * 1000 for arrived, delay in audience.delays if all_open <= arrived <= until]
    return _Watched(delays, busy)


async def _measure(
    stage: Stage, members: list[Member], title: str, name: str, port: int, processes: dict[str, Server]
) -> Figure:
    watched = await _read_all(processes, members, port=port, arrivals=_arrivals(stage), length=_length(stage))
    delays = watched.delays
    collection = max(server.longest_gc_ms() for server in processes.values())
    return Figure(
        f"interpretations.{name}",
        f"{stage.streams} streams of {TOKENS_PER_SECOND:g} tokens/s, {title}: p95 of the added delay",
        quantile(delays, 0.95),
        "ms",
        GOAL_MS,
        {
            "p50": f"{quantile(delays, 0.5):.0f} ms",
            "p99": f"{quantile(delays, 0.99):.0f} ms",
            "longest": f"{max(delays):.0f} ms",
            "words": len(delays),
            **{f"{label} busy": f"{share * 100:.0f} %" for label, share in watched.busy.items()},
            "longest collection": f"{collection:.1f} ms",
        },
    )


def _arrivals(stage: Stage) -> float:
    return min(ARRIVALS_SECONDS, stage.seconds * 5)


def _length(stage: Stage) -> float:
    """Seconds that one text takes: all streams are open together for more than half of it."""
    return _arrivals(stage) * 2 + 1


async def measure(stage: Stage) -> list[Result]:
    members = await make_members(stage, stage.streams, first_id=2_000_000)
    # Else the worker would draw small pictures of the deck meanwhile.
    async with open_container(stage.settings) as container:
        await container.catalogue.mirror_pictures()
    port = _free_port()
    settings = _with_model(stage, port)
    results: list[Result] = []
    load = stage.cores.load
    with stage.start(emitter, port, TOKENS_PER_SECOND, _length(stage), cores=load):
        with stage.start(everything, settings) as one:
            results.append(
                await _measure(
                    stage, members, "API and worker in one process", "one_process", one.port, {"process": one}
                )
            )
        with stage.start(our_api, settings) as api, stage.start(worker_alone, settings, cores=load) as worker:
            results.append(
                await _measure(
                    stage,
                    members,
                    "API and worker apart (the worker on the load's core)",
                    "two_processes",
                    api.port,
                    {"API": api, "worker": worker},
                )
            )
    return results
