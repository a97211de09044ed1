"""The job of the books."""

from datetime import timedelta
from typing import Any

from app.container import Container
from app.payments.books.outbox import SEND_JOB
from app.payments.books.sending import BookSender
from app.worker.port import Job, JobRegistry


async def send(container: Container, _: dict[str, Any]) -> None:
    sender = BookSender(container.settings, container.keyring, container.database, container.catalogue.library)
    await sender.run()


def register(registry: JobRegistry) -> None:
    registry.add(Job(SEND_JOB, send, concurrency=1, every=timedelta(seconds=15)))
