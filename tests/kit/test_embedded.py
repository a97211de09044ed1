"""The embedded servers, on their real binaries: what they promise when processes die and start again."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
import redis.asyncio

from app.kit.embedded import EmbeddedServerError, EmbeddedServers, RunningServers, running_servers

CHECKOUT = Path(__file__).resolve().parents[2]
OWNER = """
import json, sys, time
from pathlib import Path
from app.kit.embedded import EmbeddedServers
home = Path(sys.argv[1]) if sys.argv[1] else None
with EmbeddedServers(home) as servers:
    print(json.dumps({"database_url": servers.database_url, "redis_url": servers.redis_url,
                      "supervisor": servers.supervisor_id, "location": str(servers.location)}), flush=True)
    time.sleep(120)
"""


def open_folder() -> Path:
    """A folder that the servers' account can enter (pytest's own temporary folders are private)."""
    folder = Path(tempfile.mkdtemp(prefix="arcana-test-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def new_home() -> Iterator[Path]:
    """A data folder that does not exist yet."""
    parent = open_folder()
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def used_home() -> Iterator[Path]:
    parent = open_folder()
    with EmbeddedServers(parent / "data"):
        pass
    yield parent / "data"
    shutil.rmtree(parent)


@pytest.fixture
def home(used_home: Path, new_home: Path) -> Path:
    """A data folder of servers that ran before and hold nothing (copied: that is faster than initdb)."""
    subprocess.run(["cp", "-a", str(used_home), str(new_home)], check=True)
    return new_home


@pytest.fixture(scope="module")
def running() -> Iterator[EmbeddedServers]:
    """Temporary servers for the tests that only look."""
    with EmbeddedServers() as servers:
        yield servers


class Owner:
    """Another process that owns embedded servers, to be killed."""

    def __init__(self, home: Path | None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(home or "")], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.facts = json.loads(self.process.stdout.readline())
        self.tree = psutil.Process(self.facts["supervisor"]).children(recursive=True)
        self.tree.append(psutil.Process(self.facts["supervisor"]))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def lives(process: psutil.Process) -> bool:
    """A process may end between any two questions about it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def await_gone(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that still run after a while (zombies are gone: init reaps them)."""
    deadline = time.monotonic() + 15
    left = processes
    while left and time.monotonic() < deadline:
        left = [one for one in left if lives(one)]
        time.sleep(0.02)
    return left


async def remember(database_url: str, redis_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE note (text text); INSERT INTO note VALUES ('Луна')")
    await connection.close()
    async with redis.asyncio.from_url(redis_url) as client:
        await client.set("note", "Луна")


async def recall(database_url: str, redis_url: str) -> tuple[str, str]:
    connection = await asyncpg.connect(database_url)
    text = await connection.fetchval("SELECT text FROM note")
    await connection.close()
    async with redis.asyncio.from_url(redis_url, decode_responses=True) as client:
        return text, await client.get("note")


class TestRestart:
    async def test_data_and_addresses_survive(self, new_home: Path) -> None:
        async with EmbeddedServers(new_home) as first:
            addresses = (first.database_url, first.redis_url)
            await remember(*addresses)
        async with EmbeddedServers(new_home) as second:
            assert (second.database_url, second.redis_url) == addresses
            assert await recall(*addresses) == ("Луна", "Луна")

    async def test_taken_port_is_replaced(self, home: Path) -> None:
        async with EmbeddedServers(home, redis=False) as first:
            address = first.database_url
        port = urlsplit(address).port
        assert port is not None
        with socket.create_server(("127.0.0.1", port)):
            async with EmbeddedServers(home, redis=False) as second:
                assert urlsplit(second.database_url).port != port
                connection = await asyncpg.connect(second.database_url)
                assert await connection.fetchval("SHOW fsync") == "on"
                await connection.close()

    async def test_second_start_is_refused_in_words(self, home: Path) -> None:
        async with EmbeddedServers(home, postgres=False) as first:
            with pytest.raises(EmbeddedServerError, match=f"already in use by process {os.getpid()}"):
                EmbeddedServers(home).start()
            async with redis.asyncio.from_url(first.redis_url) as client:
                assert await client.ping() is True

    async def test_running_servers_are_found_by_other_processes(self, home: Path) -> None:
        assert running_servers(home) is None
        async with EmbeddedServers(home) as servers:
            found = running_servers(home)
            assert found == RunningServers(database_url=servers.database_url, redis_url=servers.redis_url)
        assert running_servers(home) is None
        assert running_servers(home / "nothing") is None

    async def test_ended_server_is_started_again(self, home: Path) -> None:
        async with EmbeddedServers(home, redis=False) as servers:
            (server,) = psutil.Process(servers.supervisor_id).children()
            server.kill()
            connection = await connect_patiently(servers.database_url)
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()


async def connect_patiently(database_url: str) -> asyncpg.Connection:
    deadline = time.monotonic() + 15
    while True:
        try:
            return await asyncpg.connect(database_url)
        except (OSError, asyncpg.PostgresError):
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)


class TestDeath:
    async def test_killed_owner_leaves_no_process_and_loses_nothing(self, home: Path) -> None:
        owner = Owner(home)
        await remember(owner.facts["database_url"], owner.facts["redis_url"])
        names = {process.name() for process in owner.tree}
        assert {"postgres", "redis-server"} <= names
        owner.kill()
        # At once: the second start waits for the servers of the dead owner to end.
        async with EmbeddedServers(home) as servers:
            assert await_gone(owner.tree) == []
            assert await recall(servers.database_url, servers.redis_url) == ("Луна", "Луна")

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has died")
    async def test_killed_supervisor_takes_its_servers_along(self, home: Path) -> None:
        owner = Owner(home)
        await remember(owner.facts["database_url"], owner.facts["redis_url"])
        os.kill(owner.facts["supervisor"], signal.SIGKILL)
        assert await_gone(owner.tree) == []
        owner.kill()
        async with EmbeddedServers(home) as servers:
            assert await recall(servers.database_url, servers.redis_url) == ("Луна", "Луна")

    async def test_everything_killed_at_once_recovers(self, home: Path) -> None:
        owner = Owner(home)
        await remember(owner.facts["database_url"], owner.facts["redis_url"])
        await asyncio.sleep(1.1)  # Redis writes its log to the disk once a second.
        for process in (psutil.Process(owner.process.pid), *owner.tree):
            process.suspend()
        for process in owner.tree:
            process.kill()
        owner.kill()
        assert await_gone(owner.tree) == []
        async with EmbeddedServers(home) as servers:
            assert await recall(servers.database_url, servers.redis_url) == ("Луна", "Луна")

    def test_killed_owner_of_temporary_servers_leaves_no_files(self) -> None:
        owner = Owner(None)
        location = Path(owner.facts["location"])
        assert (location / "postgres").is_dir()
        owner.kill()
        assert await_gone(owner.tree) == []
        assert not location.exists()

    async def test_process_number_of_another_program_is_no_obstacle(self, home: Path) -> None:
        async with EmbeddedServers(home, redis=False) as first:
            lock_file = first.location / "postgres" / "postmaster.pid"
            lines = lock_file.read_text().splitlines()
        lock_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
        async with EmbeddedServers(home, redis=False) as second:
            connection = await asyncpg.connect(second.database_url)
            assert await connection.fetchval("SELECT 1") == 1
            await connection.close()


class TestSafety:
    async def test_nobody_enters_without_the_password(self, running: EmbeddedServers) -> None:
        port = urlsplit(running.database_url).port
        for password in ("", "wrong"):
            with pytest.raises(asyncpg.InvalidPasswordError):
                await asyncpg.connect(host="127.0.0.1", port=port, user="arcana", password=password, database="arcana")
        with socket.create_connection(("127.0.0.1", urlsplit(running.redis_url).port)) as connection:
            connection.sendall(b"PING\r\n")
            assert connection.recv(100).startswith(b"-NOAUTH")

    def test_listens_on_loopback_only(self, running: EmbeddedServers) -> None:
        listening = {
            (connection.laddr.ip, connection.laddr.port)
            for process in psutil.Process(running.supervisor_id).children()
            for connection in process.net_connections("all")
            if connection.status == psutil.CONN_LISTEN
        }
        addresses = (running.database_url, running.redis_url)
        assert listening == {("127.0.0.1", urlsplit(address).port) for address in addresses}

    def test_does_not_run_as_root(self, running: EmbeddedServers) -> None:
        children = psutil.Process(running.supervisor_id).children()
        assert {process.name() for process in children} == {"postgres", "redis-server"}
        assert 0 not in {process.uids().effective for process in children}

    def test_passwords_are_in_no_open_file_and_no_argument(self, home: Path) -> None:
        with EmbeddedServers(home) as servers:
            passwords = [urlsplit(address).password or "" for address in (servers.database_url, servers.redis_url)]
            for process in psutil.Process(servers.supervisor_id).children(recursive=True):
                assert not any(password in " ".join(process.cmdline()) for password in passwords)
            for path in home.rglob("*"):
                if path.is_file() and any(password.encode() in path.read_bytes() for password in passwords):
                    assert (path.name, oct(path.stat().st_mode & 0o777)) == ("servers.json", "0o600")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that the servers' account cannot enter")
    async def test_private_folder_of_root_keeps_its_data_elsewhere(self, new_home: Path) -> None:
        new_home.parent.chmod(0o700)
        with EmbeddedServers(new_home) as first:
            location = first.location
            await remember(first.database_url, first.redis_url)
        try:
            assert new_home not in location.parents
            assert not (new_home / "postgres").exists()
            with EmbeddedServers(new_home) as second:
                assert second.location == location
                assert await recall(second.database_url, second.redis_url) == ("Луна", "Луна")
        finally:
            shutil.rmtree(location)
        with pytest.raises(EmbeddedServerError, match="which is gone"):
            EmbeddedServers(new_home).start()


class TestClearErrors:
    async def test_data_of_another_major_version(self, home: Path) -> None:
        with EmbeddedServers(home, redis=False) as servers:
            version = servers.location / "postgres" / "PG_VERSION"
        version.write_text("17\n")
        with pytest.raises(EmbeddedServerError, match="written by Postgres 17, and this is Postgres 18"):
            EmbeddedServers(home, redis=False).start()
        version.write_text("18\n")
        with EmbeddedServers(home, redis=False) as servers:
            connection = await asyncpg.connect(servers.database_url)
            await connection.close()

    def test_data_of_a_newer_redis(self, home: Path) -> None:
        with EmbeddedServers(home, postgres=False):
            state = json.loads((home / "servers.json").read_text())
        state["redis"]["version"] = [99, 0]
        (home / "servers.json").write_text(json.dumps(state))
        with pytest.raises(EmbeddedServerError, match=r"at least version 99\.0 is needed"):
            EmbeddedServers(home, postgres=False).start()

    def test_damaged_state(self, new_home: Path) -> None:
        new_home.mkdir()
        (new_home / "servers.json").write_text("{")
        with pytest.raises(EmbeddedServerError, match="is damaged"):
            EmbeddedServers(new_home).start()

    def test_data_folder_is_a_file(self, new_home: Path) -> None:
        new_home.write_text("")
        with pytest.raises(EmbeddedServerError, match="a file is in the way"):
            EmbeddedServers(new_home).start()

    def test_damaged_database_shows_the_end_of_its_log(self, home: Path) -> None:
        with EmbeddedServers(home, redis=False) as servers:
            location = servers.location
        shutil.rmtree(location / "postgres" / "global")
        with pytest.raises(EmbeddedServerError, match=r"(?s)ended while it was starting.*pg_control"):
            EmbeddedServers(home, redis=False).start()
