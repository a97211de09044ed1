"""The bundled catalogue, in the same format that WordPress serves; without a store it is the catalogue."""

from functools import cache
from pathlib import Path
from typing import Any

from app.kit import json

FOLDER = Path(__file__).parent


@cache
def _content() -> bytes:
    document: dict[str, Any] = json.loads((FOLDER / "catalogue.json").read_bytes())
    document["decks"] = [json.loads(path.read_bytes()) for path in sorted((FOLDER / "decks").glob("*.json"))]
    document.pop("version", None)
    return json.dumps({**document, "version": json.digest(document)})


def load() -> dict[str, Any]:
    """The whole document; `version` is the hash of the rest. A fresh copy each time."""
    document: dict[str, Any] = json.loads(_content())
    return document


def picture(name: str) -> bytes:
    """The file behind `demo:<name>`; raises `FileNotFoundError`, also for a name with a path in it."""
    path = FOLDER / "pictures" / name
    if path.parent != FOLDER / "pictures" or not path.is_file():
        raise FileNotFoundError(name)
    return path.read_bytes()
