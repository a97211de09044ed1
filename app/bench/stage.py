"""What every bench stands on: storage of its own with the demo catalogue in it, and people with full wallets."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr

from app.bench.cores import Cores
from app.bench.servers import Factory, Program, Server
from app.container import open_container
from app.kit.clock import utc_now
from app.main import create_app
from app.settings import Settings
from app.users import init_data
from app.users.init_data import TelegramPerson
from app.users.repository import UserRepository
from app.users.tokens import Principal
from app.wallet.service import wallet

SLUG = "luna"
NO_LIMIT = 1_000_000_000
WEALTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has signed in, agreed, and can afford a million readings."""

    user_id: UUID
    telegram_id: int
    init_data: str
    access_token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    settings: Settings
    cores: Cores
    seconds: float
    rounds: int
    streams: int
    recipients: int
    logs: Path

    def start(self, factory: Factory, *arguments: Any, cores: frozenset[int] | None = None) -> Server:
        """A process on the server's core, unless another one is named."""
        place = self.cores.server if cores is None else cores
        return Server.start(factory, *arguments, cores=place, log=self.logs / f"{factory.__name__}.log")


def our_api(settings: Settings) -> Program:
    """The whole application, everything switched on, as `python -m app api` serves it."""
    return Program(app=create_app(settings))


def bench_settings(*, database_url: str, redis_url: str, data_dir: Path) -> Settings:
    """A demo installation; the limits count, but nobody meets them."""
    return Settings(
        _env_file=None,
        demo=True,
        host="127.0.0.1",
        data_dir=data_dir,
        database_url=database_url,
        redis_url=redis_url,
        database_pool_size=16,
        secret_key=SecretStr("the bench has nothing to hide, at length"),
        access_token_seconds=86_400,
        rate_limit_address_per_minute=NO_LIMIT,
        rate_limit_user_per_minute=NO_LIMIT,
        rate_limit_sign_in_per_minute=NO_LIMIT,
        rate_limit_readings_per_minute=NO_LIMIT,
    )


@asynccontextmanager
async def open_stage(
    *, database_url: str, redis_url: str, cores: Cores, seconds: float, rounds: int, streams: int, recipients: int
) -> AsyncIterator[Stage]:
    """On a migrated database; stocks it with the demo catalogue if it is empty."""
    with tempfile.TemporaryDirectory(prefix="arcana-bench-") as folder:
        settings = bench_settings(database_url=database_url, redis_url=redis_url, data_dir=Path(folder))
        async with open_container(settings) as container:
            await container.catalogue.refresh()
        yield Stage(
            settings=settings,
            cores=cores,
            seconds=seconds,
            rounds=rounds,
            streams=streams,
            recipients=recipients,
            logs=Path(folder),
        )


async def make_members(stage: Stage, count: int, *, first_id: int) -> list[Member]:
    """People of the first demo project, with Telegram ids from `first_id` on."""
    members = []
    async with open_container(stage.settings) as container:
        await container.catalogue.reload()
        project = container.catalogue.library().project_by_slug(SLUG)
        if project is None or project.bot is None:
            raise RuntimeError("the demo catalogue has no project to measure")
        token = project.bot.token.get_secret_value()
        for telegram_id in range(first_id, first_id + count):
            person = TelegramPerson(telegram_id, "Анна", "Иванова", "anna", "ru")
            async with container.database.transaction() as connection:
                session = await container.sessions.sign_in(connection, project=project, person=person)
                user_id = session.user.id
                await UserRepository(connection, project.id).update(user_id, {"consented_at": utc_now()})
                await wallet.credit(
                    connection,
                    project_id=project.id,
                    user_id=user_id,
                    unit="readings",
                    amount=WEALTH,
                    kind="gift",
                    key=f"bench:{user_id}",
                )
            members.append(
                Member(
                    user_id,
                    telegram_id,
                    init_data.sign(person, bot_token=token),
                    container.tokens.access(Principal(user_id, project.id)),
                )
            )
    return members
