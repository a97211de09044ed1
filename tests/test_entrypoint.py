"""`entrypoint.sh` in a small checkout of its own: what it sets up, when it does so again, and what it says.

Only what lies outside of the script is replaced: Node and npm by scripts that write down their calls, and the
application by a program that shows its arguments.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port

SCRIPT = Path(__file__).resolve().parents[1] / "entrypoint.sh"
APPLICATION = """
import os, sys
print("application", *sys.argv[1:], "PORT=" + os.environ.get("PORT", ""))
"""
NPM = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *" ci "*) mkdir -p miniapp/node_modules ;;
  *"run build"*)
    if [ -f miniapp/src/broken ]; then echo "broken is not a module"; exit 1; fi
    mkdir -p miniapp/dist && touch miniapp/dist/index.html ;;
esac
"""
TOOLS = ("bash", "sh", "env", "dirname", "cat", "mktemp", "tail", "rm", "mkdir", "touch")


class Checkout:
    """A folder with the script, an application, and a PATH of our choice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tools = folder / "tools"
        self.calls = folder / "calls"
        for name in ("app", "miniapp/src", "tools"):
            (folder / name).mkdir(parents=True)
        shutil.copy(SCRIPT, folder / "entrypoint.sh")
        (folder / "app" / "__main__.py").write_text(APPLICATION)
        (folder / "requirements.txt").write_text("# nothing\n")
        (folder / "miniapp" / "package.json").write_text("{}")
        (folder / "miniapp" / "package-lock.json").write_text("{}")
        (folder / "miniapp" / "src" / "main.ts").write_text("1")
        for name in TOOLS:
            found = shutil.which(name)
            assert found is not None
            (self.tools / name).symlink_to(found)
        self.tool("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        self.tool("node", "#!/bin/sh\necho v20.20.2\n")
        self.tool("npm", NPM)

    def tool(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.folder / "entrypoint.sh"), *arguments],
            env={"PATH": str(self.tools), "CALLS": str(self.calls), "HOME": str(self.folder), **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def npm_calls(self) -> list[str]:
        """What npm was asked since the last time, without its options."""
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return [line.removeprefix("--prefix miniapp ").split(" --")[0] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "arcana")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """One that was started before, so that its virtual environment is made only once."""
    checkout = Checkout(tmp_path_factory.mktemp("entrypoint") / "arcana")
    first = checkout.run("demo", PORT=str(free_port()))
    assert first.returncode == 0, first.stderr
    assert "Python packages: installing" in first.stdout
    assert checkout.npm_calls() == ["ci", "run build"]
    yield checkout


class TestSetUp:
    def test_second_start_sets_up_nothing(self, ready: Checkout) -> None:
        port = str(free_port())
        again = ready.run("demo", PORT=port)
        assert again.returncode == 0
        assert again.stdout.splitlines()[-1] == f"application demo PORT={port}"
        assert "installing" not in again.stdout
        assert "building" not in again.stdout
        assert ready.npm_calls() == []

    def test_changed_requirements_are_installed_again(self, ready: Checkout) -> None:
        (ready.folder / "requirements.txt").write_text("# changed\n")
        port = str(free_port())
        assert "Python packages: installing" in ready.run("demo", PORT=port).stdout
        assert "Python packages: installing" not in ready.run("demo", PORT=port).stdout

    def test_changed_source_is_built_again_without_new_packages(self, ready: Checkout) -> None:
        (ready.folder / "miniapp" / "src" / "main.ts").write_text("2")
        port = str(free_port())
        assert ready.run("demo", PORT=port).returncode == 0
        assert ready.npm_calls() == ["run build"]
        assert ready.run("demo", PORT=port).returncode == 0
        assert ready.npm_calls() == []

    def test_broken_build_shows_its_last_words_and_is_tried_again(self, ready: Checkout) -> None:
        broken = ready.folder / "miniapp" / "src" / "broken"
        broken.touch()
        port = str(free_port())
        for _ in range(2):
            failed = ready.run("demo", PORT=port)
            assert failed.returncode == 1
            assert "broken is not a module" in failed.stderr
            assert "Building the Mini App failed" in failed.stderr
            assert ready.npm_calls() == ["run build"]
        broken.unlink()
        assert ready.run("demo", PORT=port).returncode == 0

    def test_virtual_environment_of_a_vanished_python_is_made_again(self, ready: Checkout) -> None:
        python = ready.folder / ".venv" / "bin" / "python"
        python.unlink()
        python.symlink_to("/nonexistent/python3")
        again = ready.run("doctor")
        assert (again.returncode, again.stdout) == (0, "application doctor PORT=\n")
        assert "Python packages: installing" in again.stderr


class TestPlainWords:
    @pytest.mark.parametrize("port", ["0", "65536", "eighty", "-1", "99999999999999999999"])
    def test_nonsense_port(self, checkout: Checkout, port: str) -> None:
        refused = checkout.run("demo", PORT=port)
        assert refused.returncode == 1
        assert f"PORT is {port}" in refused.stderr.replace("'", "")
        assert not (checkout.folder / ".venv").exists()

    def test_taken_port(self, checkout: Checkout) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = str(other.getsockname()[1])
            refused = checkout.run("demo", PORT=port)
        assert refused.returncode == 1
        assert f"Port {port} is taken by another program." in refused.stderr
        assert not (checkout.folder / ".venv").exists()

    def test_old_python(self, checkout: Checkout) -> None:
        checkout.tool("python3", "#!/bin/sh\necho 3.9.2\n")
        refused = checkout.run("demo")
        assert refused.returncode == 1
        assert "Python 3.9.2 is too old: Arcana needs 3.11 or newer." in refused.stderr

    def test_no_python(self, checkout: Checkout) -> None:
        (checkout.tools / "python3").unlink()
        refused = checkout.run("test")
        assert refused.returncode == 1
        assert "There is no Python on this machine" in refused.stderr

    @pytest.mark.parametrize(("version", "enough"), [("v18.20.4", False), ("v20.18.3", False), ("v22.1.0", True)])
    def test_age_of_node(self, ready: Checkout, version: str, enough: bool) -> None:
        shutil.rmtree(ready.folder / "miniapp" / "dist")
        ready.tool("node", f"#!/bin/sh\necho {version}\n")
        answer = ready.run("demo", PORT=str(free_port()))
        assert answer.returncode == (0 if enough else 1)
        assert ("is too old: the Mini App needs 20.19" in answer.stderr) is not enough
        ready.tool("node", "#!/bin/sh\necho v20.20.2\n")
        assert ready.run("demo", PORT=str(free_port())).returncode == 0

    def test_no_node(self, ready: Checkout) -> None:
        shutil.rmtree(ready.folder / "miniapp" / "dist")
        (ready.tools / "node").unlink()
        refused = ready.run("demo", PORT=str(free_port()))
        assert refused.returncode == 1
        assert "There is no Node.js" in refused.stderr
        ready.tool("node", "#!/bin/sh\necho v20.20.2\n")

    def test_without_a_command_it_shows_the_commands(self, checkout: Checkout) -> None:
        shown = checkout.run()
        assert shown.returncode == 0
        assert "./entrypoint.sh COMMAND" in shown.stdout
        assert not (checkout.folder / ".venv").exists()


class TestContainer:
    @pytest.mark.parametrize("command", ["api", "worker", "polling", "migrate", "doctor"])
    def test_becomes_the_program_without_any_set_up(self, checkout: Checkout, command: str) -> None:
        checkout.tool("python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        ran = checkout.run(command, "--option", "a value", ARCANA_CONTAINER="1", PORT="8000")
        assert (ran.returncode, ran.stdout) == (0, f"application {command} --option a value PORT=8000\n")
        assert ran.stderr == ""
        assert sorted(os.listdir(checkout.folder)) == sorted(
            ["app", "entrypoint.sh", "miniapp", "requirements.txt", "tools"]
        )


PYTEST = """
import sys
path = next(a.partition("=")[2] for a in sys.argv if a.startswith("--junit-xml="))
failure = "<failure/>" if "tests/journeys" in sys.argv else ""
open(path, "w").write(
    f"<testsuite><testcase>{failure}</testcase><testcase/><testcase><skipped/></testcase></testsuite>"
)
sys.exit(1 if failure else 0)
"""


class TestTest:
    @pytest.fixture
    def tested(self, ready: Checkout) -> Iterator[Checkout]:
        """The checkout with runners that say what they found (modules in it win over installed ones)."""
        for name, text in (("ruff", ""), ("mypy", ""), ("pytest", PYTEST)):
            (ready.folder / name).mkdir()
            (ready.folder / name / "__main__.py").write_text(text)
        yield ready
        for name in ("ruff", "mypy", "pytest"):
            shutil.rmtree(ready.folder / name)
        (ready.tools / "chromium").unlink(missing_ok=True)

    def test_missing_tools_are_skipped_aloud(self, tested: Checkout) -> None:
        ran = tested.run("test")
        # Lint and types of both sides and the Mini App's runner count as one each.
        assert ran.stdout.splitlines()[-1] == "8 passed, 0 failed, 4 skipped"
        assert ran.returncode == 0
        assert "Plugin tests           SKIPPED, PHP with" in ran.stdout
        assert "Journeys in Chromium   SKIPPED, Chromium is missing" in ran.stdout

    def test_missing_tools_fail_in_continuous_integration(self, tested: Checkout) -> None:
        ran = tested.run("test", CI="true")
        assert ran.stdout.splitlines()[-1] == "8 passed, 2 failed, 2 skipped"
        assert ran.returncode == 1

    def test_one_failure_fails_the_run_and_stops_nothing(self, tested: Checkout) -> None:
        (tested.folder / "ruff" / "__main__.py").write_text("raise SystemExit(1)")
        tested.tool("chromium", "#!/bin/sh\n")
        ran = tested.run("test")
        # Ruff's two checks and the journeys.
        assert ran.stdout.splitlines()[-1] == "7 passed, 3 failed, 4 skipped"
        assert ran.returncode == 1
        assert "✗ Python lint            FAILED" in ran.stdout
        assert "✗ Journeys in Chromium   FAILED" in ran.stdout
