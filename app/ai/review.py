"""Watches a model's text while it streams, and makes a whole reading of what came."""

import re

from app.ai import offline, wording
from app.ai.brief import Brief, DrawnCard
from app.ai.faults import ModelFault
from app.ai.naming import card_facts, names
from app.ai.prompts import CRISIS_MARK, Prompt

_GATE = 80
_LONGEST_GATE = 700
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_THOUGHTS = re.compile(r"^\s*<think>.*?</think>\s*", re.DOTALL)
_STOPS = frozenset(".!?…\n")


class Review:
    """Fed with pieces, gives back what may be shown. Raises `ModelFault` when the text must not go on.

    The first letters wait until they can be judged. Then each sentence is judged as it ends: what was shown
    of a bad one is voided by the restart that follows.
    """

    def __init__(self, brief: Brief, prompt: Prompt) -> None:
        self._brief = brief
        self._secret = wording.runs(prompt.instructions)
        self._text = ""
        self._open = False
        self._judged = 0
        self._repetition = wording.Repetition()
        # A text three times as long as it should be has lost its end.
        self._limit = 3 * (1800 + 750 * len(brief.cards))

    def feed(self, piece: str) -> str:
        """What may be shown now, possibly nothing yet."""
        self._text += piece
        if not self._open:
            return self._through_gate(at_end=False)
        if not _STOPS.isdisjoint(piece):
            self._judge()
        return piece

    def finish(self, *, cut: bool) -> str:
        """What is still to be shown: the held rest, cards that were forgotten, something to do.

        `cut`: the model was stopped at its limit of tokens.
        """
        shown = "" if self._open else self._through_gate(at_end=True)
        self._judge()
        if not wording.speaks(self._text, self._brief.language):
            raise ModelFault("wrong_language")
        # A few forgotten cards are added from the deck. A text that left out most of them is no reading.
        unnamed = sum(not names(self._text, card.card_name) for card in self._brief.cards)
        if self._brief.follow_up is None and unnamed * 2 > len(self._brief.cards):
            raise ModelFault("cards_missing")
        forgotten = self._forgotten()
        additions = []
        if cut and self._text.rstrip()[-1] not in ".!?…":
            # A name may have been cut in the middle of its emphasis.
            shown += "…**" if self._text.count("**") % 2 else "…"
        if forgotten:
            additions.append(offline.card_lines(self._brief, forgotten))
        if forgotten or not wording.ends_with_action(self._text, self._brief.language):
            additions.append(offline.action(self._brief))
        return shown + "".join(f"\n\n{addition}" for addition in additions)

    def _through_gate(self, *, at_end: bool) -> str:
        # Some servers send a model's thoughts as text.
        self._text = _THOUGHTS.sub("", self._text, count=1).lstrip()
        thinking = self._text.startswith("<think>")
        # What is quoted may be in any language, so it does not count.
        own = wording.unquoted(self._text)
        self._look_for_crisis(self._text)
        if not at_end and (thinking or (len(own) < _GATE and len(self._text) < _LONGEST_GATE)):
            return ""
        if thinking or not self._text:
            raise ModelFault("empty")
        if _PAGE.match(self._text):
            raise ModelFault("nonsense")
        if len(own) >= _GATE // 2 and not wording.speaks(own, self._brief.language):
            raise ModelFault("wrong_language")
        self._open = True
        self._judge()
        return self._text

    def _judge(self) -> None:
        # A little of what came before as well: a claim or a quotation may run over a stop.
        fresh = self._text[max(0, self._judged - 60) :]
        repeated = self._repetition.grows(self._text[self._judged :])
        self._judged = len(self._text)
        if repeated or len(self._text) > self._limit:
            raise ModelFault("repeated")
        self._look_for_crisis(fresh)
        if claims := wording.forbidden_claims(fresh, self._brief.language):
            raise ModelFault(f"claim_{claims[0]}")
        if not self._secret.isdisjoint(wording.runs(fresh)):
            raise ModelFault("prompt_leak")

    def _look_for_crisis(self, text: str) -> None:
        if CRISIS_MARK in text:
            raise ModelFault("crisis", refusal=True)

    def _forgotten(self) -> list[DrawnCard]:
        """Cards that are not named in their position and orientation. A follow-up need not name all."""
        if self._brief.follow_up is not None:
            return []
        facts = card_facts(self._text, self._brief.cards, self._brief.language)
        return [card for card, fact in zip(self._brief.cards, facts, strict=True) if not fact.complete]
