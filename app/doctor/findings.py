"""What a check finds, and what it may look at."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.container import load_keyring
from app.kit.crypto import Keyring
from app.kit.database import Database
from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Finding:
    """`advice` says what to do; an `ok` needs none."""

    level: Literal["ok", "warning", "broken"]
    subject: str
    text: str
    advice: str = ""


def ok(subject: str, text: str) -> Finding:
    return Finding("ok", subject, text)


def warning(subject: str, text: str, advice: str = "") -> Finding:
    return Finding("warning", subject, text, advice)


def broken(subject: str, text: str, advice: str = "") -> Finding:
    return Finding("broken", subject, text, advice)


@dataclass(slots=True)
class Patient:
    """The installation under examination; the storage checks fill in the rest."""

    settings: Settings
    checkout: Path = CHECKOUT
    database: Database | None = None
    database_usable: bool = False


def keyring_of(settings: Settings) -> Keyring:
    """The installation's keyring; one that opens nothing if there is none, for a doctor makes no keys."""
    return load_keyring(settings) if (settings.data_dir / "keyring.json").exists() else Keyring.generate()
