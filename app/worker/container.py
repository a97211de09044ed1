"""What a worker holds besides: the parts that write texts and send messages."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.ai.interpreter import Interpreter
from app.bots import routers
from app.broadcasts.sending import Broadcaster
from app.container import Container, open_container
from app.readings.transcripts import Publisher
from app.readings.writer import Writer
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.onboarding import Onboarding
from app.telegram.registry import BotRegistry


@dataclass(slots=True, kw_only=True)
class WorkerContainer(Container):
    interpreter: Interpreter
    publisher: Publisher
    writer: Writer
    # Only here: aiogram costs a process 137 MB and 2.7 s, which the API does without.
    bots: BotRegistry
    onboarding: Onboarding
    broadcaster: Broadcaster


@asynccontextmanager
async def open_worker_container(settings: Settings) -> AsyncIterator[WorkerContainer]:
    async with open_container(settings) as base:
        interpreter = Interpreter(settings=settings, redis=base.redis)
        publisher = Publisher(base.redis)
        writer = Writer(
            base.database,
            interpreter,
            publisher,
            base.catalogue,
            lease_seconds=settings.generation_lease_seconds,
        )
        bots = BotRegistry(
            settings=settings,
            secret=base.secret,
            catalogue=base.catalogue,
            database=base.database,
            redis=base.redis,
            dispatcher=build_dispatcher(base.redis, routers()),
        )
        broadcaster = Broadcaster(settings=settings, database=base.database, redis=base.redis, bots=bots)
        container = WorkerContainer(
            **base.parts(),
            interpreter=interpreter,
            publisher=publisher,
            writer=writer,
            bots=bots,
            onboarding=Onboarding(bots, base.database, base.keyring),
            broadcaster=broadcaster,
        )
        try:
            yield container
        finally:
            # Somebody may have given it others, with connections of their own.
            for registry in {bots, container.bots}:
                await registry.close()
            await interpreter.close()
