"""The account that the servers run under: Postgres refuses root, and root is what a container often is."""

import contextlib
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from app.kit.embedded.errors import EmbeddedServerError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a server runs as. `switch` is true when we are root and have to become somebody else first."""

    uid: int
    gid: int
    switch: bool

    def can_access(self, path: Path, mode: int) -> bool:
        """Whether this account reaches `path` with `mode` (os.R_OK, os.X_OK, …), as the kernel sees it."""
        if not self.switch:
            return os.access(path, mode)
        # Asked by a forked child that became the account: mode bits alone do not know ACLs and mounts.
        child = os.fork()
        if child == 0:
            answer = 2
            try:
                os.setgroups([])
                os.setgid(self.gid)
                os.setuid(self.uid)
                answer = 0 if os.access(path, mode) else 1
            finally:
                os._exit(answer)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) == 0

    def give(self, path: Path) -> None:
        """Make the account the owner of `path`."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def run(self, command: Sequence[str], *, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run a short command to its end as this account; its output is captured."""
        return subprocess.run(  # noqa: S603 - our own binaries and arguments
            command,
            cwd=cwd,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=_environment(),
            preexec_fn=end_with_parent(9),
            **self._identity(),
        )

    def spawn(
        self, command: Sequence[str], *, cwd: Path, log: IO[bytes], text: str = "", death_signal: int
    ) -> subprocess.Popen[bytes]:
        """Start a server as this account; `text` goes to its standard input, which is then closed."""
        process = subprocess.Popen(  # noqa: S603 - our own binaries and arguments
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(),
            preexec_fn=end_with_parent(death_signal),
            **self._identity(),
        )
        assert process.stdin is not None  # noqa: S101 - for the type checker: stdin is PIPE
        # Broken when the server ended at once: the caller sees its exit code and its log.
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(text.encode())
            process.stdin.close()
        return process

    def _identity(self) -> dict[str, Any]:
        if not self.switch:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose_account() -> Account:
    """The current account; for root the system's `postgres` if there is one, else `nobody`.

    No account is created. A bare number would not do: initdb looks the name up and refuses a nameless one.
    """
    if os.geteuid() != 0:
        return Account(uid=os.geteuid(), gid=os.getegid(), switch=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid > 0:
            return Account(uid=entry.pw_uid, gid=entry.pw_gid, switch=True)
    raise EmbeddedServerError(
        "Postgres does not run as root, and this system has neither a user 'postgres' nor a user 'nobody'. "
        "Start as an ordinary user, or set DATABASE_URL and REDIS_URL to servers of your own."
    )


def end_with_parent(number: int) -> Callable[[], None] | None:
    """For `preexec_fn`: let the kernel send signal `number` to the child when its parent dies (Linux only).

    A second belt: the supervisor ends its servers itself, this serves when the supervisor was killed. It has
    to run after the change of account, which clears the setting; subprocess calls `preexec_fn` after it.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getpid()

    def arrange() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def command_line(pid: int) -> str:
    """The command line of a process; empty when there is no such process."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    command = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 - a number


def end_leftover(pid: int, is_ours: Callable[[int], bool], *, signals: Sequence[int]) -> None:
    """End a server that outlived a killed supervisor: each signal in turn, ten seconds apart."""
    for number in signals:
        deadline = time.monotonic() + 10.0
        if not is_ours(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        while is_ours(pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def _environment() -> dict[str, str]:
    # Nothing of ours (tokens, database addresses, PG* settings) belongs into a server's environment.
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "LC_ALL": "C", "TZ": "UTC"}
