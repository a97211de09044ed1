"""Purchases fulfilled, against pgbench that says the same statements; the queue in front of them; orders over HTTP."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

import asyncpg
import httpx
from pydantic import SecretStr

from app.bench import money_purchases as purchases
from app.bench.figures import Comparison, Contender, Figure, Result, Spread, quantile
from app.bench.load import Load, Requests, Tally, request
from app.bench.money_purchases import Told, fulfilling_app
from app.bench.money_queue import queue_worker
from app.bench.pgbench import Pgbench, Tape, Turns, steady_rate
from app.bench.servers import Program, Server
from app.bench.stage import NO_LIMIT, Member, Stage, make_members, our_api
from app.container import open_container
from app.kit import json
from app.kit.database import Database
from app.payments.ledger.rules import check
from app.sandbox import bank
from app.settings import Settings
from app.users.tokens import Principal

CLIENTS = 16
# Nobody buys twice at the same moment.
MEMBERS = 4 * CLIENTS
FIRST_ID = 4_000_000
# Purchases of one round for each second that a round should take.
A_SECOND = 480
# The first one of each client does not count, see `steady_rate`.
LEAST_TURNS = 3
QUEUE_SECONDS = 120.0
BANK_KEY, BANK_SECRET = "SANDBOX-bench-key", "SANDBOX-bench-secret"

# What a purchase leaves behind, apart from the rows that the ledger's rules speak of.
LEFT = """
    SELECT (SELECT count(*) FROM orders WHERE state = 'paid') AS orders,
        (SELECT count(*) FROM payments WHERE state = 'paid') AS payments,
        (SELECT count(*) FROM provider_events WHERE state = 'done') AS events,
        (SELECT count(*) FROM wallet_entries WHERE kind = 'purchase') AS entries,
        (SELECT count(*) FROM wallet_lots WHERE order_id IS NOT NULL) AS lots,
        (SELECT count(*) FROM book_entries) AS book_entries,
        (SELECT count(*) FROM staff_cards WHERE kind = 'order') AS cards,
        (SELECT count(*) FROM notifications) AS notifications,
        (SELECT count(*) FROM pgqueuer) AS jobs
"""


class NotFulfilled(Exception):
    """A purchase was lost, or given twice, or the ledger does not sum: no figure would mean anything."""


def bank_app() -> Program:
    return Program(app=bank.create_app(key=BANK_KEY, secret=BANK_SECRET, page="http://127.0.0.1:9"))


def with_bank(settings: Settings, *, database_url: str, bank_url: str = "http://127.0.0.1:9") -> Settings:
    """The same installation on another database, with the play money's bank as a way to pay."""
    changes = {
        "database_url": database_url,
        "sandbox_bank_url": bank_url,
        "sandbox_bank_key": SecretStr(BANK_KEY),
        "sandbox_bank_secret": SecretStr(BANK_SECRET),
        "rate_limit_orders_per_minute": NO_LIMIT,
    }
    return settings.model_copy(update=changes)


@dataclass(slots=True)
class _Side:
    """One contender with a database of its own."""

    name: str
    database_url: str
    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    def note(self, played: Sequence[Turns], cpu_seconds: float) -> None:
        self.rates.append(steady_rate(played))
        for client in played:
            self.latencies += client.seconds[1:]
        self.cpu_seconds += cpu_seconds
        self.seconds += max(client.ends[-1] for client in played) - min(
            client.ends[0] - client.seconds[0] for client in played
        )

    async def left(self, fulfilled: int) -> tuple[int, ...]:
        """What the purchases have left behind; the queue is emptied. Raises `NotFulfilled`."""
        database = Database(self.database_url, pool_size=2)
        try:
            broken = await check(database)
            async with database.transaction() as connection:
                row = await connection.fetchrow(LEFT)
                await connection.execute("DELETE FROM pgqueuer")
        finally:
            await database.close()
        assert row is not None  # noqa: S101  # it has no FROM
        if broken:
            raise NotFulfilled(f"{self.name}: {broken[0].row} breaks {broken[0].rule.name}: {broken[0].found}")
        once = {name: row[name] for name in ("orders", "payments", "events", "book_entries", "cards", "notifications")}
        if set(once.values()) != {fulfilled}:
            raise NotFulfilled(f"{self.name}: {fulfilled} purchases have left {once}")
        return tuple(row.values())

    def result(self, *, measured: bool, longest_gc_ms: float = 0.0) -> Contender:
        """`measured`: its processor time says something."""
        count = len(self.latencies)
        return Contender(
            name=self.name,
            rate=Spread.of(self.rates).median,
            p50_ms=quantile(self.latencies, 0.5) * 1000,
            p99_ms=quantile(self.latencies, 0.99) * 1000,
            max_ms=max(self.latencies) * 1000,
            cpu_us=self.cpu_seconds / count * 1e6 if measured else 0.0,
            busy=self.cpu_seconds / self.seconds,
            load_busy=0.0,
            longest_gc_ms=longest_gc_ms,
        )


@asynccontextmanager
async def _databases(url: str) -> AsyncIterator["_Databases"]:
    """Copies of databases on the same server; deleted at the end."""
    connection = await asyncpg.connect(f"{url.rsplit('/', 1)[0]}/postgres")
    databases = _Databases(connection, url)
    try:
        yield databases
    finally:
        for name in databases.names:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.close()


class _Databases:
    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]", url: str) -> None:
        self._connection = connection
        self._server = url.rsplit("/", 1)[0]
        self.names: list[str] = []

    async def copy(self, url: str) -> str:
        """Nobody may be connected to the one that is copied."""
        name = f"bench_{uuid4().hex}"
        self.names.append(name)
        await self._connection.execute(f"CREATE DATABASE {name} TEMPLATE {url.rsplit('/', 1)[1]} STRATEGY file_copy")
        return f"{self._server}/{name}"


async def measure(stage: Stage) -> list[Result]:
    turns = max(LEAST_TURNS, round(A_SECOND * stage.seconds / CLIENTS))
    a_round = turns * CLIENTS
    async with _databases(stage.settings.database_url) as databases:
        prepared = await databases.copy(stage.settings.database_url)
        settings = with_bank(stage.settings, database_url=prepared)
        members = await make_members(replace(stage, settings=settings), MEMBERS, first_id=FIRST_ID)
        # A round that does not count, those that do, and one for the queue.
        told = await purchases.prepare(settings, members, a_round * (stage.rounds + 2))
        played, queued = told[: a_round * (stage.rounds + 1)], told[a_round * (stage.rounds + 1) :]
        recorded = with_bank(settings, database_url=await databases.copy(prepared))
        tape = await _record(recorded, played, warm=queued[0])
        ours, theirs = _Side("arcana", await databases.copy(prepared)), _Side("pgbench", await databases.copy(prepared))
        for side in (ours, theirs):
            connection = await asyncpg.connect(side.database_url)
            await tape.store(connection)
            await connection.close()
        mine = with_bank(settings, database_url=ours.database_url)
        results: list[Result] = [await _duel(stage, tape, ours, theirs, settings=mine, turns=turns)]
        results.append(await _queue(stage, ours, queued, fulfilled=len(played), settings=mine))
        results.append(await _orders(stage, members, told[0], settings=mine))
    return results


async def _record(settings: Settings, told: Sequence[Told], *, warm: Told) -> Tape:
    runs = await purchases.record(settings, told, warm=warm)
    named = {"event": [one.id for one in told], "body": [json.dumps(one.body).decode() for one in told]}
    connection = await asyncpg.connect(settings.database_url)
    try:
        return await Tape.of(connection, runs, named=named)
    finally:
        await connection.close()


async def _duel(stage: Stage, tape: Tape, ours: _Side, theirs: _Side, *, settings: Settings, turns: int) -> Comparison:
    """Both sides fulfil the same purchases in turns; after each round the two databases are alike, and the ledgers
    sum."""
    pgbench = Pgbench(
        theirs.database_url, tape, clients=CLIENTS, cores=stage.cores.server, folder=stage.logs / "pgbench"
    )
    with stage.start(fulfilling_app, settings, tape.take, CLIENTS) as server:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=120) as client:
            for number in range(stage.rounds + 1):
                first = number * turns * CLIENTS
                before = server.cpu_seconds()
                mine = await _play(client, first=first, turns=turns)
                cpu_seconds = server.cpu_seconds() - before
                other = await pgbench.play(first=first, turns=turns)
                fulfilled = (number + 1) * turns * CLIENTS
                if await ours.left(fulfilled) != await theirs.left(fulfilled):
                    raise NotFulfilled("the two databases are not alike")
                if number == 0:
                    server.longest_gc_ms()
                    continue
                ours.note(mine, cpu_seconds)
                theirs.note(other, 0.0)
        longest_gc_ms = server.longest_gc_ms()
    ratios = [mine / other for mine, other in zip(ours.rates, theirs.rates, strict=True)]
    return Comparison(
        name="money.fulfilled",
        title=f"purchases fulfilled, {CLIENTS} at a time ({tape.statements} statements)",
        ratio=Spread.of(ratios),
        rounds=ratios,
        ours=ours.result(measured=True, longest_gc_ms=longest_gc_ms),
        reference=theirs.result(measured=False),
        goal=0.35,
    )


async def _play(client: httpx.AsyncClient, *, first: int, turns: int) -> list[Turns]:
    answer = await client.post("/", json={"first": first, "turns": turns})
    answer.raise_for_status()
    return [Turns(one["ends"], one["seconds"]) for one in json.loads(answer.content)]


async def _queue(stage: Stage, ours: _Side, told: Sequence[Told], *, fulfilled: int, settings: Settings) -> Figure:
    """The same purchases, whose events were kept before, as a worker takes them out of the queue."""
    async with open_container(settings) as container:
        await container.catalogue.reload()
        project = purchases.project_of(container)
        for one in told:
            await purchases.keep(container.database, project, one.event)
    names = [one.id for one in told]
    connection = await asyncpg.connect(ours.database_url)
    try:
        with stage.start(queue_worker, settings):
            async with asyncio.timeout(QUEUE_SECONDS):
                waiting = "SELECT count(*) FROM provider_events WHERE event_id = ANY($1) AND state = 'new'"
                while await connection.fetchval(waiting, names):  # noqa: ASYNC110  # another process works
                    await asyncio.sleep(0.1)
        seconds = await connection.fetchval(
            """
            SELECT extract(epoch FROM max(done_at) - min(done_at))::float8 FROM provider_events
            WHERE event_id = ANY($1)
            """,
            names,
        )
    finally:
        await connection.close()
    await ours.left(fulfilled + len(told))
    return Figure(
        "money.queue",
        "purchases fulfilled out of the worker's queue",
        (len(told) - 1) / seconds,
        "a second",
        facts={"purchases": len(told)},
    )


async def _orders(stage: Stage, members: Sequence[Member], like: Told, *, settings: Settings) -> Figure:
    """`POST /orders` with everything that belongs to it: order, payment, and the page that the bank is asked for."""
    with stage.start(bank_app, cores=stage.cores.load) as played:
        settings = with_bank(settings, database_url=settings.database_url, bank_url=f"http://127.0.0.1:{played.port}")
        sources = await _buyers(settings, members, like)
        with stage.start(our_api, settings) as api:
            return await _press(stage, api, sources)


async def _buyers(settings: Settings, members: Sequence[Member], like: Told) -> list[Requests]:
    """In an ordinary browser, where other ways to pay than Stars are offered."""
    async with open_container(settings) as container:
        await container.catalogue.reload()
        project = purchases.project_of(container)
        tokens = [container.tokens.access(Principal(member.user_id, project.id, "web")) for member in members]
    return [_buyer(token, like) for token in tokens[:CLIENTS]]


def _buyer(token: str, like: Told) -> Requests:
    blank = "0" * 32
    headers = {"authorization": f"Bearer {token}", "idempotency-key": blank}
    price = {"expected_total": like.body["payment"]["amount"], "currency": like.body["payment"]["currency"]}
    body = json.dumps({"package": purchases.PACKAGE, "provider": purchases.PROVIDER, **price})
    before, after = request("POST", "/api/v1/orders", headers, body).split(blank.encode())
    return lambda: before + secrets.token_hex(16).encode() + after


async def _press(stage: Stage, api: Server, sources: Sequence[Requests]) -> Figure:
    load = await Load.open(api.port, sources, status=201)
    total, rates = Tally(), []
    try:
        await load.press(stage.seconds / 2)
        for _ in range(stage.rounds):
            tally = await load.press(stage.seconds)
            rates.append(tally.rate)
            total.latencies += tally.latencies
    finally:
        load.close()
    spread = Spread.of(rates)
    return Figure(
        "money.orders",
        f"orders over HTTP, {len(sources)} connections",
        spread.median,
        "a second",
        facts={
            "middle half": f"{spread.low:.0f} to {spread.high:.0f}",
            "p50": f"{quantile(total.latencies, 0.5) * 1000:.1f} ms",
            "p99": f"{quantile(total.latencies, 0.99) * 1000:.1f} ms",
        },
    )
