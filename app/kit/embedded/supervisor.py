"""The process that owns the embedded servers: `python -m app.kit.embedded.supervisor`.

It reads one JSON line from standard input (what to start), answers one on standard output (addresses, or why
not), and then keeps the servers running until standard input closes or its parent is gone: both are
true also after a kill -9, on any Unix. Only the standard library is imported here: it stays small.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any

from app.kit.embedded.account import choose_account
from app.kit.embedded.errors import EmbeddedServerError
from app.kit.embedded.postgres import Postgres
from app.kit.embedded.redis import Redis
from app.kit.embedded.storage import Storage, lock, open_storage

_READY_SECONDS = 60.0
_STOP_SECONDS = 20.0
_TICK_SECONDS = 0.5


@dataclass(slots=True)
class Server:
    """One server and its process; starts it again when it ends by itself."""

    name: str
    kind: Postgres | Redis
    log: IO[bytes]
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started_at: float = 0.0
    retry_at: float = 0.0

    def start(self, *, other_port: bool = False) -> None:
        self.process = self.kind.start(self.log, other_port=other_port)
        self.started_at = time.monotonic()

    def ready_or_dead(self) -> bool | None:
        """True when it serves, False when it has ended, None while it is starting."""
        assert self.process is not None  # noqa: S101 - for the type checker: called after start
        if self.process.poll() is not None:
            return False
        return True if self.kind.is_ready(self.process) else None

    def tend(self) -> None:
        """Start it again if it has ended, more slowly each time that it ends soon after."""
        if self.process is not None and self.process.poll() is not None:
            lasted = time.monotonic() - self.started_at
            self.failures = 0 if lasted > 60 else self.failures + 1
            self.retry_at = time.monotonic() + min(10.0, 0.1 * 2**self.failures)
            self.process = None
        if self.process is None and time.monotonic() >= self.retry_at:
            self.start()

    def stop(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, deadline: float) -> bool:
        if self.process is None:
            return True
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return False
        return True


@dataclass(slots=True)
class Supervisor:
    """Starts the servers of one folder, tends them, and stops them."""

    request: dict[str, Any]
    owner: int
    storage: Storage | None = None
    servers: list[Server] = field(default_factory=list)
    held: IO[str] | None = None
    stopping: bool = False

    def start(self) -> dict[str, str]:
        """Start what was asked for and wait until it serves; the addresses."""
        home = Path(self.request["data_directory"]) if self.request["data_directory"] else None
        self.storage = storage = open_storage(home, choose_account())
        self.held = lock(storage, owner=self.owner)
        state = storage.read_state()
        throwaway = bool(self.request["throwaway"]) or home is None
        kinds: list[tuple[str, type[Postgres] | type[Redis]]] = [("postgres", Postgres), ("redis", Redis)]
        for name, kind in kinds:
            if self.request[name]:
                prepared = kind.prepare(storage, state, throwaway=throwaway)
                self.servers.append(Server(name, prepared, storage.open_log(name)))
                # Kept before the first start: a password that is only in memory would be lost by a kill.
                storage.write_state(state)
        for server in self.servers:
            server.start()
        for server in self.servers:
            self._await_ready(server)
            state[server.name]["port"] = server.kind.port
        storage.write_state(state)
        return {"root": str(storage.root)} | {f"{server.name}_url": server.kind.url for server in self.servers}

    def _await_ready(self, server: Server) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        attempts = 1
        while not self.stopping and not self.abandoned(0.02):
            state = server.ready_or_dead()
            if state:
                return
            if time.monotonic() > deadline:
                raise self._failure(server, f"did not become ready within {_READY_SECONDS:.0f} seconds")
            if state is False:
                # The port may have been taken since it was chosen; old sessions of a killed server may
                # need a moment to notice that it is gone.
                if attempts >= 4:
                    raise self._failure(server, "ended while it was starting")
                attempts += 1
                time.sleep(0.2)
                server.start(other_port=True)
        raise EmbeddedServerError("The start was interrupted.")

    def _failure(self, server: Server, what: str) -> EmbeddedServerError:
        assert self.storage is not None  # noqa: S101 - for the type checker: set by start
        return EmbeddedServerError(
            f"The embedded {server.name} {what}. The end of {self.storage.root / server.name}.log:\n"
            f"{self.storage.log_tail(server.name)}"
        )

    def abandoned(self, seconds: float) -> bool:
        """Wait up to `seconds`; whether nobody wants the servers any more."""
        readable, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(readable) or os.getppid() != self.owner

    def run(self) -> None:
        """Keep the servers running until they are no longer wanted."""
        while not self.stopping and not self.abandoned(_TICK_SECONDS):
            for server in self.servers:
                try:
                    server.tend()
                except OSError as error:
                    server.log.write(f"arcana: cannot be started again: {error}\n".encode())
                    server.log.flush()
                    server.retry_at = time.monotonic() + 10.0

    def stop(self) -> None:
        """Stop all servers: gracefully, then firmly. Temporary data is deleted."""
        for server in self.servers:
            server.stop(server.kind.stop_signal())
        deadline = time.monotonic() + _STOP_SECONDS
        for server in self.servers:
            if not server.wait(deadline):
                # SIGQUIT is Postgres's immediate shutdown, which takes its children along.
                server.stop(signal.SIGQUIT)
                if not server.wait(time.monotonic() + 5.0):
                    server.stop(signal.SIGKILL)
                    server.wait(time.monotonic() + 5.0)
            server.log.close()
        if self.storage is not None and not self.request["data_directory"]:
            shutil.rmtree(self.storage.root, ignore_errors=True)
        if self.held is not None:
            self.held.close()


def main() -> int:
    """Serve one request; the exit code is 0 when the servers ran, 1 when they could not be started."""
    # Sessions and terminals of the owner are none of our business: it says itself when to end.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    request = json.loads(sys.stdin.readline())
    supervisor = Supervisor(request, owner=int(request["owner"]))

    def end(_number: int, _frame: FrameType | None) -> None:
        supervisor.stopping = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    answer: dict[str, str]
    try:
        answer = supervisor.start()
    except EmbeddedServerError as error:
        answer = {"error": str(error)}
    except (OSError, subprocess.SubprocessError) as error:
        answer = {"error": f"The embedded servers could not be started: {error}."}
    try:
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        if "error" not in answer:
            supervisor.run()
    finally:
        supervisor.stop()
    return 1 if "error" in answer else 0


if __name__ == "__main__":
    sys.exit(main())
