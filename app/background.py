"""Worker and polling in one process, as the demo runs them: `python -m app.background`."""

import asyncio

from app.bots import routers
from app.kit.process import run_until_stopped
from app.kit.telemetry import configure_logging
from app.settings import Settings
from app.telegram.polling import run_polling
from app.worker.runner import run_worker


async def run(settings: Settings) -> None:
    """Both until cancelled; when one ends, the other is stopped too."""
    async with asyncio.TaskGroup() as group:
        group.create_task(run_worker(settings))
        group.create_task(run_polling(settings, routers()))


if __name__ == "__main__":
    settings = Settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    run_until_stopped(run(settings))
