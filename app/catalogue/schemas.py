"""Shapes of the public catalogue, for the OpenAPI document; the bytes themselves are made in `public.py`."""

from typing import Literal

from pydantic import BaseModel


class ImageSize(BaseModel):
    src: str
    width: int


class Image(BaseModel):
    """A mirrored picture: `src` is the largest rendition, `sizes` are all of them, widths ascending."""

    src: str
    width: int
    height: int
    sizes: list[ImageSize]
    alt: str | None


class Theme(BaseModel):
    scheme: Literal["dark", "light"]
    background: str
    surface: str
    text: str
    muted: str
    accent: str
    accent_text: str
    font: Literal["serif", "sans", "rounded", "mono"]
    pattern: Literal["stars", "botanical", "geometric", "none"]


class Project(BaseModel):
    key: str
    slug: str
    name: str
    tagline: str
    description: str
    welcome: str
    notice: str | None
    theme: Theme
    logo: Image | None
    cover: Image | None
    bot_username: str | None
    free_readings: int
    free_follow_ups: int


class SpreadPosition(BaseModel):
    """`x` and `y` are the centre of the card on a table of 100 by 100; `rotation` is in degrees."""

    key: str
    name: str
    meaning: str
    x: float
    y: float
    rotation: Literal[0, 90]


class Spread(BaseModel):
    """`cost` is in readings; `cards` says which part of the deck takes part."""

    key: str
    name: str
    description: str
    cost: int
    cards: Literal["all", "major"]
    picture: Image | None
    positions: list[SpreadPosition]


class DeckSummary(BaseModel):
    """`href` is the address of the cards with their meanings."""

    key: str
    name: str
    description: str
    reversals: bool
    back: Image | None
    card_count: int
    href: str


class Price(BaseModel):
    """Minor units of the currency; `regular` is the price before a sale."""

    amount: int
    regular: int | None
    currency: str


class Package(BaseModel):
    """`period`, `renews`, `fair_use` (readings a day) and `trial_days` are of subscriptions; `stars_regular` is the
    price in Stars before a sale; bought units expire after `expires_days`; `gift`: may be bought for somebody else."""

    key: str
    name: str
    description: str
    kind: Literal["readings", "follow_ups", "subscription"]
    readings: int
    follow_ups: int
    price: Price | None
    stars: int | None
    stars_regular: int | None
    period: Literal["month", "year"] | None
    renews: bool
    fair_use: int | None
    expires_days: int | None
    trial_days: int | None
    gift: bool
    badge: str | None


class Catalogue(BaseModel):
    """One project in one language. `version` moves whenever anything in it does."""

    version: str
    lang: str
    languages: list[str]
    project: Project
    spreads: list[Spread]
    decks: list[DeckSummary]
    packages: list[Package]


class CardKeywords(BaseModel):
    upright: list[str]
    reversed: list[str]


class CardMeaning(BaseModel):
    upright: str
    reversed: str


class Card(BaseModel):
    key: str
    number: int
    arcana: Literal["major", "minor"]
    suit: Literal["wands", "cups", "swords", "pentacles"] | None
    rank: int | None
    name: str
    keywords: CardKeywords
    meaning: CardMeaning
    picture: Image | None


class Deck(BaseModel):
    key: str
    name: str
    description: str
    reversals: bool
    back: Image | None
    cards: list[Card]
