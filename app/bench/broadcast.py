"""A broadcast to many people through two workers: how much of the limiter's rate is used, how soon results are kept."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis

from app.bench.bot_api import bare_bot_api
from app.bench.figures import Figure, Result, quantile
from app.bench.servers import Program
from app.bench.stage import SLUG, Stage
from app.broadcasts import schedule
from app.broadcasts.content import Content
from app.broadcasts.schedule import Now
from app.broadcasts.sending import Broadcaster
from app.broadcasts.service import broadcasts
from app.container import Container, open_container
from app.crm.audit import Actor
from app.kit.ids import new_id
from app.kit.process import settle_memory
from app.settings import Settings
from app.worker.container import open_worker_container

RATE = 1000
WORKERS = 2
FIRST_ID = 5_000_000_000
LAGS = "arcana:bench:broadcast:lags"
LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
TEXT = Content.model_validate(
    {
        "ru": {
            "text": "<b>Новый расклад</b>\n\nЗагляните, что карты говорят о вашей весне.",
            "buttons": [[{"text": "Открыть", "app": ""}], [{"text": "О раскладе", "url": "https://tarot.example/s"}]],
        }
    }
)


def sender(settings: Settings) -> Program:
    """A worker's part in broadcasts; it tells the bench how long each result waited for its commit."""

    async def send() -> None:
        async with open_worker_container(settings) as container:
            await container.catalogue.reload()
            told: list[float] = []
            broadcaster = Broadcaster(
                settings=settings,
                database=container.database,
                redis=container.redis,
                bots=container.bots,
                observe=told.extend,
            )
            settle_memory()
            async with asyncio.TaskGroup() as group:
                group.create_task(broadcaster.run())
                group.create_task(report(container.redis, told))

    return Program(beside=[send])


async def report(redis: Redis, told: list[float]) -> None:
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if told:
            await redis.rpush(LAGS, *(f"{lag:.4f}" for lag in told))
            told.clear()


async def measure(stage: Stage) -> list[Result]:
    cores = stage.cores.server | stage.cores.load
    with stage.start(bare_bot_api, cores=cores) as telegram:
        settings = stage.settings.model_copy(
            update={
                "telegram_api_url": f"http://127.0.0.1:{telegram.port}",
                "telegram_messages_per_second": RATE,
                "broadcast_messages_per_second": RATE,
                "database_pool_size": 4,
            }
        )
        async with open_container(settings) as container:
            await container.catalogue.reload()
            broadcast_id = await prepare(container, stage.recipients)
            await container.redis.delete(LAGS)
            servers = [stage.start(sender, settings, cores=cores) for _ in range(WORKERS)]
            try:
                began = time.perf_counter()
                total = await begin(container, broadcast_id)
                taking_down = time.perf_counter() - began
                memory, cpu = [0.0], -sum(server.cpu_seconds() for server in servers)
                while not await is_done(container, broadcast_id):
                    memory.append(max(server.process.memory_info().rss / 1e6 for server in servers))
                    await asyncio.sleep(LOOK_SECONDS)
                cpu += sum(server.cpu_seconds() for server in servers)
                await asyncio.sleep(2 * LOOK_SECONDS)
            finally:
                for server in servers:
                    server.stop()
            lags = [float(lag) * 1000 for lag in await container.redis.lrange(LAGS, 0, -1)]
            sent, seconds, states = await result(container, broadcast_id)
    rate = sent / seconds
    return [
        Figure(
            "broadcast.rate",
            f"a broadcast to {total:,}, {WORKERS} workers, share of {RATE:,} a second",
            100 * rate / RATE,
            "%",
            95,
            {
                "a second": f"{rate:.0f}",
                "seconds": f"{seconds:.1f}",
                "sent": sent,
                "not sent": sum(states.values()) - sent,
                "taking down everybody, s": f"{taking_down:.1f}",
                "processor time a message, µs": f"{1e6 * cpu / max(sent, 1):.0f}",
            },
            at_least=True,
        ),
        Figure(
            "broadcast.lag",
            "from Telegram's answer to the commit of the result, p95",
            quantile(lags, 0.95),
            "ms",
            250,
            {"p50, ms": f"{quantile(lags, 0.5):.0f}", "longest, ms": f"{max(lags):.0f}"},
        ),
        Figure("broadcast.memory", "memory of a worker while it sends (resident)", max(memory), "MB", 300),
    ]


async def prepare(container: Container, recipients: int) -> UUID:
    """People of the first demo project, who may be written to at any hour, and a broadcast to them all."""
    project = container.catalogue.library().project_by_slug(SLUG)
    if project is None:
        raise RuntimeError("the demo catalogue has no project to measure")
    people = [(new_id(), project.id, FIRST_ID + number, "Анна", "ru") for number in range(recipients)]
    async with container.database.transaction() as connection:
        await connection.copy_records_to_table(
            "users", records=people, columns=["id", "project_id", "telegram_id", "first_name", "language"]
        )
        await connection.copy_records_to_table(
            "notification_settings",
            records=[(project.id, person[0]) for person in people],
            columns=["project_id", "user_id"],
        )
        await connection.execute("ANALYZE users, notification_settings")
        values = {"title": "bench", "content": TEXT.stored(), "segment": {}}
        return (await broadcasts.create(connection, project, Actor(1, "bench"), values)).id


async def begin(container: Container, broadcast_id: UUID) -> int:
    project = container.catalogue.library().project_by_slug(SLUG)
    assert project is not None  # noqa: S101  # asked for in `prepare`
    async with container.database.transaction() as connection:
        await broadcasts.start(connection, project, broadcast_id, Now(), actor=Actor(1, "bench"))
    total = await schedule.begin(
        container.database, project_id=project.id, broadcast_id=broadcast_id, default_language="ru"
    )
    return total or 0


async def is_done(container: Container, broadcast_id: UUID) -> bool:
    async with container.database.connection() as connection:
        state: str = await connection.fetchval("SELECT state FROM broadcasts WHERE id = $1", broadcast_id)
    if state not in ("counting", "sending", "done"):
        raise RuntimeError(f"the broadcast is {state}")
    return state == "done"


async def result(container: Container, broadcast_id: UUID) -> tuple[int, float, dict[str, int]]:
    """How many were sent, from the first answer to the last, and all by their state."""
    async with container.database.connection() as connection:
        rows: Sequence[tuple[str, int]] = [
            (row[0], row[1])
            for row in await connection.fetch(
                "SELECT state, count(*) FROM broadcast_recipients WHERE broadcast_id = $1 GROUP BY 1", broadcast_id
            )
        ]
        seconds = await connection.fetchval(
            """
            SELECT extract(epoch FROM max(settled_at) - min(settled_at)) FROM broadcast_recipients
            WHERE broadcast_id = $1 AND state = 'sent'
            """,
            broadcast_id,
        )
    states = dict(rows)
    return states.get("sent", 0), max(float(seconds), 1e-6), states
