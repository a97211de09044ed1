"""A worker that starts with a thousand known bots: `python -m app.bench.bots_start` is that process.

It reads its settings from the environment, takes the catalogue over, looks whether any bot needs setting up, makes
every bot once, says on a line of JSON how long that took, and waits for the end of its input.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from app.bench.cores import pin
from app.bench.crowd import stock_crowd
from app.bench.figures import Figure, Result
from app.bench.stage import Stage, bench_settings
from app.kit import json
from app.kit.process import settle_memory
from app.kit.telemetry import configure_logging
from app.settings import Settings
from app.telegram.presentation import NOBODY
from app.worker.container import WorkerContainer, open_worker_container

BOTS = 1000
CHECKOUT = Path(__file__).resolve().parents[2]
MEGABYTE = 1_000_000
# Nobody listens there: a single call of Telegram would be noticed.
NOWHERE = "http://127.0.0.1:9"


async def know_all(container: WorkerContainer) -> int:
    """Notes of every bot that Telegram knows its settings; how many they are."""
    rows = []
    for project in container.bots.projects():
        assert project.bot is not None  # noqa: S101  # BotRegistry.projects() gives only those
        webhook_id = container.webhooks.webhook(project.bot.id).id
        rows.append((project.bot.id, project.id, webhook_id, container.onboarding.fingerprint(project, NOBODY)))
    async with container.database.connection() as connection:
        await connection.execute("DELETE FROM bots")
        await connection.executemany(
            "INSERT INTO bots (bot_id, project_id, webhook_id, state, settings_hash) VALUES ($1, $2, $3, 'ready', $4)",
            rows,
        )
    return len(rows)


async def start(settings: Settings) -> None:
    """The process under measurement."""
    async with open_worker_container(settings) as container:
        await container.catalogue.start()
        talked_to = await container.onboarding.run()
        for project in container.bots.projects():
            assert project.bot is not None  # noqa: S101  # as above
            container.bots.bot(project.bot.id)
        settle_memory()
        words = {
            "seconds": time.time() - psutil.Process().create_time(),
            "processor": time.process_time(),
            "talked_to": talked_to,
        }
        sys.stdout.write(json.dumps(words).decode() + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)
        await container.catalogue.stop()


def _settings(stage: Stage, folder: str) -> Settings:
    usual = bench_settings(
        database_url=stage.settings.database_url, redis_url=stage.settings.redis_url, data_dir=Path(folder)
    )
    return usual.model_copy(update={"telegram_api_url": NOWHERE})


async def _started(stage: Stage, settings: Settings, count: int) -> tuple[float, float, float]:
    """Seconds to the end of the first look, those of the processor, and the process's own memory in bytes."""
    async with open_worker_container(settings) as container:
        await stock_crowd(container, count)
        if await know_all(container) != count:
            raise RuntimeError("the catalogue does not have as many bots")
    values = {
        "ENV_FILE": "",
        "DEMO": "true",
        "HOST": settings.host,
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "SECRET_KEY": settings.secret_key.get_secret_value(),
        "TELEGRAM_API_URL": NOWHERE,
    }
    pin(stage.cores.server)
    try:
        process = subprocess.Popen(  # noqa: ASYNC220  # nothing else runs here
            [sys.executable, "-m", "app.bench.bots_start"],
            cwd=CHECKOUT, env={**os.environ, **values},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        pin(stage.cores.load)
    with process:
        assert process.stdout is not None  # noqa: S101  # it is piped
        line = await asyncio.to_thread(process.stdout.readline)
        if not line:
            raise RuntimeError("the worker did not start")
        words: dict[str, Any] = json.loads(line)
        if words["talked_to"]:
            raise RuntimeError("a bot whose settings are unchanged was talked to")
        memory = float(psutil.Process(process.pid).memory_full_info().uss)
        return float(words["seconds"]), float(words["processor"]), memory


async def measure_start(stage: Stage, *, bots: int) -> list[Result]:
    with tempfile.TemporaryDirectory(prefix="arcana-bench-") as folder:
        settings = _settings(stage, folder)
        one_seconds, one_processor, one = await _started(stage, settings, 1)
        many_seconds, processor, many = await _started(stage, settings, bots)
    facts = {
        "processor time, s": round(processor, 2),
        "with one bot, s": f"{one_seconds:.2f} ({one_processor:.2f})",
    }
    return [
        Figure("bots.start", f"start of a worker with {bots:,} known bots", many_seconds, "s", 10, facts),
        Figure("bots.memory", f"memory of {bots:,} bots more than of one", (many - one) / MEGABYTE, "MB", 100,
               {"of one bot, KB": round((many - one) / (bots - 1) / 1000, 1)}),
    ]  # fmt: skip


if __name__ == "__main__":
    configure_logging(level="error", style="json")
    asyncio.run(start(Settings()))
