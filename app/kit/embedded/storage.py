"""Where the embedded servers keep what survives a restart: lock, secrets, ports, data, logs."""

import fcntl
import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.kit.embedded.account import Account
from app.kit.embedded.errors import EmbeddedServerError

_SHARED_ROOT = Path("/var/lib/arcana")
_LOG_LIMIT_BYTES = 10 * 1024 * 1024


@dataclass(slots=True)
class Storage:
    """The folder that was asked for (`home`: lock, secrets) and the one that the servers' account reaches
    (`root`: data and logs). They are the same unless we are root and the first lies in a private folder."""

    home: Path
    root: Path
    account: Account

    def read_state(self) -> dict[str, Any]:
        """Passwords, ports and versions of earlier starts."""
        path = self.home / "servers.json"
        if not path.exists():
            return {}
        try:
            state = json.loads(path.read_text())
        except ValueError:
            state = None
        if not isinstance(state, dict):
            raise EmbeddedServerError(
                f"{path} is damaged, and it holds the servers' passwords. Restore it, or move the whole "
                "folder aside to start afresh."
            )
        return state

    def write_state(self, state: dict[str, Any]) -> None:
        """Replace the state in one step; only its owner may read it, because it holds the passwords."""
        path = self.home / "servers.json"
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(state, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    def folder(self, name: str) -> Path:
        """A folder below `root` that belongs to the servers' account alone."""
        path = self.root / name
        path.mkdir(mode=0o700, exist_ok=True)
        path.chmod(0o700)
        self.account.give(path)
        return path

    def open_log(self, name: str) -> IO[bytes]:
        """The log of a server, appended to; a long one is put aside first (one old copy is kept)."""
        path = self.root / f"{name}.log"
        if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
            path.replace(path.with_suffix(".log.old"))
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")

    def log_tail(self, name: str, *, lines: int = 8) -> str:
        """The last lines of a server's log, for an error message."""
        try:
            with (self.root / f"{name}.log").open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 4096))
                text = file.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def reachable_binaries(self, package: Path, *, name: str, entries: tuple[str, ...], probe: str) -> Path:
        """`package` itself when the servers' account can run it there, else a copy of `entries` that it can.

        A virtual environment under root's home is closed to any other account.
        """
        if self.account.can_access(package / probe, os.R_OK | os.X_OK):
            return package
        target = self.root / "binaries" / name
        if not target.exists():
            target.parent.mkdir(mode=0o755, exist_ok=True)
            target.parent.chmod(0o755)
            fresh = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
            for entry in entries:
                source = package / entry
                if source.is_dir():
                    shutil.copytree(source, fresh / entry, symlinks=True)
                else:
                    (fresh / entry).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(source, fresh / entry)
            for path in (fresh, *fresh.rglob("*")):
                if not path.is_symlink():
                    executable = path.is_dir() or path.stat().st_mode & 0o100
                    path.chmod(0o755 if executable else 0o644)
            fresh.rename(target)
        return target


def open_storage(home: Path | None, account: Account) -> Storage:
    """The storage in `home` (made if missing), or in a new temporary folder when `home` is None."""
    if home is None:
        return _temporary_storage(account)
    home = home.expanduser().resolve()
    try:
        home.mkdir(mode=0o711 if account.switch else 0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise EmbeddedServerError(f"{home} cannot be the data folder: a file is in the way.") from None
    except OSError as error:
        raise EmbeddedServerError(f"The data folder {home} cannot be made: {error.strerror}.") from None
    if not os.access(home, os.W_OK | os.X_OK):
        raise EmbeddedServerError(f"The data folder {home} is not writable for this user.")
    if account.switch:
        home.chmod(home.stat().st_mode | 0o011)
    if account.can_access(home, os.X_OK):
        return _keep_owner(Storage(home=home, root=home, account=account))
    return _keep_owner(Storage(home=home, root=_elsewhere(home), account=account))


def _keep_owner(storage: Storage) -> Storage:
    """Go on with the account that owns the data: another may be preferred since (a user was installed)."""
    for name in ("postgres", "redis"):
        if storage.account.switch and (storage.root / name).exists():
            owner = (storage.root / name).stat()
            if owner.st_uid != 0:
                storage.account = Account(uid=owner.st_uid, gid=owner.st_gid, switch=True)
    return storage


def _elsewhere(home: Path) -> Path:
    """A folder outside of root's private ones, remembered in `home`.

    Not opened up in place: making root's home passable would change who can reach everything else in it. The
    name is random and kept in `home`, so that a deleted data folder means a fresh start, never old data.
    """
    pointer = home / "storage-location"
    if pointer.exists():
        root = Path(pointer.read_text().strip())
        if not root.is_dir():
            raise EmbeddedServerError(
                f"The data of {home} was kept in {root}, which is gone. Restore it, or delete {pointer} to "
                "start with empty servers."
            )
        return root
    root = _SHARED_ROOT / f"{home.parent.name or 'data'}-{secrets.token_hex(6)}"
    try:
        _SHARED_ROOT.mkdir(mode=0o711, parents=True, exist_ok=True)
        root.mkdir(mode=0o711)
    except OSError as error:
        raise EmbeddedServerError(
            f"The servers run under an ordinary account, which cannot enter {home}, and {root} cannot be "
            f"made either ({error.strerror}). Set DATA_DIR to a folder that everybody may pass through, "
            "such as /srv/arcana."
        ) from None
    pointer.write_text(f"{root}\n")
    return root


def _temporary_storage(account: Account) -> Storage:
    for parent in dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp"))):  # noqa: S108  # looked at, not written to
        if parent.is_dir() and account.can_access(parent, os.X_OK) and os.access(parent, os.W_OK):
            root = Path(tempfile.mkdtemp(prefix="arcana-", dir=parent))
            root.chmod(0o711 if account.switch else 0o700)
            return Storage(home=root, root=root, account=account)
    raise EmbeddedServerError("No temporary folder can be reached by the account that the servers run under.")


def lock(storage: Storage, *, owner: int, patience: float = 30.0) -> IO[str]:
    """Hold the folder as long as the returned file is open. A second start is refused in words; the servers
    of an owner that has died are given `patience` seconds to end."""
    path = storage.home / "lock"
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip()
            alive = holder.isdigit() and _alive(int(holder))
            if alive or time.monotonic() > deadline:
                file.close()
                who = f"process {holder}" if holder else "another process"
                raise EmbeddedServerError(
                    f"The servers of {storage.home} are already in use by {who}. Stop it first, or set "
                    "DATA_DIR to another folder."
                ) from None
            time.sleep(0.05)
    file.seek(0)
    file.truncate()
    file.write(str(owner))
    file.flush()
    return file


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def choose_port(remembered: int | None, *, avoid: frozenset[int] = frozenset()) -> int:
    """The remembered loopback port while it is free, else a free one."""
    if remembered and remembered not in avoid and _is_free(remembered):
        return remembered
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in avoid:
            return port


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of the last run in TIME_WAIT do not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            return False
    return True
