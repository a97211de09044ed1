"""What a person asked, as data: a safe quotation, its topic, and the sort of answer it waits for."""

import re
import unicodedata
from typing import Any

from app.ai.phrases import load

_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Zа-яё][^<>]{0,60}>")
_WORD = re.compile(r"[^\W\d_]+")
_INVISIBLE = ("Cc", "Cf", "Co", "Cs", "Cn")


def visible(text: str) -> str:
    """The text without control and format characters (zero-width letters hide words), spaces collapsed."""
    spaced = (" " if sign.isspace() else sign for sign in text)
    return " ".join("".join(sign for sign in spaced if unicodedata.category(sign) not in _INVISIBLE).split())


def says_something(text: str | None) -> bool:
    """Whether there are words in it at all: not only emoji, digits, or one key held down."""
    words = _WORD.findall(visible(text or ""))
    return any(len(word) > 1 and len(set(word.lower())) > 1 for word in words)


def quoted(text: str | None, *, limit: int = 160) -> str:
    """The question fit for quotation marks: no markup, no links, cut at a word; empty if it says nothing."""
    if not says_something(text):
        return ""
    clean = _TAG.sub(" ", _LINK.sub("…", visible(text or "")))
    clean = " ".join(re.sub(r"[*_`#<>\[\]{}|~\\]+", "", clean).split())
    # Quotation marks inside quotation marks: „…“ in Cyrillic, ‘…’ in Latin.
    opening, closing = ("„", "“") if re.search("[а-яё]", clean.lower()) else ("‘", "’")
    clean = re.sub(r"[«“„\"]([^«»“”„\"]+)[»”“\"]", rf"{opening}\1{closing}", clean)
    clean = re.sub(r"[«»”\"]+", "", clean).strip()
    if len(clean) > limit:
        clean = clean[:limit].rsplit(" ", 1)[0].rstrip(" ,.;:-—") + "…"
    return clean


def person_name(name: str) -> str:
    """The first word of a Telegram first name if it can be spoken, else nothing."""
    first = visible(name).split(" ", 1)[0]
    return first if len(first) <= 20 and re.fullmatch(r"[^\W\d_]+(?:[-’'][^\W\d_]+)?", first) else ""


def words(text: str) -> list[str]:
    return [word.lower().replace("ё", "е") for word in _WORD.findall(text)]


def topic(text: str | None, language: str) -> str:
    """The topic whose words are met most (`love`, `work`, …), or `general`. `$` ends a whole word."""
    asked = words(text or "")
    counts = {
        name: sum(any(_begins(word, stem) for stem in entry["stems"]) for word in asked)
        for name, entry in load("offline", language)["topics"].items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else "general"


def _begins(word: str, stem: str) -> bool:
    return word == stem[:-1] if stem.endswith("$") else word.startswith(stem)


def form(text: str | None, language: str) -> str:
    """What sort of answer is waited for: `when`, `feelings`, `choice`, `yes_no`, `why`, `how` or `open`."""
    patterns: dict[str, Any] = load("offline", language)["forms"]
    # In a long story the question stands at the end.
    asked = " ".join(words(text or "")[-20:])
    return next((name for name, pattern in patterns.items() if re.search(pattern, asked)), "open")
