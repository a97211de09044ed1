"""A bot made inside Telegram for a project without a token: connected, used for sign-in, its token renewed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from app.catalogue.library import Project
from app.settings import Settings
from app.telegram import onboarding
from app.telegram.managed import ManagedBotRepository, seal
from app.users import init_data
from app.users.init_data import TelegramPerson
from app.worker.port import enqueue
from tests.conftest import Api, open_api, open_worker
from tests.telegram.conftest import Desk
from tests.weather import until

ADMIN, STRANGER = 5, 6
FIRST = 700_000_009
# Long enough for the check of a token's form.
TOKEN = f"{FIRST}:SANDBOX-0123456789abcd"


@dataclass
class House:
    """The demo's projects in an installation that is no demo: none of them has a token."""

    api: Api
    desk: Desk

    def project(self, slug: str) -> Project:
        found = self.api.services.catalogue.library().project_by_slug(slug)
        assert found is not None
        return found

    async def said(self, count: int, *, user: int = ADMIN) -> list[dict[str, Any]]:
        return await self.desk.replies(FIRST, user, count=count, wait=15)

    async def until_bot(self, slug: str, *, other_than: str = "") -> Project:
        async with asyncio.timeout(20):
            while True:
                await self.api.services.catalogue.reload()
                project = self.project(slug)
                if project.bot is not None and project.bot.token.get_secret_value() != other_than:
                    return project
                await asyncio.sleep(0.1)

    async def make(self, slug: str = "verbena") -> Project:
        """The super-admin makes a bot for a project."""
        await self.desk.say(FIRST, "/connect_bot", user=ADMIN)
        (offer,) = (await self.said(1))[-1:]
        button = next(
            button
            for row in offer["reply_markup"]["inline_keyboard"]
            for button in row
            if button["callback_data"] == f"managed:{self.project(slug).id}"
        )
        await self.desk.press(offer["message_id"], button["callback_data"], user=ADMIN, bot=FIRST)
        await self.said(2)
        await self.desk.order("keyboard", user=ADMIN, bot=FIRST, text="Создать бота", managed_bot={})
        return await self.until_bot(slug)


@asynccontextmanager
async def open_house(settings: Settings, desk: Desk) -> AsyncIterator[House]:
    here = settings.model_copy(
        update={"demo": False, "telegram_api_url": desk.url, "super_admins": (ADMIN,), "catalogue_poll_seconds": 0.3}
    )
    await desk.order("bots", token=TOKEN, username="first_bot")
    async with open_api(here) as api:
        here = here.model_copy(update={"public_url": api.url})
        services = api.services
        await services.catalogue.refresh()
        luna = services.catalogue.library().project_by_slug("luna")
        assert luna is not None
        assert luna.bot is None
        async with api.database.connection() as connection:
            await ManagedBotRepository(connection, luna.id).save(
                FIRST, username="first_bot", sealed_token=seal(services.keyring, luna, TOKEN),
                manager_bot_id=FIRST, owner_id=ADMIN,
            )  # fmt: skip
        await services.catalogue.changed()
        async with open_worker(here):

            async def set_up() -> bool:
                # What the beat does every ten seconds, for as long as Telegram or the catalogue is not there yet.
                async with api.database.transaction() as connection:
                    await connection.execute("UPDATE bots SET next_check_at = now() WHERE next_check_at IS NOT NULL")
                    await enqueue(connection, onboarding.JOB, dedupe_key=onboarding.JOB)
                return bool((await desk.bot(FIRST))["webhook"])

            await until(set_up, seconds=60, every=0.2, what="the webhook of the first bot")
            yield House(api, desk)


@pytest.fixture
async def house(settings: Settings, desk: Desk) -> AsyncIterator[House]:
    async with open_house(settings, desk) as house:
        yield house


async def test_a_bot_is_made_connected_set_up_and_signs_people_in(house: House) -> None:
    verbena = await house.make()
    assert verbena.bot is not None
    token = verbena.bot.token.get_secret_value()
    assert verbena.bot.username == "verbena_bot"
    assert "verbena_bot" in (await house.said(3))[-1]["text"]
    bot_id = verbena.bot.id

    async def is_set_up() -> bool:
        return bool((await house.desk.bot(bot_id))["webhook"])

    # It does not wait for the beat, which comes every ten seconds; a slow machine may need one of its ticks.
    await until(is_set_up, seconds=60, what="the webhook of the new bot")
    signed = init_data.sign(TelegramPerson(77, "Анна", None, None, "ru"), bot_token=token)
    answer = await house.api.client.post("/api/v1/projects/verbena/auth/telegram", json={"init_data": signed})
    assert answer.status_code == 200
    async with house.api.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM managed_bots WHERE bot_id = $1", verbena.bot.id)
    assert row is not None
    assert (row["project_id"], row["owner_id"], row["manager_bot_id"]) == (verbena.id, ADMIN, FIRST)
    assert token not in str(row)


async def test_a_renewed_token_is_taken_over(house: House) -> None:
    verbena = await house.make()
    assert verbena.bot is not None
    before = verbena.bot.token.get_secret_value()
    await house.said(3)
    await house.desk.say(FIRST, "/connect_bot", user=ADMIN)
    offer = (await house.said(4))[-1]
    await house.desk.press(offer["message_id"], f"managed_token:{verbena.bot.id}", user=ADMIN, bot=FIRST)
    renewed = await house.until_bot("verbena", other_than=before)
    assert renewed.bot is not None
    assert renewed.bot.id == verbena.bot.id


async def test_nobody_else_connects_bots(house: House) -> None:
    await house.desk.say(FIRST, "/connect_bot", user=STRANGER)
    answer = (await house.said(1, user=STRANGER))[-1]
    assert "managed:" not in str(answer.get("reply_markup"))
    assert await house.desk.calls("getManagedBotToken") == []
