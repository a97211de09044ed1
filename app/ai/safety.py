"""Recognises danger in what a person asks, in both languages, before any model sees it."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from app.ai.brief import Brief
from app.ai.phrases import LANGUAGES, load
from app.ai.question import topic, visible

Subject = Literal["suicide", "violence", "harm", "child", "injection", "medical", "legal", "financial", "unspecified"]
_GUARDED: tuple[Subject, ...] = ("injection", "medical", "legal", "financial")
# Latin letters that are drawn like Cyrillic ones hide words from whoever looks for them.
_LOOKALIKES = str.maketrans("aceopxykmthb", "асеорхукмтнв")
_SPELLED = re.compile(r"(?<!\w)(?:\w[ .\-_*]){3,}\w(?!\w)")


@dataclass(frozen=True, slots=True)
class Danger:
    """`subject` says what it is about; `crisis` that a person may be in danger now."""

    subject: Subject
    crisis: bool


def recognise(brief: Brief) -> Danger | None:
    """The gravest danger in what is asked now.

    A follow-up inherits a crisis of the reading's question, and its other subjects unless it turns elsewhere.
    """
    danger = look_for(brief.asked)
    if danger is not None or brief.follow_up is None:
        return danger
    inherited = look_for(brief.question)
    if inherited is None or inherited.subject == "injection":
        return None
    elsewhere = topic(brief.follow_up, brief.language) not in (
        "general",
        topic(brief.question, brief.language),
    )
    return inherited if inherited.crisis or not elsewhere else None


def look_for(text: str | None) -> Danger | None:
    """The gravest danger in a text: a crisis, then an attempt to steer the model, then the other subjects."""
    if not text:
        return None
    plain = _plain(text)
    if _SPELLED.search(text) and any(word in plain.replace(" ", "") for word in _compact()):
        return Danger("suicide", crisis=True)
    for pattern in _harmless():
        plain = pattern.sub(" … ", plain)
    for subject, patterns, crisis in _subjects():
        if any(pattern.search(plain) for pattern in patterns):
            return Danger(subject, crisis)
    return None


def _plain(text: str) -> str:
    """Small letters, ё as е, no invisible letters, words that were disguised put together again."""
    plain = visible(text).lower().replace("ё", "е").replace("’", "'")
    plain = _SPELLED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), plain)
    plain = re.sub(r"(\w)\1{2,}", r"\1", plain)
    return re.sub(r"\w+", lambda found: _one_alphabet(found[0]), plain)


def _one_alphabet(word: str) -> str:
    return word.translate(_LOOKALIKES) if re.search("[а-я]", word) and re.search("[a-z]", word) else word


@cache
def _compact() -> list[str]:
    """What is looked for when letters were set apart, where nobody can tell where a word ends."""
    return [word for language in LANGUAGES for word in _data(language)["compact"]]


@cache
def _harmless() -> list[re.Pattern[str]]:
    return [re.compile(rf"\b(?:{one})") for language in LANGUAGES for one in _data(language)["harmless"]]


@cache
def _subjects() -> list[tuple[Subject, list[re.Pattern[str]], bool]]:
    crises: tuple[Subject, ...] = ("suicide", "child", "violence", "harm")
    found: list[tuple[Subject, list[re.Pattern[str]], bool]] = []
    for subject in (*crises, *_GUARDED):
        crisis = subject in crises
        groups = ((_data(language)["crisis"] if crisis else _data(language))[subject] for language in LANGUAGES)
        found.append((subject, [re.compile(one) for group in groups for one in group], crisis))
    return found


def _data(language: str) -> dict[str, Any]:
    data: dict[str, Any] = load("dangers", language)
    return data
