"""A market for tests of money: sandbox providers that stay, our API and our worker, which can be killed, and people."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import asyncpg
import httpx

from app import demo_payments
from app.catalogue.library import Project
from app.kit.children import Child
from app.sandbox import bank, stripe, telegram, yookassa
from app.settings import Settings
from app.worker.container import WorkerContainer, open_worker_container
from app.worker.port import enqueue
from tests.conftest import serve
from tests.faults.tills import BankTill, StarsTill, StripeTill, Till, YooKassaTill
from tests.payments.stage import BANK_KEY, BANK_SECRET, with_bank
from tests.ports import free_port
from tests.weather import ForkedApi, ForkedWorker, environment, until

Victim = Literal["api", "worker"]
# Of the first pause before a webhook is sent again.
RESEND_SECONDS = 0.1
PATIENCE_SECONDS = 90.0
# Servers hang up when they like: nobody must speak into that.
LIMITS = httpx.Limits(max_keepalive_connections=0)


@dataclass(frozen=True)
class Person:
    """Somebody in one project, signed in from Telegram and in a browser."""

    project: Project
    telegram_id: int
    user_id: UUID
    tokens: dict[str, str]


@dataclass
class Market:
    """`unanswered` counts requests of people that the API died under, or was not there for."""

    settings: Settings
    folder: Path
    services: WorkerContainer
    tills: dict[str, Till]
    client: httpx.AsyncClient
    kills: dict[Victim, int] = field(default_factory=lambda: {"api": 0, "worker": 0})
    unanswered: int = 0
    _running: dict[Victim, ForkedApi | ForkedWorker] = field(default_factory=dict)

    # ---- processes ---------------------------------------------------------------------------------------------

    async def start(self, *names: Victim) -> None:
        await asyncio.gather(*(self._start(name) for name in names))

    async def _start(self, name: Victim) -> None:
        kind = ForkedApi if name == "api" else ForkedWorker
        process = self._running[name] = kind(self.settings, self.folder / f"{name}-{self.kills[name]}.log")
        await process.start()
        if name == "worker":
            await process.said("the worker is ready")
            return

        async def ready() -> bool:
            try:
                return (await self.client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(ready, seconds=30, what="the API")

    async def kill(self, *victims: Victim) -> None:
        """All of them at once, and then they are started again."""
        for name in victims:
            self.kills[name] += 1
        await asyncio.gather(*(self._running[name].kill() for name in victims))
        if "worker" in victims:
            # Nobody holds a lease any more: its minute is over for those who come next.
            await self.execute("UPDATE provider_events SET next_at = now() WHERE state = 'new'")
            await self.execute("UPDATE refunds SET next_at = now() WHERE state IN ('wanted', 'sent')")
            await self.execute("UPDATE telegram_updates SET leased_until = now() WHERE leased_until IS NOT NULL")
        await self.start(*victims)

    async def at_work(self) -> None:
        """Until the worker has an event in hand; or a little later, when it is too fast to be caught at that."""
        query = "SELECT EXISTS (SELECT FROM provider_events WHERE state = 'new' AND attempts > 0)"
        for _ in range(300):
            if await self.value(query):
                return
            await asyncio.sleep(0.005)

    async def end(self) -> None:
        for process in self._running.values():
            if not process.ended:
                await process.kill()

    async def command(self, *arguments: str) -> tuple[int, str]:
        """`python -m app …`: its exit code, and what it said."""
        log = self.folder / f"{'-'.join(arguments)}.log"
        child = Child(arguments[0], "app", *arguments, environment=environment(self.settings), log=log)
        await child.start()
        return await child.wait(), log.read_text()

    # ---- people ------------------------------------------------------------------------------------------------

    async def join(self, slug: str, telegram_id: int) -> Person:
        project = self.services.catalogue.library().project_by_slug(slug)
        assert project is not None
        about = {"id": telegram_id, "first_name": "Анна", "language_code": "ru"}
        signed = await self.client.post("/api/v1/dev/init-data", json={"project": slug, "user": about})
        answer = await self.client.post(f"/api/v1/projects/{slug}/auth/telegram", json=signed.json())
        assert answer.status_code == 200, answer.text
        session = answer.json()
        user_id = UUID(session["user"]["id"])
        async with self.services.database.transaction() as connection:
            web = await self.services.sessions.open(connection, project_id=project.id, user_id=user_id)
        tokens = {"telegram": session["access_token"], "web": web.access_token}
        return Person(project, telegram_id, user_id, tokens)

    async def ask(self, person: Person, path: str, *, place: str, key: str = "", **body: Any) -> dict[str, Any]:
        """As the Mini App does: whoever gets no answer asks the same again, under the same key."""
        headers = {"Authorization": f"Bearer {person.tokens[place]}"} | ({"Idempotency-Key": key} if key else {})
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    answer = await self.client.post(path, json=body, headers=headers)
                except httpx.TransportError:
                    self.unanswered += 1
                    await asyncio.sleep(0.1)
                    continue
                assert answer.is_success, (answer.status_code, answer.text)
                told: dict[str, Any] = answer.json()
                return told

    # ---- the database ------------------------------------------------------------------------------------------

    async def fetch(self, query: str, *values: Any) -> list[asyncpg.Record]:
        async with self.services.database.connection() as connection:
            return list(await connection.fetch(query, *values))

    async def value(self, query: str, *values: Any) -> Any:
        async with self.services.database.connection() as connection:
            return await connection.fetchval(query, *values)

    async def execute(self, query: str, *values: Any) -> None:
        async with self.services.database.connection() as connection:
            await connection.execute(query, *values)

    async def enqueue(self, job: str) -> None:
        """What the next tick of the beat would do."""
        async with self.services.database.transaction() as connection:
            await enqueue(connection, job)

    async def settled(self) -> None:
        """Until every notification was taken, and all that was taken is worked on."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(till.idle() for till in self.tills.values()))

        async def look() -> bool:
            left = await self.fetch(
                """
                SELECT FROM provider_events WHERE state = 'new'
                UNION ALL SELECT FROM telegram_updates WHERE state = 'pending'
                UNION ALL SELECT FROM refunds WHERE state IN ('wanted', 'sent')
                """
            )
            return not left

        await until(look, seconds=PATIENCE_SECONDS, every=0.1, what="rest")


@asynccontextmanager
async def open_market(settings: Settings, folder: Path) -> AsyncIterator[Market]:
    """On a database that has the demo catalogue. The API and the worker run until the end."""
    stripe_app = stripe.create_app(resend_seconds=RESEND_SECONDS)
    yookassa_app = yookassa.create_app(resend_seconds=RESEND_SECONDS)
    telegram_app = telegram.create_app(test_environment=True, resend_seconds=RESEND_SECONDS)
    bank_app = bank.create_app(key=BANK_KEY, secret=BANK_SECRET, page="", resend_seconds=RESEND_SECONDS)
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(serve(app))
            for name, app in
            {"stripe": stripe_app, "yookassa": yookassa_app, "telegram": telegram_app, "bank": bank_app}.items()
        }  # fmt: skip
        bank_app.state.bank.page = urls["bank"]
        changes = {
            "port": port,
            "public_url": here,
            "stripe_api_url": urls["stripe"],
            "yookassa_api_url": f"{urls['yookassa']}/v3",
            "telegram_api_url": urls["telegram"],
        }
        ready = with_bank(settings, urls["bank"]).model_copy(update=changes)
        services = await stack.enter_async_context(open_worker_container(ready))
        browser = await stack.enter_async_context(httpx.AsyncClient(timeout=30, limits=LIMITS))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=here, timeout=30, limits=LIMITS))
        await services.catalogue.reload()
        library = services.catalogue.library()
        demo_payments.register_stripe(stripe_app.state.desk, library, here)
        demo_payments.register_yookassa(yookassa_app.state.desk, library, here)
        for project in library.projects:
            assert project.bot is not None
            telegram_app.state.desk.add_bot(
                project.bot.token.get_secret_value(), username=project.bot.username or "sandbox_bot", name=project.slug
            )
        await services.onboarding.run()
        tills: list[Till] = [
            BankTill(bank_app.state.bank, browser),
            StripeTill(stripe_app.state.desk, urls["stripe"], browser),
            YooKassaTill(yookassa_app.state.desk, urls["yookassa"], browser),
            StarsTill(telegram_app.state.desk, urls["telegram"], browser),
        ]
        market = Market(ready, folder, services, {till.name: till for till in tills}, client)
        try:
            await market.start("api", "worker")
            yield market
        finally:
            await market.end()
