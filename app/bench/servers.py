"""Processes of our own under load: an ASGI application, or jobs beside it, pinned to a core."""

import asyncio
import contextlib
import gc
import importlib
import multiprocessing
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any, Self

import psutil
import uvicorn
from starlette.types import ASGIApp

from app.bench.cores import pin

READY_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class Program:
    """What a process runs: an application behind HTTP, coroutines beside it until the end, or both."""

    app: ASGIApp | None = None
    beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = field(default_factory=tuple)
    # Ours comes up and down by its lifespan; a bare application has none.
    lifespan: bool = True


# Called in the process itself; must be importable, and its arguments are pickled.
Factory = Callable[..., Program]


def new_loop() -> asyncio.AbstractEventLoop:
    """uvloop, as the product runs, where there is one."""
    if sys.platform == "win32":
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    return loop


@cache
def _context() -> Any:
    """Processes that begin without anything of this one; the imports are done once where the system can fork."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["app.main"])
    return context


class Server:
    """A running process. `port` is 0 if it serves nothing."""

    def __init__(self, process: Any, pipe: Pipe) -> None:
        self._process, self._pipe = process, pipe
        self.port = 0

    @classmethod
    def start(cls, factory: Factory, *arguments: Any, cores: frozenset[int], log: Path) -> Self:
        """Starts it and waits until it serves; raises `RuntimeError` with its last words if it does not."""
        context = _context()
        ours, its = context.Pipe()
        process = context.Process(target=_main, args=(its, cores, str(log), factory, arguments), daemon=True)
        process.start()
        its.close()
        server = cls(process, ours)
        try:
            if not ours.poll(READY_SECONDS):
                raise EOFError
            server.port = ours.recv()
        except EOFError:
            server.stop()
            raise RuntimeError(f"{factory.__name__} did not start:\n{log.read_text()[-3000:]}") from None
        return server

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._process.pid)

    def cpu_seconds(self) -> float:
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def longest_gc_ms(self) -> float:
        """The longest garbage collection since the last question."""
        self._pipe.send("gc")
        return float(self._pipe.recv())

    def stop(self) -> None:
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Collections:
    """Times the garbage collections of this process."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._began = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
        else:
            self.longest = max(self.longest, time.perf_counter() - self._began)

    def take_ms(self) -> float:
        longest, self.longest = self.longest, 0.0
        return longest * 1000


def _main(pipe: Pipe, cores: frozenset[int], log: str, factory: Factory, arguments: tuple[Any, ...]) -> None:
    pin(cores)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_run(pipe, factory(*arguments)))


async def _run(pipe: Pipe, program: Program) -> None:
    beside = [asyncio.create_task(work()) for work in program.beside]
    ended = asyncio.Event()
    if program.app is None:
        _answer_parent(pipe, 0, ended)
        await ended.wait()
    else:
        with _listening() as listener:
            server = uvicorn.Server(
                uvicorn.Config(
                    program.app,
                    loop="none",
                    http="httptools",
                    lifespan="on" if program.lifespan else "off",
                    access_log=False,
                    log_config=None,
                    server_header=False,
                    proxy_headers=False,
                    timeout_graceful_shutdown=1,
                )
            )
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            while not server.started:
                if serving.done():
                    serving.result()
                    raise RuntimeError("the application did not start")
                await asyncio.sleep(0.01)
            # The bare applications get what ours does for itself.
            gc.collect()
            gc.freeze()
            _answer_parent(pipe, listener.getsockname()[1], ended)
            await ended.wait()
            server.should_exit = True
            await serving
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)


def _answer_parent(pipe: Pipe, port: int, ended: asyncio.Event) -> None:
    """Says that we are ready, answers questions from now on, and sets `ended` when the parent has gone."""
    loop, collections = asyncio.get_running_loop(), _Collections()

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            pipe.send(port)
            while pipe.recv() == "gc":
                pipe.send(collections.take_ms())
        loop.call_soon_threadsafe(ended.set)

    threading.Thread(target=listen, daemon=True).start()


@contextlib.contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(2048)
        yield listener
