"""The live suite runs only where a real store is named; elsewhere it says aloud that it did not run."""

import warnings
from collections.abc import Iterator

import pytest

from tests.live.store import VARIABLES, Store


class LiveSuiteSkipped(UserWarning):
    """Nothing was proven about a real WordPress in this run."""


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    found = Store.from_environment()
    if found is None:
        reason = f"NOT RUN: the live WordPress suite needs {', '.join(VARIABLES)}."
        warnings.warn(reason, LiveSuiteSkipped, stacklevel=1)
        pytest.skip(reason)
    with found.http:
        yield found


@pytest.fixture
def php(store: Store) -> Store:
    """The store, if its PHP can be reached."""
    if store.cli is None:
        pytest.skip("NOT RUN: set ARCANA_TEST_WORDPRESS_CLI to a command that runs WP-CLI for the store.")
    return store


@pytest.fixture
def mortal(php: Store) -> Iterator[Store]:
    """The store, if it may be stopped and killed; it runs again afterwards."""
    missing = [f"ARCANA_TEST_WORDPRESS_{name.upper()}" for name in ("stop", "start", "kill") if not getattr(php, name)]
    if missing:
        reason = f"NOT RUN: the store cannot be taken away; set {', '.join(missing)} (see tests/live/store.py)."
        warnings.warn(reason, LiveSuiteSkipped, stacklevel=1)
        pytest.skip(reason)
    yield php
    assert php.start is not None
    php.run(php.start)
