"""Finds cards, positions and orientations in a text, in whatever Russian case they stand."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.ai.brief import DrawnCard

_ADJECTIVE = "ый|ий|ой|ого|его|ому|ему|ым|им|ом|ем|ая|яя|ую|юю|ые|ие|ых|их|ыми|ими|ое|ее"
_NOUN = "а|у|й|ом|ем|ой|ою|ей|ею|е|ы|и|ь|ью|я|ю|о|ов|ам|ами|ах|ям|ями|ях|ии|ию|ия|ие|ием"
_TURNED = {
    "ru": re.compile(r"перев[её]рнут|в перевороте|обратн\w+ положени", re.IGNORECASE),
    "en": re.compile(r"\brevers(?:ed|al)\b|\bupside[ -]down\b", re.IGNORECASE),
}
_UPRIGHT = {
    "ru": re.compile(
        r"прям(?:ом|ое|ая|ой|ую|ым|ого) положени|прям(?:ая|ой|ую|ое) карт|\((?:прям)\w+\)|\bлежит прямо\b"
        r"|\*\*,? прям(?:ая|ой|ое|ые)\b",
        re.IGNORECASE,
    ),
    "en": re.compile(r"\bupright\b", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a text says of one card."""

    named: bool
    placed: bool
    oriented: bool

    @property
    def complete(self) -> bool:
        return self.named and self.placed and self.oriented


def card_facts(text: str, cards: Sequence[DrawnCard], language: str) -> list[CardFacts]:
    """For every card: is it named, together with its position, in its orientation (and not in the other)?"""
    text = text.replace("ё", "е").replace("Ё", "Е")
    mentions = _mentions(text, [card.card_name for card in cards])
    return [_facts(text, card, place, mentions, language) for place, card in enumerate(cards)]


def names(text: str, card_name: str) -> bool:
    return bool(_pattern(card_name).search(text.replace("ё", "е").replace("Ё", "Е")))


def _mentions(text: str, card_names: Sequence[str]) -> list[tuple[int, int, int]]:
    """(start, end, place of the card), in order; inside a longer name a shorter one does not count."""
    found = [
        (match.start(), match.end(), place)
        for place, name in enumerate(card_names)
        for match in _pattern(name).finditer(text)
    ]
    return sorted(
        mention
        for mention in found
        if not any(
            other is not mention
            and other[0] <= mention[0]
            and mention[1] <= other[1]
            and other[1] - other[0] > mention[1] - mention[0]
            for other in found
        )
    )


def _facts(text: str, card: DrawnCard, place: int, mentions: list[tuple[int, int, int]], language: str) -> CardFacts:
    own = [number for number, mention in enumerate(mentions) if mention[2] == place]
    position = _pattern(card.position_name, whole_name=False)
    placed = oriented = False
    for number in own:
        start, end, _ = mentions[number]
        opening, closing = _paragraph(text, start, end)
        placed = placed or not card.position_name.strip() or bool(position.search(text, opening, closing))
        # Words on this side of the neighbouring cards belong to this one.
        left = max([opening, *(other[1] for other in mentions[:number] if other[2] != place)])
        right = min([closing, *(other[0] for other in mentions[number + 1 :] if other[2] != place)])
        oriented = oriented or _orientation(text[left:right], start - left, language) == card.reversed
    return CardFacts(bool(own), placed, oriented)


def _orientation(window: str, at: int, language: str) -> bool | None:
    """Whether the word of orientation nearest to the card says `reversed`; none if there is no such word."""
    words = [
        (abs(match.start() - at), is_reversed)
        for patterns, is_reversed in ((_TURNED, True), (_UPRIGHT, False))
        for match in patterns["ru" if language == "ru" else "en"].finditer(window)
    ]
    return min(words)[1] if words else None


def _paragraph(text: str, start: int, end: int) -> tuple[int, int]:
    opening = text.rfind("\n\n", 0, start)
    closing = text.find("\n\n", end)
    return (0 if opening < 0 else opening, len(text) if closing < 0 else closing)


@lru_cache(maxsize=2048)
def _pattern(name: str, *, whole_name: bool = True) -> re.Pattern[str]:
    """The name in any case. A card's name begins with a capital: the sun in the sky is no card."""
    words = re.findall(r"\w+", name.replace("ё", "е").replace("Ё", "Е"))
    if words and words[0].lower() in ("the", "a") and len(words) > 1:
        words = words[1:]
    if not words:
        return re.compile(re.escape(name) if name.strip() else r"(?!)")
    parts = [_word(word) for word in words]
    if whole_name:
        first = words[0][0]
        if first.upper() != first.lower():
            parts[0] = parts[0].replace(re.escape(first), f"(?-i:{re.escape(first.upper())})", 1)
    between = r"[\W_]{1,4}"
    return re.compile(rf"(?<!\w){between.join(parts)}(?!\w)", re.IGNORECASE)


def _word(word: str) -> str:
    if not re.fullmatch(r"[а-яА-Я]{3,}", word):
        return re.escape(word)
    if found := re.fullmatch(rf"(.{{2,}})(?:{_ADJECTIVE})", word):
        return rf"{found[1]}(?:{_ADJECTIVE}|{_NOUN})"
    stem = re.sub(r"(?<=..)(?:ей|ов|[аяоеьйиыую])$", "", word)
    return rf"{stem}(?:{_NOUN})?"
