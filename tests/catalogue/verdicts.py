"""Acceptance of a document as the tests ask for it: with one keyring, and verdicts in short."""

from typing import Any

from app.catalogue.acceptance import Acceptance, KnownProject, accept
from app.catalogue.secrets import open_bot, open_keys
from app.kit.crypto import Keyring

KEYRING = Keyring.generate()
PUBLIC = KEYRING.current.public


def run(
    received: Any, previous: dict[str, Any] | None = None, known: dict[str, KnownProject] | None = None
) -> Acceptance:
    return accept(
        received,
        previous=previous,
        known=known or {},
        open_bot=lambda project, bot: open_bot(KEYRING, project, bot),
        open_keys=lambda project, provider, row: open_keys(KEYRING, project, provider, row),
    )


def good(received: Any, **rest: Any) -> dict[str, Any]:
    verdict = run(received, **rest)
    assert verdict.document is not None, verdict.problems
    return verdict.document


def codes(verdict: Acceptance) -> list[tuple[str, str, str]]:
    return [(problem.kind, problem.key, problem.code) for problem in verdict.problems]


def keys(rows: list[dict[str, Any]]) -> list[str]:
    return [row["key"] for row in rows]
