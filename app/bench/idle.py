"""An API process that nobody asks anything: how soon it is ready and how much memory it holds."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import psutil

from app.bench.cores import pin
from app.bench.figures import Figure, Result
from app.bench.stage import Stage

STARTS = 3
CHECKOUT = Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000


def _environment(stage: Stage, port: int) -> dict[str, str]:
    settings = stage.settings
    return {
        **os.environ,
        "ENV_FILE": "",
        "DEMO": "true",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
    }


@contextmanager
def _api(stage: Stage, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    pin(stage.cores.server)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "api"],
            cwd=CHECKOUT,
            env=_environment(stage, port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    finally:
        pin(stage.cores.load)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _until_ready(process: "subprocess.Popen[bytes]", port: int, began: float) -> float:
    """Seconds from `began` to the first 200 of /readyz."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as client:
        while process.poll() is None and time.perf_counter() < began + 60:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return time.perf_counter() - began
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.02)
    raise RuntimeError("the API did not become ready")


async def measure(stage: Stage) -> list[Result]:
    ready: list[float] = []
    memory: list[tuple[float, float]] = []
    for _ in range(min(STARTS, stage.rounds)):
        port = _free_port()
        began = time.perf_counter()
        with _api(stage, port) as process:
            ready.append(await _until_ready(process, port, began))
            await asyncio.sleep(stage.seconds)
            used = psutil.Process(process.pid).memory_full_info()
            memory.append((used.rss / MEGABYTE, used.uss / MEGABYTE))
    resident, own = (median(column) for column in zip(*memory, strict=True))
    return [
        Figure(
            "idle.memory",
            "memory of an idle API process (resident)",
            resident,
            "MB",
            150,
            {"its own (USS), MB": round(own)},
        ),
        Figure(
            "idle.start",
            "start of the process to ready",
            median(ready),
            "s",
            3,
            {"starts": ", ".join(f"{seconds:.2f}" for seconds in ready)},
        ),
    ]
