"""A check that is switched off says why, on its line; so does whoever catches everything."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("app", "alembic", "tests") for path in (ROOT / folder).rglob("*.py"))
CODE = r"(?:\[[\w, -]+\]|: [A-Z]+[0-9]+(?:, [A-Z]+[0-9]+)*)"
SUPPRESSION = re.compile(rf"# (?:noqa|type: ignore)({CODE})?(?P<rest>.*)")
CATCH_ALL = re.compile(r"^\s*except(?: (?:Exception|BaseException)\b[^#]*|\s*):?\s*(?P<rest>#.*)?$")


def unexplained(line: str) -> bool:
    """True for a suppression without a code or a reason, and for a catch-all without a reason."""
    if found := SUPPRESSION.search(line):
        return found[1] is None or len(re.findall(r"[a-z]+", found["rest"])) < 2
    caught = CATCH_ALL.match(line)
    return caught is not None and caught["rest"] is None


def test_every_exception_to_a_check_gives_its_reason() -> None:
    assert len(SOURCES) > 300
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        if path != Path(__file__)
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if unexplained(line)
    ]
    assert found == []


def test_what_counts_as_unexplained() -> None:
    bare = ["x()  # noqa", "x()  # noqa: S608", "y = z  # type: ignore[index]", "    except Exception:", "except:"]
    assert all(unexplained(line) for line in bare)
    told = ["x()  # noqa: S608  # the columns are constant", "    except Exception:  # goes on", "except ValueError:"]
    assert not any(unexplained(line) for line in told)
