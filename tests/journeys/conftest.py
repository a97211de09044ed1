"""A demo of its own for each run, a model that the tests pace, and phones: Chromium at phone size."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, expect, sync_playwright

from app.kit import json
from app.sandbox.model.server import KEY, MODEL, Desk, create_app
from tests import chromium
from tests.journeys.desk import DeskPage, World
from tests.journeys.phone import Phone
from tests.journeys.time_machine import TimeMachine
from tests.ports import free_port

# The demo migrates two servers and starts four processes, on a machine that may be busy with other tests.
READY_SECONDS = 90.0
FAST = 400.0
expect.set_options(timeout=15_000)


class QuietServer(uvicorn.Server):
    """A server in a thread: signals stay with pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True)
class Model:
    """The model that the demo talks to. `desk` may be turned from the tests."""

    address: str
    desk: Desk


@pytest.fixture(scope="session")
def sandbox_model() -> Iterator[Model]:
    app = create_app(tokens_per_second=FAST, first_token_seconds=0.02)
    listener = socket.create_server(("127.0.0.1", 0))
    server = QuietServer(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    yield Model(f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.desk)
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def model(sandbox_model: Model) -> Iterator[Model]:
    """The model's desk for one test, put back afterwards."""
    yield sandbox_model
    sandbox_model.desk.tokens_per_second = FAST
    sandbox_model.desk.faults.withdraw()


@dataclass(frozen=True)
class Demo:
    """Where it answers, and where its data lie."""

    url: str
    data: Path


@pytest.fixture(scope="session")
def demo(sandbox_model: Model) -> Iterator[Demo]:
    """A demo that runs as people run it: `python -m app demo`."""
    # Not one of pytest's private folders: the servers' account has to enter it when this runs as root.
    folder = Path(tempfile.mkdtemp(prefix="arcana-journeys-"))
    folder.chmod(0o711)
    port = free_port()
    profile = {"base_url": f"{sandbox_model.address}/v1", "api_key": KEY, "model": MODEL}
    environment = {
        **os.environ,
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "MODEL_PROFILES": json.dumps({"default": profile}).decode(),
        # Every test signs in as somebody new, all from one address.
        "RATE_LIMIT_SIGN_IN_PER_MINUTE": "10000",
        "RATE_LIMIT_ADDRESS_PER_MINUTE": "100000",
    }
    log = folder / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "demo"],
            cwd=Path(__file__).parents[2],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process, log)
        yield Demo(url, folder / "data")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def demo_server(demo: Demo) -> str:
    return demo.url


@pytest.fixture(scope="session")
def time_machine(demo: Demo) -> TimeMachine:
    return TimeMachine(demo.data)


def wait_until_ready(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"The demo ended while it was starting:\n{log.read_text()[-4000:]}")
        try:
            if httpx.get(f"{url}/readyz", timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"The demo was not ready in time:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.installed(), args=chromium.ARGUMENTS)
        yield browser
        browser.close()


OpenPhone = Callable[..., Phone]


@pytest.fixture
def open_phone(browser: Browser, demo_server: str) -> Iterator[OpenPhone]:
    """Opens phones; at the end of the test none of them may have met an error or another host."""
    phones: list[Phone] = []

    def open_one(slug: str = "luna", language: str = "ru", **options: Any) -> Phone:
        phone = Phone(browser, demo_server, slug=slug, language=language, **options)
        phones.append(phone)
        return phone

    yield open_one
    for phone in phones:
        phone.close()
    for phone in phones:
        assert phone.errors == []
        assert phone.strangers == []


OpenDesk = Callable[..., DeskPage]


@pytest.fixture(scope="session")
def desk_address(demo_server: str) -> str:
    """Where the demo's own page says that the desk is."""
    found = re.search(r'class="desk" href="([^"]+)/"', httpx.get(f"{demo_server}/").text)
    assert found is not None
    return found[1]


@pytest.fixture
def open_desk(browser: Browser, desk_address: str) -> Iterator[OpenDesk]:
    """Opens pages; at the end of the test none of them may have met an error."""
    pages: list[DeskPage] = []

    def open_one(*, language: str = "ru", size: tuple[int, int] = (1280, 800), **options: Any) -> DeskPage:
        pages.append(DeskPage(browser, desk_address, language=language, size=size, **options))
        return pages[-1]

    yield open_one
    for page in pages:
        page.context.close()
    for page in pages:
        assert page.errors == []


@pytest.fixture
def world(desk_address: str) -> Iterator[World]:
    world = World(desk_address)
    yield world
    world.client.close()
