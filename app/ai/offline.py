"""The offline interpreter: an honest text of the deck's own meanings, the same for the same reading."""

import re
from collections.abc import Sequence
from typing import Any

from app.ai.brief import Brief, DrawnCard
from app.ai.phrases import Picker, load, lowered, render, sentence
from app.ai.question import form, person_name, quoted, says_something, topic, words


def compose(brief: Brief, *, fallback: bool = False) -> str:
    """The whole text, paragraphs parted by empty lines. `fallback`: the text says that a model failed."""
    return _Composer(brief, fallback=fallback).text()


def card_lines(brief: Brief, cards: Sequence[DrawnCard]) -> str:
    """A short paragraph each for cards that a text left out: position, name, orientation, meaning."""
    composer = _Composer(brief, fallback=False)
    return "\n\n".join(" ".join((composer.opener(card), sentence(card.meaning))).strip() for card in cards)


def action(brief: Brief) -> str:
    """The closing paragraph: one thing to do, fit to the topic."""
    return _Composer(brief, fallback=False).action()


class _Composer:
    def __init__(self, brief: Brief, *, fallback: bool) -> None:
        self.brief = brief
        self.phrases: dict[str, Any] = load("offline", brief.language)
        self.formal = brief.address == "formal"
        self.fallback = fallback
        self.asked = quoted(brief.asked)
        self.topic = topic(brief.asked, brief.language)
        if self.topic == "general" and brief.follow_up is not None:
            self.topic = topic(brief.question, brief.language)
        drawn = (f"{card.position_name}={card.card_name}={card.reversed}" for card in brief.cards)
        self.picker = Picker(brief.project_key, brief.asked or "", str(len(brief.exchanges)), *drawn)

    def text(self) -> str:
        parts = self._follow_up() if self.brief.follow_up is not None else self._reading()
        text = "\n\n".join(part for part in parts if part)
        # English sets no full stop after a quoted question; Russian does.
        return text if self.brief.language == "ru" else re.sub(r"([?!…]”)\.", r"\1", text)

    def _reading(self) -> list[str]:
        cards = self.brief.cards
        note = self.phrases["note"]["fallback" if self.fallback else "offline"]
        return [
            self._opening(self.phrases["opening"], self.phrases["opening_silent"]),
            *(self._card(card, place) for place, card in enumerate(cards)),
            self._conclusion(),
            note,
            self.action(),
        ]

    def _follow_up(self) -> list[str]:
        phrases = self.phrases["follow_up"]
        focus, *rest = self._by_relevance()
        # The first half of a meaning paints the card and was read already; the second half is its counsel.
        counsel = " ".join(_sentences(focus.meaning)[-2:])
        paragraph = [self._say("focus", phrases["focus"], focus), counsel, self._bridge(focus)]
        if rest:
            paragraph.append(self._say("second", phrases["second"], rest[0]))
        answer = self._answer(focus, rest[:1]) if self.asked else ""
        note = self.phrases["note"]["fallback" if self.fallback else "offline"]
        opening = self._opening({"plain": phrases["opening"]}, {"plain": phrases["opening_silent"]})
        return [opening, " ".join(filter(None, paragraph)), answer, note, self.action()]

    def _opening(self, asked: dict[str, list[str]], silent: dict[str, list[str]]) -> str:
        options = asked if self.asked else silent
        line = self._fill(self.picker.pick("opening", options.get(self._tone()) or options["plain"]))
        name = person_name(self.brief.first_name)
        return f"{name}, {line}" if name else sentence(line)

    def _tone(self) -> str:
        # Only the first sentence of a voice says what it is; the rest often says what to avoid.
        described = words(self.brief.voice.split(".", 1)[0])
        scores = {
            tone: sum(word.startswith(stem) for word in described for stem in stems)
            for tone, stems in self.phrases["tones"].items()
        }
        best = max(scores, key=lambda tone: scores[tone])
        return best if scores[best] else "plain"

    def _card(self, card: DrawnCard, place: int) -> str:
        # In a long spread a bridge after every card tires the reader.
        with_bridge = len(self.brief.cards) <= 5 or place % 2 == 0
        bridge = self._bridge(card) if with_bridge else ""
        parts = (self.opener(card), self._theme(card), sentence(card.meaning), bridge)
        return " ".join(part for part in parts if part)

    def opener(self, card: DrawnCard) -> str:
        return self._say("opener", self.phrases["opener"], card)

    def _theme(self, card: DrawnCard) -> str:
        meaning = sentence(card.position_meaning)
        if not meaning:
            return ""
        begins = {word.lower() for word in meaning.split()[:2]}
        clause = bool(begins & set(self.phrases["clause_words"]))
        slot = "theme_clause" if clause else "theme_noun"
        return self._say(slot, self.phrases[slot], card)

    def _bridge(self, card: DrawnCard) -> str:
        if not card.keywords:
            return ""
        side = "reversed" if card.reversed else "upright"
        return self._say(f"bridge.{side}", self.phrases["bridge"][side], card)

    def _conclusion(self) -> str:
        cards = self.brief.cards
        parts = []
        if len(cards) > 1:
            parts = [self._arc(cards[0], cards[-1]), self._balance(cards)]
        key = next((card for card in reversed(cards) if self._points_ahead(card)), cards[-1])
        if self.asked:
            if len(cards) > 1:
                slot = "answer_echo" if len(self.asked) <= 90 else "answer_echo_long"
                parts.append(self._fill(self.picker.pick(slot, self.phrases[slot])))
            parts.append(self._answer(key, cards))
        else:
            parts.append(self._say("answer", self.phrases["answer"]["silent"], key))
        return " ".join(part for part in parts if part)

    def _arc(self, first: DrawnCard, last: DrawnCard) -> str:
        return self._fill(
            self.picker.pick("arc", self.phrases["arc"]),
            first=first.card_name,
            first_key=_key(first),
            last=last.card_name,
            last_key=_key(last),
        )

    def _balance(self, cards: Sequence[DrawnCard]) -> str:
        turned = sum(card.reversed for card in cards)
        state = "all_upright" if not turned else "most_reversed" if turned * 2 > len(cards) else "mixed"
        return self.picker.pick("balance", self.phrases["balance"][state])

    def _answer(self, key: DrawnCard, cards: Sequence[DrawnCard]) -> str:
        kind = form(self.brief.asked, self.brief.language)
        if kind == "yes_no":
            drawn = list({id(card): card for card in (key, *cards)}.values())
            upright = sum(not card.reversed for card in drawn)
            kind = "yes" if upright * 2 > len(drawn) else "no" if upright * 2 < len(drawn) else "balance"
            # The card that is named as the reason lies the way the answer leans.
            reasons = [card for card in drawn if card.reversed == (kind == "no")]
            key = key if key in reasons or kind == "balance" else reasons[-1]
        return self._say("answer", self.phrases["answer"][kind], key)

    def action(self) -> str:
        before = " ".join((self.brief.interpretation or "", *(answer for _, answer in self.brief.exchanges)))
        options = [render(option, formal=self.formal) for option in self.phrases["actions"][self.topic]]
        general = [render(option, formal=self.formal) for option in self.phrases["actions"]["general"]]
        fresh = [option for option in options if option not in before] or general
        return f"{self.phrases['action_lead']} {self.picker.pick('action', fresh)}"

    def _by_relevance(self) -> list[DrawnCard]:
        """The cards, nearest to what is asked first: named in it, sharing words, then the last places."""
        asked = [word[:5] for word in words(self.brief.asked or "") if len(word) > 2]

        def nearness(place: int) -> tuple[int, int, int]:
            card = self.brief.cards[place]
            named = [word[:5] for word in words(card.card_name) if len(word) > 2]
            about = words(" ".join((card.position_name, card.position_meaning, card.meaning, *card.keywords)))
            shared = sum(any(word.startswith(stem) for word in about) for stem in asked)
            is_named = bool(named) and all(stem in asked for stem in named)
            return (int(is_named), shared, int(self._points_ahead(card)) * 100 + place)

        places = sorted(range(len(self.brief.cards)), key=nearness, reverse=True)
        return [self.brief.cards[place] for place in places]

    def _points_ahead(self, card: DrawnCard) -> bool:
        return any(stem in card.position_name.lower() for stem in self.phrases["answer_keys"])

    def _say(self, slot: str, options: Sequence[str], card: DrawnCard) -> str:
        side = "reversed" if card.reversed else "upright"
        return self._fill(
            self.picker.pick(slot, options),
            card=card.card_name,
            position=card.position_name,
            orientation=self.phrases["orientation"][side],
            meaning=lowered(sentence(card.position_meaning)),
            keywords=", ".join(card.keywords[:3]),
            key=_key(card),
            about=self.phrases["topics"][self.topic]["about"],
        )

    def _fill(self, template: str, **values: str) -> str:
        common = {"spread": self.brief.spread_name, "question": self.asked}
        return render(template, formal=self.formal, values=common | values)


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?…])\s+", sentence(text))


def _key(card: DrawnCard) -> str:
    return lowered(card.keywords[0]) if card.keywords and says_something(card.keywords[0]) else card.card_name
