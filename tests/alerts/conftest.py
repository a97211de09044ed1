"""An installation with super-admins, whose alerts go to the desk."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr

from app.settings import Settings
from tests.faults.conftest import Weather, weather
from tests.telegram.conftest import LUNA, VERBENA, Desk, desk, logs, token
from tests.weather import until

__all__ = ["desk", "logs", "weather"]

ADMIN, OTHER_ADMIN = 4242, 4343
# Under it everything that takes minutes in life takes a second here.
PATIENCE = 0.45


@dataclass
class Phone:
    """What super-admins see of the alerts' bot."""

    desk: Desk

    async def messages(self, person: int = ADMIN, bot: int = LUNA) -> list[str]:
        return [said["text"] for said in await self.desk.replies(bot, person, count=0, wait=0)]

    async def rings(self, count: int, *, person: int = ADMIN, bot: int = LUNA, seconds: float = 20.0) -> list[str]:
        """All messages, once there are so many."""

        async def look() -> bool:
            return len(await self.messages(person, bot)) >= count

        try:
            await until(look, seconds=seconds, what=f"alert {count}")
        except AssertionError as error:
            raise AssertionError(f"{error}: {await self.messages(person, bot)}") from None
        return await self.messages(person, bot)

    async def stays_quiet(self, count: int, *, seconds: float = 2.0) -> None:
        """No further message comes after so many."""
        await asyncio.sleep(seconds)
        found = await self.messages()
        assert len(found) == count, found


@pytest.fixture
async def phone(weather: Weather, desk: Desk) -> Phone:
    # The stocked database brings a job that no worker here takes.
    await weather.fetch("DELETE FROM pgqueuer")
    await desk.say(LUNA, "/start", user=ADMIN)
    return Phone(desk)


def with_alerts(settings: Settings, desk: Desk, **changes: Any) -> Settings:
    alerts: dict[str, Any] = {
        "telegram_api_url": desk.url,
        "super_admins": (ADMIN,),
        "alert_bot_token": SecretStr(token(LUNA)),
        "alert_language": "en",
        "alert_patience_seconds": PATIENCE,
    }
    return settings.model_copy(update={**alerts, **changes})


@pytest.fixture
async def stormy_settings(weather: Weather, desk: Desk) -> AsyncIterator[Settings]:
    """Through the proxies."""
    yield with_alerts(weather.settings, desk)


SPARE_BOT = VERBENA
