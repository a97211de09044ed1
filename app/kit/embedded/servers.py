"""The handle by which a process asks for embedded servers and lets them go."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from app.kit.embedded.errors import EmbeddedServerError
from app.kit.embedded.postgres import database_address
from app.kit.embedded.redis import redis_address

_CHECKOUT = Path(__file__).resolve().parents[3]


class EmbeddedServers:
    """A Postgres and a Redis on loopback, running while this object is entered (`with` or `async with`).

    Their data is kept in `data_directory`; without one, in a temporary folder that is deleted at the end.
    `throwaway` (implied there) trades the safety of the data for speed. Raises EmbeddedServerError, in words.
    When this process dies, in whatever way, the servers are stopped by their supervisor process.
    """

    def __init__(
        self,
        data_directory: Path | None = None,
        *,
        postgres: bool = True,
        redis: bool = True,
        throwaway: bool = False,
    ) -> None:
        self._request = {
            "data_directory": str(data_directory) if data_directory is not None else None,
            "postgres": postgres,
            "redis": redis,
            "throwaway": throwaway,
        }
        self._process: subprocess.Popen[str] | None = None
        self._answer: dict[str, str] = {}

    @property
    def database_url(self) -> str:
        """`postgresql://…` with its password; the database is empty at first and owned by its user."""
        return self._answer["postgres_url"]

    @property
    def redis_url(self) -> str:
        """`redis://…` with its password."""
        return self._answer["redis_url"]

    @property
    def location(self) -> Path:
        """Where data and logs lie: the data folder, or another if that is closed to the servers' account."""
        return Path(self._answer["root"])

    @property
    def supervisor_id(self) -> int:
        """The process id of the supervisor."""
        if self._process is None:
            raise EmbeddedServerError("The embedded servers are not running.")
        return self._process.pid

    def start(self) -> Self:
        """Start the servers and wait until they serve (about a second the first time, 0.2 s afterwards)."""
        if self._process is not None:
            raise EmbeddedServerError("The embedded servers of this object are already running.")
        # Isolated from the terminal: Ctrl-C goes to us, and we say when to stop.
        process = subprocess.Popen(
            [sys.executable, "-m", "app.kit.embedded.supervisor"],
            cwd=_CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - for the type checker: pipes
        self._process = process
        try:
            process.stdin.write(json.dumps({**self._request, "owner": os.getpid()}) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        except BaseException:  # also Ctrl-C: no server outlives its start
            self.stop()
            raise
        silent = {"error": "The supervisor of the embedded servers ended before it answered."}
        self._answer = json.loads(line) if line else silent
        if "error" in self._answer:
            self.stop()
            raise EmbeddedServerError(self._answer["error"])
        return self

    def stop(self) -> None:
        """Stop the servers and wait until they are gone. Harmless when they are not running."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.stop)


@dataclass(frozen=True, slots=True)
class RunningServers:
    """Addresses of servers that another process of this installation has started."""

    database_url: str
    redis_url: str


def running_servers(data_directory: Path) -> RunningServers | None:
    """The servers that run in `data_directory` right now, or None. They live as long as their owner does."""
    home = data_directory.expanduser().resolve()
    try:
        with (home / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                state = json.loads((home / "servers.json").read_text())
            else:
                return None
        found = RunningServers(
            database_url=database_address(state["postgres"]["password"], state["postgres"]["port"]),
            redis_url=redis_address(state["redis"]["password"], state["redis"]["port"]),
        )
        for address in (found.database_url, found.redis_url):
            socket.create_connection(("127.0.0.1", urlsplit(address).port), timeout=1).close()
    except (OSError, ValueError, KeyError):
        return None
    return found
