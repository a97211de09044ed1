"""The demo as a person starts it: a whole process tree, watched from outside."""

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.container import load_keyring
from app.demo import DemoError, read_place, refuse_real_bots
from app.kit import json
from app.kit.crypto import Keyring
from app.kit.database import Database
from app.settings import Settings
from tests.ports import free_port

CHECKOUT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A data folder that the servers' account can enter (pytest's own temporary folders are private)."""
    folder = Path(tempfile.mkdtemp(prefix="arcana-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


class Demo:
    """`python -m app demo` in a process of its own."""

    def __init__(self, home: Path, *, port: int | None = None, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "demo"],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "PORT": str(self.port), "DATA_DIR": str(home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.said: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def await_line(self, part: str, *, seconds: float = 180) -> str:
        """The next line that contains `part`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line with {part!r} in {self.said}") from None
            self.said.append(line)
            if part in line:
                return line

    def tree(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


def lives(process: psutil.Process) -> bool:
    """A process may end between any two questions about it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def await_gone(processes: list[psutil.Process], *, seconds: float = 30) -> list[psutil.Process]:
    """Those that still run after a while."""
    deadline = time.monotonic() + seconds
    left = processes
    while left and time.monotonic() < deadline:
        left = [one for one in left if lives(one)]
        time.sleep(0.05)
    return left


@pytest.fixture(scope="module")
def demo(home: Path) -> Iterator[Demo]:
    running = Demo(home)
    running.await_line("open ")
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGINT)
        running.process.wait(40)


class TestDemo:
    """In this order: the last ones end it."""

    def test_last_line_is_the_address(self, demo: Demo) -> None:
        assert demo.said[-1] == f"open {demo.url}/"
        assert demo.lines.empty()

    def test_everything_answers(self, demo: Demo) -> None:
        with httpx.Client(base_url=demo.url) as client:
            assert client.get("/readyz").json()["ready"] is True
            page = client.get("/")
            assert page.status_code == 200
            assert "/luna/" in page.text
            assert "/verbena/" in page.text
            user = {"id": 4242, "first_name": "Вера", "language_code": "ru"}
            signed = client.post("/api/v1/dev/init-data", json={"project": "luna", "user": user})
            entered = client.post("/api/v1/projects/luna/auth/telegram", json=signed.json())
            assert entered.status_code == 200
            assert entered.json()["user"]["first_name"] == "Вера"

    def test_listens_on_loopback_only(self, demo: Demo) -> None:
        listening: set[str] = set()
        for process in (psutil.Process(demo.process.pid), *demo.tree()):
            # A server's helper processes come and go.
            with contextlib.suppress(psutil.NoSuchProcess):
                connections = process.net_connections("inet")
                listening |= {one.laddr.ip for one in connections if one.status == psutil.CONN_LISTEN}
        assert listening == {"127.0.0.1"}

    def test_killed_child_is_started_again(self, demo: Demo) -> None:
        (api,) = [one for one in demo.tree() if "app.kit.children app api" in " ".join(one.cmdline())]
        api.kill()
        assert "'api' ended with code -9" in demo.await_line("started again")
        deadline = time.monotonic() + 30
        status = 0
        while status != 200 and time.monotonic() < deadline:
            try:
                status = httpx.get(f"{demo.url}/readyz").status_code
            except httpx.TransportError:
                time.sleep(0.1)
        assert status == 200

    def test_second_demo_on_the_same_data_is_refused(self, demo: Demo, home: Path) -> None:
        second = Demo(home)
        second.await_line("are already in use by process")
        assert second.process.wait(10) == 1

    def test_taken_port_is_refused(self, demo: Demo, home: Path) -> None:
        second = Demo(home, port=demo.port)
        second.await_line(f"Port {demo.port} is taken by another program.")
        assert second.process.wait(10) == 1

    def test_killed_demo_leaves_no_process(self, demo: Demo) -> None:
        tree = demo.tree()
        assert {"postgres", "redis-server"} <= {process.name() for process in tree}
        demo.process.kill()
        demo.process.wait()
        assert await_gone(tree) == []

    def test_starts_again_on_the_same_data_and_stops_cleanly(self, demo: Demo, home: Path) -> None:
        # With several processes for the tests this one may be the first that a process runs.
        demo.process.kill()
        demo.process.wait()
        again = Demo(home, port=demo.port)
        again.await_line("open ")
        tree = again.tree()
        again.process.send_signal(signal.SIGINT)
        assert again.process.wait(40) == 0
        assert again.await_line("Stopped.", seconds=30)
        assert await_gone(tree, seconds=30) == []


class TestRefusals:
    def test_real_token_in_the_environment(self) -> None:
        # Put together here, so that no file holds what looks like a token.
        token = "1234567890:" + "Ab" * 17 + "c"
        with pytest.raises(DemoError, match="OLD_BOT_TOKEN holds what looks like a real bot token") as refusal:
            read_place({"OLD_BOT_TOKEN": token, "PORT": str(free_port())})
        assert token not in str(refusal.value)

    def test_sandbox_token_is_none(self) -> None:
        port = free_port()
        place = read_place({"BOT": "9000000001:SANDBOX_" + "a" * 27, "PORT": str(port), "DATA_DIR": "/srv/data"})
        assert place == (port, Path("/srv/data"))

    @pytest.mark.parametrize("port", ["0", "65536", "eighty", "８０"])
    def test_nonsense_port(self, port: str) -> None:
        with pytest.raises(DemoError, match="a port is a number between 1 and 65535"):
            read_place({"PORT": port})

    async def test_data_of_an_installation_with_a_real_bot(self, settings: Settings, database: Database) -> None:
        token = "1234567890:" + "Ab" * 17 + "c"
        await store_catalogue(database, {"key": "luna", "bot": sealed_bot(settings, "luna", token)})
        with pytest.raises(DemoError, match="an installation with a real bot \\(project 'luna'\\)") as refusal:
            await refuse_real_bots(settings)
        assert token not in str(refusal.value)

    async def test_data_of_a_store_without_readable_tokens(self, settings: Settings, database: Database) -> None:
        await refuse_real_bots(settings)
        foreign = {"sealed_token": Keyring.generate().seal(b"{}"), "key_id": "other"}
        await store_catalogue(database, {"key": "luna", "bot": foreign}, {"key": "verbena", "bot": None})
        await refuse_real_bots(settings)


def sealed_bot(settings: Settings, project: str, token: str) -> dict[str, str]:
    keyring = load_keyring(settings)
    plain = json.dumps({"project": project, "key_id": keyring.current.id, "token": token})
    return {"sealed_token": keyring.seal(plain), "key_id": keyring.current.id}


async def store_catalogue(database: Database, *projects: dict[str, Any]) -> None:
    async with database.transaction() as connection:
        number = await connection.fetchval(
            "INSERT INTO catalogue_documents (source, version, document) VALUES ('store', 'v', $1) RETURNING id",
            json.dumps({"version": "v1", "projects": list(projects)}),
        )
        await connection.execute("INSERT INTO catalogue_states (source, document_id) VALUES ('store', $1)", number)
