"""Shapes of the readings API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from app.users.schemas import Balance, Input, Wallet

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,63}$")]
State = Literal["awaiting_draw", "interpreting", "finished", "failed", "expired"]
Rating = Literal["good", "bad"]


def _tidy(value: str) -> str:
    return value.replace("\x00", "").strip()


def _not_blank(value: str) -> str:
    if not value:
        raise ValueError("must not be blank")
    return value


Words = Annotated[str, Field(max_length=500), AfterValidator(_tidy)]


class Start(Input):
    spread: Key
    deck: Key | None = None
    question: Words | None = None


class Draw(Input):
    """`picks`: zero-based places in the fan, one for each position."""

    picks: Annotated[list[Annotated[int, Field(ge=0, lt=1000)]], Field(min_length=1, max_length=100)]
    client_seed: Annotated[str, Field(pattern=r"^[\x20-\x7e]{0,64}$")] = ""


class Ask(Input):
    text: Annotated[Words, Field(min_length=1), AfterValidator(_not_blank)]


class Feedback(Input):
    rating: Rating
    question_id: Annotated[UUID, Field(strict=False)] | None = None


class Named(BaseModel):
    key: str
    name: str


class Position(BaseModel):
    """`x` and `y`: centre of the card in per cent of the table; `rotation` in degrees."""

    key: str
    name: str
    meaning: str
    x: float
    y: float
    rotation: int


class Size(BaseModel):
    src: str
    width: int


class Image(BaseModel):
    src: str
    width: int
    height: int
    sizes: list[Size]
    alt: str | None


class Card(BaseModel):
    """`keywords` are those of the drawn orientation."""

    key: str
    name: str
    number: int
    arcana: Literal["major", "minor"]
    suit: Literal["wands", "cups", "swords", "pentacles"] | None
    rank: int | None
    keywords: list[str]
    picture: Image | None


class DrawnCard(BaseModel):
    position: Position
    card: Card
    reversed: bool


class HeldWallet(BaseModel):
    readings: Balance


class Started(BaseModel):
    id: UUID
    commitment: str
    card_count: int
    positions: list[Position]
    spread: Named
    deck: Named
    cost: int
    paid_by: Literal["free", "wallet", "subscription"]
    wallet: HeldWallet


class Drawn(BaseModel):
    cards: list[DrawnCard]


class CardSummary(BaseModel):
    name: str
    reversed: bool
    picture: Image | None


class Summary(BaseModel):
    id: UUID
    state: State
    spread: Named
    deck: Named
    question: str | None
    language: str
    created_at: datetime
    finished_at: datetime | None
    rating: Rating | None
    cards: list[CardSummary]
    excerpt: str | None


class Page(BaseModel):
    items: list[Summary]
    next_cursor: str | None


class Text(BaseModel):
    text: str
    state: Literal["queued", "running", "finished", "failed"]
    offline: bool
    kind: Literal["reading", "crisis", "medical", "legal", "financial", "refused"]


class Question(BaseModel):
    id: UUID
    number: int
    text: str
    free: bool
    answer: Text
    rating: Rating | None
    created_at: datetime


class FollowUps(BaseModel):
    """`cost` of the next one after the free ones, in follow-ups of the wallet."""

    free_left: int
    cost: int


class Reading(BaseModel):
    id: UUID
    state: State
    spread: Named
    deck: Named
    question: str | None
    language: str
    created_at: datetime
    finished_at: datetime | None
    expires_at: datetime
    rating: Rating | None
    cost: int
    commitment: str
    card_count: int
    positions: list[Position]
    cards: list[DrawnCard]
    interpretation: Text | None
    questions: list[Question]
    follow_ups: FollowUps


class Asked(BaseModel):
    id: UUID
    number: int
    free: bool
    wallet: Wallet


class ProofCard(BaseModel):
    place: int
    card: str
    reversed: bool


class Proof(BaseModel):
    version: int
    reading: UUID
    cards: list[str]
    reversals: Literal["half", "none"]
    seed: str
    client_seed: str
    commitment: str
    picks: list[int] | None
    drawn: list[ProofCard] | None
    order: list[str]
