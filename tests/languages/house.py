"""An installation where everything is done in two languages at once: each has a bot, a staff group, and people who
speak nothing else. The projects' first language is the other one, so that whatever falls back to it shows."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from app.bots import routers
from app.broadcasts.sending import Broadcaster
from app.catalogue import demo, schema
from app.catalogue.acceptance import accept
from app.catalogue.library import Project
from app.catalogue.refresh import LEASE
from app.catalogue.repository import CatalogueRepository, Lease
from app.catalogue.secrets import open_bot
from app.crm.groups import GroupRepository
from app.kit import json
from app.kit.database import Database
from app.kit.ids import new_id
from app.projects.repository import ProjectsRepository, WantedProject
from app.sandbox.model.server import KEY, MODEL, create_app
from app.settings import ModelProfile, Settings
from app.telegram.dispatcher import build_dispatcher
from app.telegram.onboarding import Onboarding
from app.telegram.registry import BotRegistry
from app.worker.beat import Scheduler
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.jobs import build_registry
from app.worker.runner import work
from tests.conftest import serve
from tests.crm.stage import FAST
from tests.languages.party import BOTS, FIRST_ID, MEMBER, NAMES, OWNER, SLUGS, SUPER, Party, token
from tests.languages.watch import Watch
from tests.telegram.conftest import Desk, inspect_and_keep


@dataclass
class House:
    desk: Desk
    container: WorkerContainer
    watch: Watch
    changes: list[dict[str, Any]] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def database(self) -> Database:
        return self.container.database

    def project(self, slug: str) -> Project:
        """Live or not."""
        found = self.container.catalogue.library().project_by_key(slug)
        assert found is not None
        return found

    async def now(self) -> int:
        seq: int = (await self.desk.look("changes", after=2**40, wait=0))["seq"]
        return seq

    async def listen(self) -> None:
        """Follows the desk until it is cancelled."""
        after = 0
        while True:
            answer = await self.desk.client.get("/sandbox/changes", params={"after": after, "wait": 20}, timeout=30)
            news = answer.json()
            assert not news["reset"], "the desk has forgotten what it showed"
            after = news["seq"]
            async with self._news:
                self.changes += news["changes"]
                self._news.notify_all()

    async def fetch(self, slug: str) -> None:
        """Keeps the updates of a bot as a poller does, until it is cancelled."""
        project, offset = self.project(slug), 0
        while True:
            asked = {"offset": offset, "timeout": 1, "allowed_updates": self.container.bots.allowed_updates}
            answer = await self.desk.client.post(f"/bot{token(slug)}/getUpdates", json=asked)
            for update in answer.json()["result"]:
                async with self.container.database.transaction() as connection:
                    await inspect_and_keep(connection, project.id, BOTS[slug], update)
                offset = update["update_id"] + 1

    async def until(self, look: Callable[[], Any], what: str, otherwise: Callable[[], Any] | None = None) -> Any:
        """The first true answer of `look`, which is asked whenever something has happened on the desk."""
        try:
            async with asyncio.timeout(60), self._news:
                while (found := look()) is None:
                    await self._news.wait()
                return found
        except TimeoutError:
            raise AssertionError((what, otherwise() if otherwise else None)) from None

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.container.database.connection() as connection:
            return await connection.fetchval(query, *arguments)

    async def idle(self, bot_id: int | None = None) -> None:
        """Until every update of the bot, or of all, was worked on, and none of them failed."""
        pending = "SELECT true FROM telegram_updates WHERE state = 'pending' AND ($1::bigint IS NULL OR bot_id = $1)"
        async with asyncio.timeout(60):
            while await self.value(pending, bot_id):  # workers do it
                await asyncio.sleep(0.02)
        assert await self.value("SELECT string_agg(error, ' / ') FROM telegram_updates WHERE failures > 0") is None


def document(container: WorkerContainer) -> dict[str, Any]:
    """The demo's catalogue, sealed tokens included; further projects are off, or have no bot yet."""
    found = demo.load()
    both = {row["slug"]: row for row in found["projects"]}

    def project(slug: str, like: str, *, languages: list[str], **changes: Any) -> dict[str, Any]:
        bot = None
        if slug in BOTS:
            sealed = container.keyring.seal(json.dumps({"project": slug, "token": token(slug)}))
            bot = {"id": None, "username": _username(slug), "sealed_token": sealed, "key_id": None}
        row = {**both[like], "key": slug, "slug": slug, "languages": languages, "packages": [], "bot": bot}
        return {**row, **changes}

    projects = []
    for language, slug in SLUGS.items():
        other = ["en", "ru"] if language == "ru" else ["ru", "en"]
        projects += [
            project(slug, slug, languages=other),
            project(f"{slug}-off", slug, languages=other, status="off"),
            project(f"fresh-{slug}", slug, languages=other),
        ]
    sold = [row for row in found["packages"] if row["project"] in BOTS]
    for row in projects:
        row["packages"] = [package["key"] for package in sold if package["project"] == row["key"]]
    return {**found, "projects": projects, "packages": sold}


def _username(slug: str) -> str:
    return f"{slug.replace('-', '_')}_bot"


async def stock(container: WorkerContainer) -> None:
    verdict = accept(
        document(container),
        previous=None,
        known={},
        open_bot=lambda project, bot: open_bot(container.keyring, project, bot),
    )
    assert verdict.document is not None
    wanted = [
        WantedProject(row["key"], row["slug"], row["status"], verdict.bots.get(row["key"]))
        for row in verdict.document["projects"]
    ]
    async with container.database.transaction() as connection:
        repository = CatalogueRepository(connection)
        await repository.state("demo")
        lease = await repository.lease("demo", new_id(), asked_at=await repository.now(), lifetime=LEASE)
        assert isinstance(lease, Lease)
        await repository.finish_accepted(
            lease, document=verdict.document, etag=None, rules=schema.rules_digest(), problems=[]
        )
        await ProjectsRepository(connection).sync("demo", wanted)
    await container.catalogue.reload()


@asynccontextmanager
async def open_house(settings: Settings, desk: Desk) -> AsyncIterator[House]:
    """Updates are fetched; the worker has all its parts."""
    async with serve(create_app(tokens_per_second=0, first_token_seconds=0)) as model:
        here = settings.model_copy(
            update={
                "demo": False,
                "telegram_api_url": desk.url,
                "telegram_updates": "polling",
                "public_url": "https://tarot.example",
                "super_admins": tuple(first + SUPER for first in FIRST_ID.values()),
                "model_profiles": {
                    "default": ModelProfile(base_url=f"{model}/v1", api_key=SecretStr(KEY), model=MODEL)
                },
                "telegram_messages_per_second": 500,
                "broadcast_messages_per_second": 400,
            }
        )
        async with open_worker_container(here) as container:
            await stock(container)
            found = routers()
            watch = Watch(found)
            await container.bots.close()
            container.bots = BotRegistry(
                settings=here,
                secret=container.secret,
                catalogue=container.catalogue,
                database=container.database,
                redis=container.redis,
                rates=FAST,
                dispatcher=build_dispatcher(container.redis, found),
            )
            container.broadcaster = Broadcaster(
                settings=here, database=container.database, redis=container.redis, bots=container.bots
            )
            container.onboarding = Onboarding(container.bots, container.database, container.keyring)
            for slug in BOTS:
                await desk.order("bots", token=token(slug), username=_username(slug))
            await container.onboarding.run()
            house = House(desk, container, watch)
            for language in SLUGS:
                house.parties.append(await _gather(house, language))
            registry = build_registry(here)
            scheduler = Scheduler(container.database, registry)
            scheduler.start()
            tasks = [
                asyncio.create_task(house.listen()),
                asyncio.create_task(work(container, registry)),
                *(asyncio.create_task(house.fetch(slug)) for slug in BOTS),
            ]
            try:
                yield house
            finally:
                scheduler.stop()
                broken = [task.exception() for task in tasks if task.done()]
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                assert not broken, broken


async def _gather(house: House, language: str) -> Party:
    """The people are known, and the group is connected as if its manager had done so."""
    party = Party(house, language)
    for who in NAMES[language]:
        await house.desk.order("people", **party.person(who))
    made = await house.desk.order(
        "groups", title=party.word("Команда", "The team"), is_forum=True, owner=party.person(OWNER)
    )
    party.chat = made["chat"]["id"]
    await house.desk.order("bot-rights", chat=party.chat, bot=party.bot_id, status="administrator")
    await house.desk.order("members", chat=party.chat, user=party.person(MEMBER), status="member")
    async with house.container.database.transaction() as connection:
        await GroupRepository(connection, party.project.id).connect(
            party.chat, title=made["chat"]["title"], language=language, connected_by=party.id(OWNER), problems=()
        )
    return party
