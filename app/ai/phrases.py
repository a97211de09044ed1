"""Phrases of the offline texts: data files by language, forms of address, repeatable choices."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from app.kit import json

TEXTS = Path(__file__).parent / "texts"
LANGUAGES = ("ru", "en")
_SLOT = re.compile(r"\{([^{}]*)\}")


@cache
def load(name: str, language: str) -> Any:
    """The data file `texts/<name>.<language>.json`; a language we have no texts in is served in English."""
    spoken = language if language in LANGUAGES else "en"
    return json.loads((TEXTS / f"{name}.{spoken}.json").read_bytes())


def render(template: str, *, formal: bool, values: Mapping[str, str] | None = None) -> str:
    """Fills `{name}` from `values`, resolves `{informal|formal}`; what was filled in is not read again."""

    def fill(slot: re.Match[str]) -> str:
        inner = slot[1]
        if "|" in inner:
            informal, polite = inner.split("|", 1)
            return polite if formal else informal
        return (values or {})[inner]

    return _SLOT.sub(fill, template)


class Picker:
    """Choices that are the same for the same content and do not repeat until a list is used up."""

    def __init__(self, *content: str) -> None:
        self._seed = hashlib.sha256("\x1f".join(content).encode()).digest()
        self._used: dict[str, int] = {}

    def pick(self, slot: str, options: Sequence[str]) -> str:
        turn = self._used.get(slot, 0)
        self._used[slot] = turn + 1
        return sorted(options, key=lambda option: self._rank(slot, option))[turn % len(options)]

    def _rank(self, slot: str, option: str) -> bytes:
        return hashlib.sha256(self._seed + f"{slot}\x1f{option}".encode()).digest()


def sentence(text: str) -> str:
    """One line of text that begins with a capital and ends with a stop."""
    text = " ".join(text.split())
    if not text:
        return ""
    text = text[0].upper() + text[1:]
    return text if text[-1] in ".!?…»”)" else text + "."


def lowered(text: str) -> str:
    """The text as the rest of a sentence: first letter small, unless it begins an abbreviation or is `I`."""
    text = " ".join(text.split())
    first = text.split(" ", 1)[0] if text else ""
    return text if first == "I" or (len(first) > 1 and first[1].isupper()) else text[:1].lower() + text[1:]
