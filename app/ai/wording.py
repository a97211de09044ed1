"""Facts about a text that do not depend on its cards: language, address, claims, length, ending."""

import re
from collections import Counter
from functools import cache
from typing import Any

from app.ai.phrases import LANGUAGES, load
from app.ai.question import says_something, words

# A quotation that is still being written counts as one, too.
_QUOTED = re.compile(r"«[^»]{0,600}(?:»|$)|“[^”]{0,600}(?:”|$)|\"[^\"\n]{0,600}(?:\"|$)")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?…\n]+")
_RUN = 7
_WORD = r"\b"


def unquoted(text: str) -> str:
    """The text without what stands in quotation marks: quotations may be in any language and address."""
    return _QUOTED.sub(" ", text)


def speaks(text: str, language: str) -> bool:
    """Whether the text is written in Cyrillic or Latin letters as its language asks; short texts pass."""
    own = unquoted(text)
    cyrillic, latin = len(_CYRILLIC.findall(own)), len(_LATIN.findall(own))
    if language not in LANGUAGES or cyrillic + latin < 20:
        return says_something(text)
    share = cyrillic / (cyrillic + latin)
    return share >= 0.8 if language == "ru" else share <= 0.1


def forbidden_claims(text: str, language: str) -> list[str]:
    """Kinds of claims no reading may make: certainty, death, medical, legal, financial, others, curse."""
    plain = text.lower().replace("ё", "е").replace("*", "")
    claims = _claims(language)
    if not claims.suspicion.search(plain):
        return []
    found = set()
    for kind, pattern in claims.patterns:
        for match in pattern.finditer(plain):
            opening = max(plain.rfind(stop, 0, match.start()) for stop in ".!?\n")
            if not claims.denied.search(plain[opening + 1 : match.start()]):
                found.add(kind)
    return sorted(found)


class _Claims:
    """The patterns of one language. `suspicion` is found where any of them is, in a fifth of their time together:
    it looks for the beginning of a word once, not once for each."""

    def __init__(self, language: str) -> None:
        data: dict[str, Any] = load("claims", language)
        sources = [(kind, source) for kind, several in data["kinds"].items() for source in several]
        self.patterns = [(kind, re.compile(source)) for kind, source in sources]
        self.denied = re.compile(data["denied"])
        self.suspicion = re.compile(rf"{_WORD}(?:{'|'.join(f'(?:{_without_word(source)})' for _, source in sources)})")


def _without_word(source: str) -> str:
    if not source.startswith(_WORD):
        raise ValueError(f"a claim begins with a word: {source}")
    return source.removeprefix(_WORD)


_claims = cache(_Claims)


def address_slips(text: str, *, address: str, gender: str, language: str) -> list[str]:
    """What contradicts the form of address or the grammatical gender that the person chose (Russian only)."""
    if language != "ru":
        return []
    own = unquoted(text).lower().replace("*", "").replace("ё", "е")
    wrong = ["formal" if address == "informal" else "informal", "bracketed"]
    wrong += [name for name in ("feminine", "masculine") if name != gender]
    patterns = load("wording", language)
    return [match[0] for name in wrong for match in re.finditer(patterns[name], own)]


def ends_with_action(text: str, language: str) -> bool:
    """Whether the last paragraph proposes something to do."""
    last = text.rstrip().rsplit("\n\n", 1)[-1]
    lead: str = load("offline", language)["action_lead"]
    return last.startswith(lead) or bool(re.search(load("wording", language)["advice"], last.lower()))


def answers(text: str, question: str, language: str) -> bool:
    """Whether the text takes up the question's words and, past the opening, points at an answer to it."""
    common = load("wording", language)["common"]
    stems = {word[:5] for word in words(question) if len(word) >= 4 and word not in common}
    taken_up = not stems or any(word.startswith(stem) for word in words(text) for stem in stems)
    body = text.split("\n\n", 1)[-1].lower().replace("ё", "е")
    return taken_up and bool(re.search(load("wording", language)["pointer"], body))


def fits_length(text: str, *, cards: int, follow_up: bool) -> bool:
    """Characters that a reading of so many cards takes: neither a telegram nor a novel."""
    low, high = (150, 3500) if follow_up else (150 + 120 * cards, 1800 + 750 * cards)
    return low <= len(text) <= high


class Repetition:
    """Whether a sentence comes back again and again, as from a model that has lost its thread."""

    def __init__(self) -> None:
        self._sentences: Counter[str] = Counter()

    def grows(self, text: str) -> bool:
        """Adds whole sentences; true once one of them has come too often."""
        for found in _SENTENCE.findall(text):
            sentence = " ".join(found.split()).lower()
            self._sentences[sentence] += 1
            if len(sentence) >= 3 and self._sentences[sentence] >= (3 if len(sentence) >= 25 else 8):
                return True
        return False


def repeats(text: str) -> bool:
    return Repetition().grows(text)


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of seven words: two texts that share one were hardly written independently."""
    spoken = words(text)
    return {tuple(spoken[place : place + _RUN]) for place in range(len(spoken) - _RUN + 1)}
