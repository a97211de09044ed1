"""The town of a history: the API and a worker on one Postgres, and the sandboxes of Telegram, Stripe and a bank, over
real HTTP. What providers tell is kept back in `letters` and `updates`: the history delivers it, late, twice or never.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import demo_payments
from app.catalogue.library import Coupon, Library, Package, Price, Project
from app.catalogue.service import Catalogue
from app.container import Container
from app.kit import json
from app.payments import jobs as payment_jobs
from app.payments.subscriptions import jobs as subscriptions_jobs
from app.sandbox.bank import create_app as create_bank
from app.sandbox.bank.books import Books
from app.sandbox.bank.server import Bank
from app.sandbox.stripe import create_app as create_stripe
from app.sandbox.stripe.state import Account
from app.sandbox.stripe.state import Desk as StripeDesk
from app.sandbox.telegram import create_app as create_telegram
from app.sandbox.telegram.stars import Ledger, Stars
from app.settings import Settings
from app.users.init_data import TelegramPerson
from app.wallet import jobs as wallet_jobs
from app.worker.port import JobRegistry
from tests.conftest import Api, open_api, serve
from tests.payments.property.crashes import Crash, Crashed, CrashingDatabase
from tests.payments.stage import BANK_KEY, BANK_SECRET, with_bank

Result = TypeVar("Result")

# Each history finds the town empty. Rows of a person go with him.
EMPTY = "TRUNCATE users, provider_events, pgqueuer, staff_cards, order_numbers, book_entries CASCADE"
# What time does to rows. The ends of lots are moved as well, which their trigger allows to nobody else.
TIME = (
    "SET LOCAL session_replication_role = replica",
    "UPDATE wallet_lots SET expires_at = expires_at - $1::interval WHERE project_id = $2",
    "UPDATE wallets SET expires_at = expires_at - $1::interval WHERE project_id = $2",
    "UPDATE orders SET expires_at = expires_at - $1::interval WHERE project_id = $2",
    "UPDATE subscriptions SET until = until - $1::interval, grace_until = grace_until - $1::interval,"
    " renew_at = renew_at - $1::interval WHERE project_id = $2",
    "UPDATE payments SET look_at = look_at - $1::interval WHERE project_id = $2",
    "UPDATE provider_events SET next_at = next_at - $1::interval WHERE project_id = $2 AND state = 'new'",
    "UPDATE refunds SET next_at = next_at - $1::interval WHERE project_id = $2 AND state IN ('wanted', 'sent')",
)
# Leases and pauses between two attempts: long enough for all that a crash has left behind.
PAUSE = timedelta(hours=7)


@dataclass
class Letter:
    """A webhook that left its provider."""

    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def tells(self) -> str:
        return str(json.loads(self.body)["type"])


@dataclass
class Job:
    """A row of the queue."""

    id: int
    name: str
    payload: dict[str, Any]


@dataclass
class Person:
    id: UUID
    project: Project
    telegram_id: int
    token: str


@dataclass
class Town:
    api: Api
    worker: Container
    registry: JobRegistry
    bank: Bank
    stripe: StripeDesk
    stars: Stars
    client: httpx.AsyncClient
    letters: list[Letter] = field(default_factory=list)

    @property
    def library(self) -> Library:
        return self.api.services.catalogue.library()

    @property
    def at_api(self) -> CrashingDatabase:
        database = self.api.services.database
        assert isinstance(database, CrashingDatabase)
        return database

    @property
    def at_worker(self) -> CrashingDatabase:
        database = self.worker.database
        assert isinstance(database, CrashingDatabase)
        return database

    def project(self, slug: str = "luna") -> Project:
        found = self.library.project_by_slug(slug)
        assert found is not None
        return found

    def account(self, project: Project) -> Account:
        keys = project.payments.stripe
        assert keys is not None
        return self.stripe.accounts[keys.secret_key.get_secret_value()]

    def ledger(self, project: Project) -> Ledger:
        assert project.bot is not None
        return self.stars.ledger(project.bot.id)

    async def empty(self) -> None:
        """Nobody was ever here."""
        await self.settled()
        self.letters.clear()
        self.bank.books = Books()
        for account in self.stripe.accounts.values():
            for kept in (account.things, account.kinds, account.answers, account.cards):
                kept.clear()
        self.stripe.ahead = 0
        self.stripe._agenda.clear()
        self.stars.__init__()  # type: ignore[misc]  # as it was built
        async with self.api.database.transaction() as connection:
            # Ledgers are append-only to everybody else.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(EMPTY)

    async def arrive(self, slug: str, telegram_id: int) -> Person:
        services, project = self.api.services, self.project(slug)
        person = TelegramPerson(telegram_id, "Анна", None, None, "ru", None)
        async with self.api.database.transaction() as connection:
            user = await services.sessions.meet(connection, project=project, person=person)
            await connection.execute("UPDATE users SET consented_at = now() WHERE id = $1", user.id)
            session = await services.sessions.open(connection, project_id=project.id, user_id=user.id)
        return Person(user.id, project, telegram_id, session.access_token)

    async def settled(self) -> None:
        """All letters that are on their way have come."""
        await self.stripe.delivery.idle()
        await self.bank.webhooks.idle()

    def unanswered(self, answer: httpx.Response) -> bool:
        """The database was away for a moment, or the process died: what asks has to ask again."""
        if answer.status_code == 500 and self.at_api.died:
            self.at_api.died = False
            return True
        return answer.status_code == 503

    async def at_the_edge(self, work: Callable[[], Awaitable[Result]], crash: Crash | None) -> Result:
        """A worker's edge; after a crash another process takes the same thing up."""
        self.at_worker.expect(crash)
        try:
            return await work()
        except Crashed:
            return await work()
        finally:
            self.at_worker.expect(None)

    # ---- jobs ----

    async def jobs(self) -> list[Job]:
        """Those of money that wait, the oldest first."""
        async with self.api.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT id, entrypoint, payload FROM pgqueuer WHERE status = 'queued' AND entrypoint = ANY($1)"
                " ORDER BY id",
                list(self.registry.jobs),
            )
        return [Job(row[0], row[1], json.loads(row[2] or b"{}")) for row in rows]

    async def run(self, job: Job) -> None:
        """As the runner does it: what dies is taken up by another worker, what fails is not tried again."""
        handler = self.registry.jobs[job.name].handler
        try:
            await handler(self.worker, job.payload)
        except Crashed:
            return
        except Exception as error:  # noqa: BLE001  # as the runner: what must not be lost is found by the beats
            print(f"    a job failed: {job.name}: {error!r}")
        async with self.api.database.connection() as connection:
            await connection.execute("DELETE FROM pgqueuer WHERE id = $1", job.id)

    async def beat(self, name: str) -> None:
        try:
            await self.registry.jobs[name].handler(self.worker, {})
        except Crashed:
            return
        except Exception as error:  # noqa: BLE001  # as the runner: the next beat does it
            print(f"    a beat failed: {name}: {error!r}")

    async def wait(self, time: timedelta) -> None:
        async with self.api.database.transaction() as connection:
            for statement in TIME:
                await connection.execute(statement, *([time, self.project().id] if "$1" in statement else []))

    async def hurry(self) -> None:
        """Whatever waits for another attempt may have it now; nothing else gets older."""
        async with self.api.database.transaction() as connection:
            for statement in TIME[-2:]:
                await connection.execute(statement, PAUSE, self.project().id)


def restock(catalogue: Catalogue) -> None:
    """Round prices, things that expire, and coupons with limits in `luna`; the other project stays as it is."""

    def changed(package: Package) -> Package:
        amounts = {"luna-three": 100, "luna-ten": 200, "luna-questions": 100, "luna-month": 300}
        if package.key not in amounts:
            return package
        price, stars = amounts[package.key] * 200, amounts[package.key]
        more: dict[str, Any] = {"expires_days": 10} if package.key == "luna-ten" else {}
        more |= {"fair_use": 2} if package.key == "luna-month" else {}
        return replace(package, price=Price(price, None, "RUB"), stars=stars, stars_regular=None, **more)

    coupons = (
        Coupon("half", "percent", 5000, usage_limit=2, usage_limit_per_user=2),
        Coupon("once", "percent", 2500, usage_limit=1, usage_limit_per_user=1),
        Coupon("free", "percent", 10000, free=True, usage_limit=2, usage_limit_per_user=1),
    )
    library = catalogue.library()
    projects = tuple(
        replace(project, packages=tuple(map(changed, project.packages)), coupons=coupons)
        if project.slug == "luna"
        else project
        for project in library.projects
    )
    # The catalogue has no door for a change that comes from nowhere.
    memory = catalogue._memory
    memory.library = replace(library, projects=projects, _by_slug={}, _by_key={}, _by_id={}, _by_bot={})


def build_registry() -> JobRegistry:
    registry = JobRegistry()
    payment_jobs.register(registry)
    subscriptions_jobs.register(registry)
    wallet_jobs.register(registry)
    return registry


@asynccontextmanager
async def open_town(settings: Settings) -> AsyncIterator[Town]:
    letters: list[Letter] = []

    async def take(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if "signature" in name}
        letters.append(Letter(request.url.path, await request.body(), headers))
        return Response()

    bank_app = create_bank(key=BANK_KEY, secret=BANK_SECRET, page="")
    stripe_app, telegram_app = create_stripe(resend_seconds=0.1), create_telegram(test_environment=True)
    post_app = Starlette(routes=[Route("/{path:path}", take, methods=["POST"])])
    async with (
        serve(bank_app) as bank_url,
        serve(stripe_app) as stripe_url,
        serve(telegram_app) as telegram_url,
        serve(post_app) as post_url,
        httpx.AsyncClient(timeout=20) as client,
    ):
        bank_app.state.bank.page = bank_url
        urls = {"stripe_api_url": stripe_url, "telegram_api_url": telegram_url, "database_pool_size": 4}
        async with open_api(with_bank(settings, bank_url).model_copy(update=urls)) as api:
            # Where webhooks go.
            api.settings.public_url = post_url
            restock(api.services.catalogue)
            at_api, at_worker = (CrashingDatabase(settings.database_url, pool_size=6) for _ in range(2))
            own = api.services.database
            api.services.database = at_api
            worker = replace(api.services, database=at_worker)
            library = api.services.catalogue.library()
            demo_payments.register_stripe(stripe_app.state.desk, library, post_url)
            for project in library.projects:
                if project.bot is not None:
                    token = project.bot.token.get_secret_value()
                    telegram_app.state.desk.add_bot(token, username=f"bot_{project.bot.id}", name=project.key)
            try:
                yield Town(
                    api, worker, build_registry(), bank_app.state.bank, stripe_app.state.desk,
                    telegram_app.state.desk.stars, client, letters,
                )  # fmt: skip
            finally:
                api.services.database = own
                await asyncio.gather(at_api.close(), at_worker.close())
