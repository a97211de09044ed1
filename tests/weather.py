"""Bad weather for real servers: a proxy that can take one away, and workers as processes that can be killed."""

import asyncio
import contextlib
import ctypes
import multiprocessing
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.kit import json
from app.kit.children import Child
from app.kit.process import run_until_stopped
from app.kit.telemetry import configure_logging
from app.settings import Settings

Seen = TypeVar("Seen")


async def until(
    look: Callable[[], Awaitable[Seen]], *, seconds: float = 15.0, every: float = 0.05, what: str = "what we wait for"
) -> Seen:
    """The first true answer of `look`; fails the test when there is none in time."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    while not (seen := await look()):
        assert clock() < deadline, f"{what} has not come in {seconds:g} s"
        await asyncio.sleep(every)
    return seen


class Proxy:
    """A TCP proxy to one server. It starts open; each change of weather is immediate."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        # Bound and never listening, it keeps the port ours while nobody listens there.
        self._keeper = _bound(0)
        self.port: int = self._keeper.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """New connections are accepted (again)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, sock=_bound(self.port))

    def cut(self) -> None:
        """Every connection breaks; new ones are accepted."""
        for writer in list(self._writers):
            writer.transport.abort()

    def refuse(self) -> None:
        """Every connection breaks, and new ones are refused, as by a server that is not there."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def freeze(self) -> None:
        """Connections stay and new ones are accepted, but not a byte comes through."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was frozen flows on."""
        self._flowing.set()

    async def close(self) -> None:
        self.refuse()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        self._keeper.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        self._writers.add(writer)
        far_writer: asyncio.StreamWriter | None = None
        try:
            await self._flowing.wait()
            far_reader, far_writer = await asyncio.open_connection(*self._target)
            self._writers.add(far_writer)
            await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        except (OSError, asyncio.CancelledError):
            # The server behind is gone, or the proxy is being closed; asyncio would log it as a failure.
            return
        finally:
            for end in filter(None, (writer, far_writer)):
                self._writers.discard(end)
                end.transport.abort()
            self._pumps.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


@asynccontextmanager
async def in_front_of(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy before the server of `url`, and the url that leads through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    proxy = Proxy(parts.hostname, parts.port)
    await proxy.open()
    try:
        yield proxy, url.replace(f":{parts.port}", f":{proxy.port}", 1)
    finally:
        await proxy.close()


def environment(settings: Settings) -> dict[str, str]:
    """What a process of ours is started with to have these settings."""
    variables = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1"}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        variables[name.upper()] = _variable(value)
    return {**variables, "ENV_FILE": ""}


def _variable(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        profiles = {
            name: {**profile.model_dump(mode="json"), "api_key": profile.api_key.get_secret_value()}
            for name, profile in value.items()
        }
        return json.dumps(profiles).decode()
    return str(value)


def talkative(settings: Settings) -> Settings:
    """With a log from which one sees how far a process has come."""
    return settings if settings.log_level == "debug" else settings.model_copy(update={"log_level": "info"})


class _Signals:
    """What can be done to a process by its id."""

    id: int
    log: Path

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.id, number)

    async def said(self, words: str, *, seconds: float = 30.0) -> None:
        """Until the log has these words."""

        async def look() -> bool:
            return self.log.exists() and words in self.log.read_text()

        await until(look, seconds=seconds, what=f"{words!r} in {self.log.name}")


class Process(Child, _Signals):
    """`python -m app <command>` with its log in a file; it ends with the tests."""

    def __init__(self, command: str, settings: Settings, log: Path) -> None:
        super().__init__(command, "app", command, environment=environment(talkative(settings)), log=log)

    async def kill(self) -> None:
        """As the kernel does when memory is short: no last words."""
        self.signal(signal.SIGKILL)
        await self.wait()


# Its server has everything imported, which takes seconds, so that a process is there in a moment.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["app.worker.runner", "app.main", "uvicorn"])
_PR_SET_PDEATHSIG = 1


def _begin(settings: Settings, log: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    configure_logging(level=talkative(settings).log_level, style="json")


def _work(settings: Settings, log: str) -> None:
    from app.worker.runner import run_worker

    _begin(settings, log)
    run_until_stopped(run_worker(settings))


def _serve(settings: Settings, log: str) -> None:
    import uvicorn

    from app.main import build_api, wrap_api

    _begin(settings, log)
    uvicorn.run(
        wrap_api(build_api(settings), settings),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
    )


class _Forked(_Signals):
    """A process of its own that starts fast."""

    def __init__(self, work: Callable[[Settings, str], None], settings: Settings, log: Path) -> None:
        self.log = log
        self._process = _FORKS.Process(target=work, args=(settings, str(log)), daemon=True)

    async def start(self) -> None:
        await asyncio.to_thread(self._process.start)
        assert self._process.pid is not None
        self.id = self._process.pid

    @property
    def ended(self) -> bool:
        return not self._process.is_alive()

    async def wait(self, *, seconds: float = 15.0) -> int:
        """Its exit code, once it has ended by itself."""
        await asyncio.to_thread(self._process.join, seconds)
        assert self._process.exitcode is not None, f"{self.log.name}: still running"
        return self._process.exitcode

    async def kill(self) -> None:
        """As the kernel does when memory is short: no last words."""
        self._process.kill()
        await self.wait()


class ForkedWorker(_Forked):
    """What `python -m app worker` runs."""

    def __init__(self, settings: Settings, log: Path) -> None:
        super().__init__(_work, settings, log)


class ForkedApi(_Forked):
    """What `python -m app api` runs, at the port of the settings."""

    def __init__(self, settings: Settings, log: Path) -> None:
        super().__init__(_serve, settings, log)


WorkerClass = TypeVar("WorkerClass", Process, ForkedWorker)


@asynccontextmanager
async def running(worker: WorkerClass) -> AsyncIterator[WorkerClass]:
    """A worker that is ready; killed at the end if it still lives, also when it is stopped."""
    await worker.start()
    try:
        await worker.said("the worker is ready")
        yield worker
    finally:
        if not worker.ended:
            await worker.kill()
