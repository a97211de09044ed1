"""A worker process of the burst: `python -m tests.telegram.burst_worker`, settings from the environment.

Its one handler writes a row in its own transaction; to a question it also answers.
"""

import asyncio
from datetime import timedelta

from aiogram import Router
from aiogram.methods import SendMessage
from aiogram.types import Message

from app.catalogue.library import Project
from app.container import open_container
from app.kit.database import Connection
from app.kit.telemetry import configure_logging
from app.settings import Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.pump import UpdatePump
from app.telegram.registry import BotRegistry
from app.telegram.working import UpdateWorker


async def work_on(message: Message, project: Project, connection: Connection) -> SendMessage | None:
    await connection.execute(
        "INSERT INTO burst (project_id, chat_id, number) VALUES ($1, $2, $3)",
        project.id, message.chat.id, int((message.text or "").rstrip("?")),
    )  # fmt: skip
    if message.text is None or not message.text.endswith("?"):
        return None
    return SendMessage(chat_id=message.chat.id, text=message.text.replace("?", "!"))


async def main() -> None:
    settings = Settings(_env_file=None)
    configure_logging(level="warning", style="json")
    async with open_container(settings) as container:
        router = Router()
        router.message.register(work_on)
        bots = BotRegistry(
            settings=settings, secret=container.secret, catalogue=container.catalogue, database=container.database,
            redis=container.redis, dispatcher=build_dispatcher(container.redis, [router]),
        )  # fmt: skip
        await container.catalogue.reload()
        worker = UpdateWorker(bots, container.database, parts=container.parts(), lease=timedelta(seconds=3))
        try:
            await UpdatePump(worker, container.database).run()
        finally:
            await bots.close()


if __name__ == "__main__":
    asyncio.run(main())
