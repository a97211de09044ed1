"""What an interpreter is given and what it gives back."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["reading", "crisis", "medical", "legal", "financial", "refused"]
Address = Literal["informal", "formal"]
Gender = Literal["feminine", "masculine", "unspecified"]


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """One card on its position; keywords and meaning are those of its orientation."""

    position_name: str
    position_meaning: str
    card_name: str
    reversed: bool
    keywords: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything an interpreter may know: a copy from the reading's own snapshot, in one language."""

    project_key: str
    project_name: str
    voice: str
    language: str
    address: Address
    gender: Gender
    first_name: str
    spread_name: str
    spread_description: str
    question: str | None
    cards: tuple[DrawnCard, ...]
    model_profile: str | None
    # Set for a follow-up: the saved text so far, the earlier follow-ups (question, answer), and the new one.
    interpretation: str | None = None
    exchanges: tuple[tuple[str, str], ...] = ()
    follow_up: str | None = None

    @property
    def asked(self) -> str | None:
        """What the person asks right now: the follow-up, or else the question of the reading."""
        return self.follow_up if self.follow_up is not None else self.question


@dataclass(frozen=True, slots=True)
class Restart:
    """The text that was streamed so far is void; what follows begins it anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended. Always the last item of a stream.

    `offline`: composed without a model. `promised_model`: a model was configured for this project.
    Tokens and `cost_micros` (millionths of a US dollar) cover every attempt, failed ones included.
    `free`: the user is charged nothing.
    `finish`: `stop`, `length`, `content_filter`, `safety`, or `fallback:<fault>` where a model failed.
    """

    kind: Kind
    offline: bool
    promised_model: bool
    profile: str | None
    model: str | None
    prompt_tokens: int
    completion_tokens: int
    cost_micros: int
    finish: str
    free: bool
