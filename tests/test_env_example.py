"""`.env.example` is the operator's manual of the settings: complete, true, and nothing besides."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[1]
ASSIGNMENT = re.compile(r"^(?P<comment># )?(?P<name>[A-Z][A-Z0-9_]*)=(?P<value>.*)$")


def assignments() -> list[tuple[str, str, bool]]:
    """(name, value, commented out) of every line that sets something; the example profile is left out."""
    found = [ASSIGNMENT.match(line) for line in (CHECKOUT / ".env.example").read_text().splitlines()]
    return [
        (match["name"], match["value"], match["comment"] is not None)
        for match in found
        if match is not None and "…" not in match["value"]
    ]


def names_in_compose_files() -> set[str]:
    files = [CHECKOUT / name for name in ("docker-compose.yml", "docker-compose.prod.yml")]
    return {name for file in files for name in re.findall(r"(?<!\$)\$\{([A-Z_]+)", file.read_text())}


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if hasattr(value, "get_secret_value"):
        return str(value.get_secret_value())
    return str(value)


def without(names: Iterable[str], others: Iterable[str]) -> set[str]:
    return set(names) - set(others)


class TestEnvExample:
    def test_names_every_setting_and_nothing_else(self) -> None:
        listed = [name for name, _, _ in assignments()]
        settings = {name.upper() for name in Settings.model_fields}
        assert without(settings, listed) == set()
        assert without(listed, settings | names_in_compose_files()) == set()
        assert without(names_in_compose_files(), listed) == set()
        assert len(listed) == len(set(listed))

    def test_shows_the_defaults(self) -> None:
        for name, value, commented in assignments():
            field = Settings.model_fields.get(name.lower())
            if field is not None and commented:
                assert (name, value) == (name, as_text(field.get_default()))

    def test_loads_as_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        settings = Settings(_env_file=CHECKOUT / ".env.example")
        assert settings.public_url == "https://tarot.example.com"
        expected = Settings(_env_file=None, public_url="https://tarot.example.com")
        assert settings == expected
