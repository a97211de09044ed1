"""Purchases that wait for their money, and our side of the bench: what becomes of the word that it came."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.bench.pgbench import Turns
from app.bench.recording import LoggedDatabase, Statement
from app.bench.servers import Program
from app.bench.stage import SLUG, Member
from app.catalogue.library import Project
from app.container import Container, open_container
from app.kit import json
from app.kit.database import Database
from app.kit.process import settle_memory
from app.payments.events import service as events
from app.payments.orders.payments import PaymentRepository
from app.payments.orders.service import Wish
from app.payments.port import Event
from app.payments.providers import sandbox
from app.settings import Settings

PACKAGE = "luna-three"
PROVIDER = sandbox.NAME
KIND = "payment.paid"
AT_ONCE_WHILE_PREPARING = 8


@dataclass(frozen=True, slots=True)
class Told:
    """What the bank will say of one purchase."""

    id: str
    body: dict[str, Any]

    @property
    def event(self) -> Event:
        return Event(self.id, KIND, self.body)


def project_of(container: Container) -> Project:
    project = container.catalogue.library().project_by_slug(SLUG)
    if project is None:
        raise RuntimeError("the demo catalogue has no project to measure")
    return project


async def prepare(settings: Settings, members: Sequence[Member], count: int) -> list[Told]:
    """Orders with a payment that was begun, of one person after the other."""
    async with open_container(settings) as container:
        await container.catalogue.reload()
        project = project_of(container)
        room = asyncio.Semaphore(AT_ONCE_WHILE_PREPARING)

        async def one(number: int) -> Told:
            async with room:
                return await _begin(container, project, members[number % len(members)].user_id)

        told = list(await asyncio.gather(*(one(number) for number in range(count))))
        async with container.database.connection() as connection:
            # Autovacuum would do it after a while, on one side before the other.
            await connection.execute("ANALYZE")
        return told


async def _begin(container: Container, project: Project, user_id: UUID) -> Told:
    reference, charge = f"pay_{uuid4().hex[:20]}", f"ch_{uuid4().hex[:20]}"
    wish = Wish(package_key=PACKAGE, provider=PROVIDER, place="web", language="ru")
    async with container.database.transaction() as connection:
        order = await container.payments.create(connection, project, user_id, wish)
        payment = await container.payments.attempt(connection, project, order, provider=PROVIDER)
        await PaymentRepository(connection, project.id).started(
            payment.id, reference=reference, url=f"http://127.0.0.1:9/pay/{reference}", opens="redirect"
        )
    paid = {"id": charge, "payment": reference, "amount": payment.amount, "currency": payment.currency,
            "at": time.time(), "method": None, "refunded": 0, "refunds": []}  # fmt: skip
    about = {"id": reference, "account": project.key, "state": "paid", "amount": payment.amount,
             "currency": payment.currency, "metadata": {"payment_id": str(payment.id)},
             "page_url": f"http://127.0.0.1:9/pay/{reference}", "charges": [paid]}  # fmt: skip
    return Told(f"evt_{uuid4().hex[:20]}", {"payment": about, "charge": paid})


async def keep(database: Database, project: Project, event: Event) -> list[UUID]:
    """As the webhook does."""
    async with database.transaction() as connection:
        return await events.keep(connection, project.id, PROVIDER, project.key, [event])


async def fulfil(container: Container, database: Database, project: Project, event: Event) -> None:
    """As the webhook and then the worker's job do."""
    for row_id in await keep(database, project, event):
        await events.work(container.payments, database, container.catalogue.library(), project.id, row_id)


async def record(settings: Settings, told: Sequence[Told], *, warm: Told) -> list[list[Statement]]:
    """What our code says to Postgres for each of them, BEGIN and COMMIT included.

    `warm` comes before them: asyncpg asks what types look like when it meets them.
    """
    runs = []
    database = LoggedDatabase(settings.database_url)
    async with open_container(settings) as container:
        await container.catalogue.reload()
        project = project_of(container)
        try:
            for one in (warm, *told):
                database.statements.clear()
                await fulfil(container, database, project, one.event)
                # asyncpg tells its loggers in a later turn of the loop.
                for _ in range(3):
                    await asyncio.sleep(0)
                runs.append(list(database.statements))
        finally:
            await database.close()
    return runs[1:]


def fulfilling_app(settings: Settings, take: str, clients: int) -> Program:
    """`POST /` {first, turns}: `clients` workers fulfil the purchases from `first` on, which `take` reads from a tape.

    Answers {"ends": […], "seconds": […]} of each worker.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_container(settings) as container:
            await container.catalogue.reload()
            app.state.container = container
            settle_memory()
            yield

    async def worker(container: Container, project: Project, numbers: range) -> Turns:
        done = Turns([], [])
        for number in numbers:
            began = time.perf_counter()
            async with container.database.connection() as connection:
                row = await connection.fetchrow(take, number)
            assert row is not None  # noqa: S101  # the tape is long enough
            await fulfil(container, container.database, project, Event(row["event"], KIND, json.loads(row["body"])))
            done.ends.append(time.perf_counter())
            done.seconds.append(done.ends[-1] - began)
        return done

    async def play(request: Request) -> Response:
        asked = json.loads(await request.body())
        container: Container = request.app.state.container
        project = project_of(container)
        end = asked["first"] + asked["turns"] * clients
        ways = [range(asked["first"] + client, end, clients) for client in range(clients)]
        played = await asyncio.gather(*(worker(container, project, numbers) for numbers in ways))
        return Response(json.dumps([{"ends": one.ends, "seconds": one.seconds} for one in played]))

    return Program(app=Starlette(routes=[Route("/", play, methods=["POST"])], lifespan=lifespan))
