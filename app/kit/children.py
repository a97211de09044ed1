"""Child processes of ours: they end with their parent, however it went, and start again when they fail."""

import asyncio
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 20.0

# Called with the child, its exit code, and how often in a row it has ended soon after its start.
OnEnd = Callable[["Child", int, int], None]


class Child:
    """`python -m <module> <arguments>` as a child, with its output appended to `log`."""

    def __init__(self, name: str, module: str, *arguments: str, environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self._arguments = (module, *arguments)
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns at once."""
        output = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # Its standard input is the lifeline: it closes when we are gone. Ctrl-C goes to us alone.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "app.kit.children",
                *self._arguments,
                cwd=_CHECKOUT,
                env=self._environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(output)

    @property
    def id(self) -> int:
        """The process id of the present process."""
        assert self._process is not None  # noqa: S101 - for the type checker: called after start
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it has been started and is not running."""
        return self._process is not None and self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until it has ended; its exit code, or minus the number of the signal that ended it."""
        assert self._process is not None  # noqa: S101 - for the type checker: called after start
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and insist after a while. Harmless when it has ended."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    def log_tail(self, *, lines: int = 15) -> str:
        """The last lines that it has written."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 8192))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except FileNotFoundError:
            return ""


async def keep_running(child: Child, *, on_end: OnEnd) -> None:
    """Start `child` again whenever it ends, more slowly each time that it lasted less than a minute."""
    failures = 0
    while True:
        started = time.monotonic()
        code = await child.wait()
        failures = 1 if time.monotonic() - started > 60 else failures + 1
        on_end(child, code, failures)
        await asyncio.sleep(min(30.0, 0.25 * 2**failures))
        await child.start()


def _end_with_parent(lifeline: int) -> None:
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_PATIENCE_SECONDS)
    os._exit(1)


def main() -> None:
    """Run the module that is named first, ending with the process that holds our standard input."""
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    threading.Thread(target=_end_with_parent, args=(lifeline,), name="lifeline", daemon=True).start()
    module = sys.argv[1]
    sys.argv = sys.argv[1:]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
