"""The bots' own words. A text is a string, or a map of plural forms (CLDR) chosen by `count`.

The texts themselves are Telegram HTML; `html` escapes the values that are put into them, `plain` is for
places without markup (buttons, commands, errors for staff).

Where a language addresses people in more than one form, the text holds all of them: `{ты|вы}` is informal|formal,
`{готова|готов|готовы}` is feminine|masculine|unspecified. `Words` speaks to one person in the forms that he chose.
"""

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

from app.kit import json

LANGUAGES: Final = ("ru", "en")
# For a language that the bots do not speak.
FALLBACK: Final = "en"

# As their speakers call them; a code that is not here stands for itself.
NAMES: Final = {
    "ar": "العربية", "be": "Беларуская", "bg": "Български", "cs": "Čeština", "de": "Deutsch", "el": "Ελληνικά",
    "en": "English", "es": "Español", "et": "Eesti", "fa": "فارسی", "fi": "Suomi", "fr": "Français", "he": "עברית",
    "hi": "हिन्दी", "hy": "Հայերեն", "id": "Bahasa Indonesia", "it": "Italiano", "ja": "日本語", "ka": "ქართული",
    "kk": "Қазақша", "ko": "한국어", "lt": "Lietuvių", "lv": "Latviešu", "nl": "Nederlands", "pl": "Polski",
    "pt": "Português", "ro": "Română", "ru": "Русский", "sr": "Српски", "tr": "Türkçe", "uk": "Українська",
    "uz": "Oʻzbekcha", "vi": "Tiếng Việt", "zh": "中文",
}  # fmt: skip

ADDRESSES: Final = ("informal", "formal")
GENDERS: Final = ("feminine", "masculine", "unspecified")
FORMS: Final = re.compile(r"\{([^{}|]*)\|([^{}|]*)(?:\|([^{}|]*))?\}")


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


def language_name(code: str) -> str:
    return NAMES.get(code, code)


@cache
def _template(language: str, key: str, form: str | None, address: str, gender: str) -> str:
    """The text with its forms chosen and its values still open."""
    text = texts(language)[key]
    if form is not None:
        text = text[form]

    def choose(match: re.Match[str]) -> str:
        options = match.groups()
        return str(options[ADDRESSES.index(address) if options[2] is None else GENDERS.index(gender)])

    return FORMS.sub(choose, str(text))


@dataclass(frozen=True, slots=True)
class Words:
    """The texts as one person is addressed: `address` is one of ADDRESSES, `gender` one of GENDERS."""

    language: str
    address: str = "formal"
    gender: str = "unspecified"

    def plain(self, key: str, **values: Any) -> str:
        """The text with its values as they are. Raises `KeyError` for a key or value that is missing."""
        language = self.language if self.language in LANGUAGES else FALLBACK
        form = plural(language, values["count"]) if isinstance(texts(language)[key], dict) else None
        return _template(language, key, form, self.address, self.gender).format_map(values)

    def html(self, key: str, **values: Any) -> str:
        """As `plain`, with every value escaped for Telegram's HTML."""
        escaped = {
            # Numbers stay numbers: they choose the plural form.
            name: value if isinstance(value, int) else escape(str(value), quote=False)
            for name, value in values.items()
        }
        return self.plain(key, **escaped)


def plain(language: str, key: str, **values: Any) -> str:
    """As `Words.plain`, to nobody in particular: formal, in no gender."""
    return Words(language).plain(key, **values)


def html(language: str, key: str, **values: Any) -> str:
    """As `Words.html`, to nobody in particular: formal, in no gender."""
    return Words(language).html(key, **values)
