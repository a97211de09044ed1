"""The demo: everything in one process tree on loopback, with a Telegram and a model of its own.

Here run the sandboxes; the servers and our own processes are children, and end with us, however we end.
"""

import asyncio
import contextlib
import logging
import os
import re
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import httpx
import uvicorn

from app import demo_payments
from app.catalogue.library import Library
from app.catalogue.repository import CatalogueRepository
from app.catalogue.secrets import TokenUnreadable, open_bot
from app.container import load_keyring, open_container
from app.demo_desk import OWNER, first_id, furnished, page_socket
from app.kit import json
from app.kit.children import Child, keep_running
from app.kit.database import Database
from app.kit.embedded import EmbeddedServerError, EmbeddedServers
from app.kit.migrations import migrate
from app.kit.process import run_until_stopped
from app.kit.telemetry import configure_logging
from app.sandbox import telegram as telegram_sandbox
from app.sandbox.model import server as model_sandbox
from app.sandbox.telegram import stars_keeping
from app.settings import Settings

REAL_TOKEN = re.compile(r"\b[1-9][0-9]{5,15}:(?!SANDBOX)[A-Za-z0-9_-]{30,}\b")
READY_SECONDS = 60.0
PICTURES_SECONDS = 60.0
# A child that dies so often in a row will not come up by itself.
MOST_FAILURES = 8


class DemoError(Exception):
    """Why the demo does not start, in words."""


def say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def done(text: str, since: float) -> None:
    say(f"✓ {text} ({time.monotonic() - since:.1f} s)")


def refuse_real_token(environment: Mapping[str, str]) -> None:
    """The demo lets everybody sign in as anybody: a real bot has no place near it."""
    for name, value in environment.items():
        if REAL_TOKEN.search(value):
            raise DemoError(
                f"The environment variable {name} holds what looks like a real bot token. The demo lets "
                "everybody sign in as anybody, so it does not start near a real bot. Unset it."
            )


def demo_environment(
    environment: Mapping[str, str], *, port: int, data_dir: Path, database_url: str, redis_url: str
) -> dict[str, str]:
    """What our processes are started with. `.env` is left out: it belongs to a real installation."""
    return {
        **{name: value for name, value in environment.items() if value},
        "ENV_FILE": "",
        "DEMO": "true",
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "TELEGRAM_UPDATES": "polling",
        "LOG_FORMAT": "console",
        "PYTHONUNBUFFERED": "1",
    }


def model_profiles(address: str) -> str:
    """The sandbox model under the name that every project uses unless it chose another."""
    profile = {"base_url": f"{address}/v1", "api_key": model_sandbox.KEY, "model": model_sandbox.MODEL}
    return json.dumps({"default": profile}).decode()


def settings_of(environment: Mapping[str, str]) -> Settings:
    """The settings as a process that is started with `environment` reads them."""
    values: dict[str, Any] = {
        name: environment[name.upper()] for name in Settings.model_fields if environment.get(name.upper())
    }
    values["model_profiles"] = json.loads(environment["MODEL_PROFILES"])
    return Settings(_env_file=None, **values)


async def refuse_real_bots(settings: Settings) -> None:
    """Neither does it start on the data of an installation that has opened real bots."""
    keyring = load_keyring(settings)
    database = Database(settings.database_url, pool_size=2)
    try:
        async with database.transaction() as connection:
            catalogue = CatalogueRepository(connection)
            state = await catalogue.serving()
            stored = await catalogue.document(state) if state else None
    finally:
        await database.close()
    for project in stored.document["projects"] if stored else ():
        try:
            bot = open_bot(keyring, project["key"], project.get("bot"))
        except TokenUnreadable:
            continue
        if bot is not None and REAL_TOKEN.search(bot.token.get_secret_value()):
            raise DemoError(
                f"The data in {settings.data_dir} belong to an installation with a real bot (project "
                f"'{project['key']}'). The demo lets everybody sign in as anybody, so it does not start "
                "there. Set DATA_DIR to another folder."
            )


class SandboxServer(uvicorn.Server):
    """A server inside our own loop: signals stay with us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve(app: Any, *listeners: socket.socket) -> AsyncIterator[None]:
    """An ASGI application behind sockets. No access log: addresses may hold tokens."""
    server = SandboxServer(
        uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1)
    )
    running = asyncio.create_task(server.serve(sockets=[*listeners]))
    try:
        while not server.started:
            if running.done():
                running.result()
                raise DemoError("A sandbox ended while it was starting.")
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(running, return_exceptions=True)


def address_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def bot_registrar(desk: Any) -> Callable[[Library], None]:
    """Makes every bot of a catalogue known to the Telegram sandbox."""

    def register(library: Library) -> None:
        for project in library.projects:
            if project.bot is not None:
                desk.add_bot(
                    project.bot.token.get_secret_value(),
                    username=project.bot.username or "sandbox_bot",
                    name=project.text(project.name, project.default_language),
                )

    return register


async def await_ready(settings: Settings, database: Database, children: list[Child]) -> None:
    """Wait until the API says that it is ready and the worker has beaten."""
    deadline = time.monotonic() + READY_SECONDS
    async with database.connection() as connection:
        started = await connection.fetchval("SELECT now()")
    async with httpx.AsyncClient(base_url=settings.public_url, timeout=5) as client:
        while time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            for child in children:
                if child.ended:
                    raise DemoError(f"The process '{child.name}' ended while it was starting:\n{child.log_tail()}")
            try:
                ready = await client.get("/readyz")
            except httpx.TransportError:
                continue
            async with database.connection() as connection:
                beats = await connection.fetchval("SELECT count(*) FROM beats WHERE beaten_at > $1", started)
            if ready.status_code == 200 and beats:
                return
    logs = "\n".join(child.log_tail() for child in children)
    raise DemoError(f"Nothing became ready within {READY_SECONDS:.0f} seconds:\n{logs}")


async def await_pictures(database: Database) -> int:
    """How many pictures were drawn for phones, the first time; ends early when that takes too long."""
    drawn = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PICTURES_SECONDS), database.connection() as connection:
            while left := await connection.fetchval("SELECT count(*) FROM pictures WHERE state = 'pending'"):
                drawn = max(drawn, left)
                await asyncio.sleep(0.2)
    return drawn


def tell_end(child: Child, code: int, failures: int) -> None:
    """Says that a child is started again, or gives up."""
    if failures >= MOST_FAILURES:
        raise DemoError(
            f"The process '{child.name}' ended {failures} times in a row, last with code {code}:\n{child.log_tail()}"
        )
    say(f"! The process '{child.name}' ended with code {code}; it is started again (see {child.log}).")


async def watch(children: list[Child]) -> None:
    """Keep all children running until cancelled; raises DemoError when one cannot be kept."""
    try:
        async with asyncio.TaskGroup() as group:
            for child in children:
                group.create_task(keep_running(child, on_end=tell_end))
    except* DemoError as errors:
        raise errors.exceptions[0] from None


async def stop_all(children: list[Child]) -> None:
    await asyncio.gather(*(child.stop() for child in children))


def log_to(path: Path) -> TextIO:
    """Our own log goes to a file: the screen is for the person in front of it."""
    configure_logging(level="info", style="console")
    file = path.open("a", encoding="utf-8")
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setStream(file)
    return file


async def run(*, port: int, data_dir: Path) -> None:
    """The whole demo, until cancelled."""
    since = time.monotonic()
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(EmbeddedServers(data_dir))
        done("Postgres and Redis", since)
        logs = data_dir / "logs"
        logs.mkdir(mode=0o700, exist_ok=True)
        stack.enter_context(log_to(logs / "demo.log"))

        since = time.monotonic()
        await migrate(servers.database_url)
        done("Database is up to date", since)

        since = time.monotonic()
        environment = demo_environment(
            os.environ,
            port=port,
            data_dir=data_dir,
            database_url=servers.database_url,
            redis_url=servers.redis_url,
        )
        # They listen from now on and answer as soon as they are ready: our processes take longer to start.
        # Bots get another address each time: this Telegram has forgotten what they told the last one.
        telegram_socket = socket.create_server(("127.0.0.1", 0))
        desk_socket = page_socket(port)
        model_socket = socket.create_server(("127.0.0.1", 0))
        stripe_socket, yookassa_socket, bank_socket = (socket.create_server(("127.0.0.1", 0)) for _ in range(3))
        environment["TELEGRAM_API_URL"] = address_of(telegram_socket)
        environment["DESK_URL"] = address_of(desk_socket)
        environment |= demo_payments.environment(
            stripe=address_of(stripe_socket), yookassa=address_of(yookassa_socket), bank=address_of(bank_socket)
        )
        environment.setdefault("SUPER_ADMINS", str(OWNER["id"]))
        environment.setdefault("MODEL_PROFILES", model_profiles(address_of(model_socket)))
        settings = settings_of(environment)
        await refuse_real_bots(settings)
        children = [
            Child("api", "app", "api", environment=environment, log=logs / "api.log"),
            Child("worker", "app.background", environment=environment, log=logs / "worker.log"),
        ]
        stack.push_async_callback(stop_all, children)
        for child in children:
            await child.start()

        telegram = telegram_sandbox.create_app(test_environment=True, first_id=first_id())
        services = await stack.enter_async_context(open_container(settings))
        register = bot_registrar(telegram.state.desk)
        services.catalogue.on_change(register)
        await services.catalogue.start(refreshing=False)
        stack.push_async_callback(services.catalogue.stop)
        register(services.catalogue.library())
        stars = demo_payments.keep(telegram, settings, "stars", stars_keeping, telegram.state.desk.stars)
        await stack.enter_async_context(serve(stars, telegram_socket, desk_socket))
        await stack.enter_async_context(furnished(settings.desk_url, services.catalogue))
        await stack.enter_async_context(serve(model_sandbox.create_app(), model_socket))
        stripe, yookassa, bank = demo_payments.create_apps(settings, services.catalogue)
        await stack.enter_async_context(serve(stripe, stripe_socket))
        await stack.enter_async_context(serve(yookassa, yookassa_socket))
        await stack.enter_async_context(serve(bank, bank_socket))
        done("Telegram, a model, a bank, Stripe and YooKassa, played by sandboxes", since)

        # Once more, so that they end before what they talk to.
        stack.push_async_callback(stop_all, children)
        since = time.monotonic()
        await await_ready(settings, services.database, children)
        done("API, worker and polling", since)
        since = time.monotonic()
        if await await_pictures(services.database):
            # Who begins before that sees plain cards; the reading would keep them.
            done("Pictures in the sizes of phones, only this time", since)

        say(f"· Data and logs are in {data_dir}; stop with Ctrl-C")
        say(f"· Telegram on the desk, the user to the left and the staff to the right: {settings.desk_url}/\n")
        sys.stdout.write(f"open {settings.public_url}/\n")
        sys.stdout.flush()
        await watch(children)


def read_place(environment: Mapping[str, str]) -> tuple[int, Path]:
    """Port and data folder of the demo; raises DemoError when it must not or cannot start there."""
    refuse_real_token(environment)
    text = environment.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise DemoError(f"PORT is '{text}'; a port is a number between 1 and 65535.")
    port = int(text)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise DemoError(
                f"Port {port} is taken by another program. Stop it, or choose another: PORT=8080 ./entrypoint.sh demo"
            ) from None
    return port, Path(environment.get("DATA_DIR") or ".arcana").resolve()


def run_demo() -> int:
    """Run the demo until Ctrl-C; the exit code of the process."""

    try:
        port, data_dir = read_place(os.environ)
        run_until_stopped(run(port=port, data_dir=data_dir))
    except (DemoError, EmbeddedServerError) as error:
        sys.stderr.write(f"\n  ✗ {error}\n")
        return 1
    say("Stopped.")
    return 0
