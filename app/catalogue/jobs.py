"""Jobs of the catalogue: a refresh after a notice, the mirroring of pictures, forgetting old nonces."""

from datetime import timedelta
from typing import Any

from app.catalogue.refresh import MIRROR_JOB
from app.container import Container
from app.settings import Settings
from app.woocommerce.endpoints import REFRESH_JOB
from app.woocommerce.repository import StoresRepository
from app.worker.port import Job, JobRegistry


async def refresh(container: Container, _: dict[str, Any]) -> None:
    await container.catalogue.refresh()


async def mirror(container: Container, _: dict[str, Any]) -> None:
    await container.catalogue.mirror_pictures()


async def forget_nonces(container: Container, _: dict[str, Any]) -> None:
    async with container.database.transaction() as connection:
        await StoresRepository(connection).forget_nonces()


def register(registry: JobRegistry, settings: Settings) -> None:
    """The regular question to the store is not among them: it runs in every process, under one lease."""
    registry.add(Job(REFRESH_JOB, refresh, concurrency=1, priority=10))
    registry.add(Job(MIRROR_JOB, mirror, concurrency=1))
    registry.add(Job("woocommerce.forget_nonces", forget_nonces, concurrency=1, every=timedelta(minutes=10)))
