"""The bots' own words. A text is a string, or a map of plural forms (CLDR) chosen by `count`.

The texts themselves are Telegram HTML; `html` escapes the values that are put into them, `plain` is for
places without markup (buttons, commands, errors for staff).
"""

from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from app.kit import json

LANGUAGES: Final = ("ru", "en")
# For a language that the bots do not speak.
FALLBACK: Final = "en"


@cache
def texts(language: str) -> dict[str, Any]:
    """All texts of one of LANGUAGES, by key. A file holds one feature's texts; a key in two files is a `ValueError`."""
    merged: dict[str, Any] = {}
    for path in sorted((Path(__file__).parent / language).glob("*.json")):
        loaded: dict[str, Any] = json.loads(path.read_bytes())
        if doubled := merged.keys() & loaded.keys():
            raise ValueError(f"{path.name} repeats {sorted(doubled)}")
        merged |= loaded
    return merged


def plural(language: str, count: int) -> str:
    """The CLDR category of a whole number (https://cldr.unicode.org/index/cldr-spec/plural-rules)."""
    number = abs(count)
    if language != "ru":
        return "one" if number == 1 else "other"
    if number % 10 == 1 and number % 100 != 11:
        return "one"
    if 2 <= number % 10 <= 4 and not 12 <= number % 100 <= 14:
        return "few"
    return "many"


def plain(language: str, key: str, **values: Any) -> str:
    """The text with its values as they are. Raises `KeyError` for a key or value that is missing."""
    language = language if language in LANGUAGES else FALLBACK
    text = texts(language)[key]
    if isinstance(text, dict):
        text = text[plural(language, values["count"])]
    return str(text).format_map(values)


def html(language: str, key: str, **values: Any) -> str:
    """As `plain`, with every value escaped for Telegram's HTML."""
    # A number stays one: it chooses the plural.
    safe = {
        name: value if isinstance(value, int) else escape(str(value), quote=False) for name, value in values.items()
    }
    return plain(language, key, **safe)
