"""The catalogue as the rest of the product reads it: one immutable snapshot in the process, parsed once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from pydantic import SecretStr

Text: TypeAlias = Mapping[str, str]


def text(value: Text | None, lang: str, default_lang: str = "") -> str:
    """The text in `lang`, else in the default language, else in any that is not blank, else ""."""
    if not value:
        return ""
    for candidate in (lang, default_lang):
        if found := value.get(candidate):
            return found
    return next((found for found in value.values() if found), "")


@dataclass(frozen=True, slots=True)
class MirroredPicture:
    """A picture that the backend serves itself. `widths` ascend, each with its height, all in pixels."""

    hash: str
    widths: tuple[tuple[int, int], ...]
    alt: Text | None = None

    def address(self, width: int, kind: Literal["webp", "jpg"] = "webp") -> str:
        return f"/media/{self.hash}-{width}.{kind}"

    def image(self, lang: str, default_lang: str = "") -> dict[str, Any]:
        """`Image` of the public API, in one language."""
        width, height = self.widths[-1]
        return {
            "src": self.address(width),
            "width": width,
            "height": height,
            "sizes": [{"src": self.address(size), "width": size} for size, _ in self.widths],
            "alt": text(self.alt, lang, default_lang) or None,
        }


@dataclass(frozen=True, slots=True)
class Position:
    key: str
    name: Text
    meaning: Text
    x: float
    y: float
    rotation: int


@dataclass(frozen=True, slots=True)
class Spread:
    """`cost` is in readings; `cards` says which part of the deck takes part."""

    key: str
    name: Text
    description: Text
    cost: int
    cards: Literal["all", "major"]
    positions: tuple[Position, ...]
    picture: MirroredPicture | None = None


@dataclass(frozen=True, slots=True)
class Card:
    key: str
    number: int
    arcana: Literal["major", "minor"]
    suit: Literal["wands", "cups", "swords", "pentacles"] | None
    rank: int | None
    name: Text
    keywords_upright: Mapping[str, tuple[str, ...]]
    keywords_reversed: Mapping[str, tuple[str, ...]]
    meaning_upright: Text
    meaning_reversed: Text
    picture: MirroredPicture | None = None

    def keywords(self, lang: str, default_lang: str = "", *, reversed: bool = False) -> tuple[str, ...]:
        """In `lang`, else in the default language, else in any."""
        source = self.keywords_reversed if reversed else self.keywords_upright
        for candidate in (lang, default_lang):
            if found := source.get(candidate):
                return found
        return next((found for found in source.values() if found), ())

    def meaning(self, lang: str, default_lang: str = "", *, reversed: bool = False) -> str:
        return text(self.meaning_reversed if reversed else self.meaning_upright, lang, default_lang)


@dataclass(frozen=True, slots=True)
class Deck:
    key: str
    name: Text
    description: Text
    reversals: bool
    cards: tuple[Card, ...]
    back: MirroredPicture | None = None

    def cards_for(self, spread: Spread) -> tuple[Card, ...]:
        """The cards that take part in a spread, in the deck's own order."""
        if spread.cards == "all":
            return self.cards
        return tuple(card for card in self.cards if card.arcana == "major")


@dataclass(frozen=True, slots=True)
class Price:
    """Minor units; `regular` is the price before a sale, `None` when there is none."""

    amount: int
    regular: int | None
    currency: str


@dataclass(frozen=True, slots=True)
class Package:
    """What is sold. `stars` is the price in Stars, `stars_regular` the one before a sale.

    `period`, `renews`, `fair_use` (readings a day) and `trial_days` are of subscriptions alone; their `follow_ups` are
    given for each period. Bought units expire after `expires_days`. `product_id` is WooCommerce's row, for its books.
    """

    key: str
    name: Text
    description: Text
    kind: Literal["readings", "follow_ups", "subscription"]
    readings: int
    follow_ups: int
    price: Price | None
    stars: int | None
    badge: Text | None
    stars_regular: int | None = None
    period: Literal["month", "year"] | None = None
    renews: bool = False
    fair_use: int | None = None
    expires_days: int | None = None
    trial_days: int | None = None
    gift: bool = True
    product_id: int | None = None
    picture: MirroredPicture | None = None


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon of the store. `amount` is in hundredths of a percent, or in minor units of `currency`.

    Without `projects` and `packages` it holds for all; `used_elsewhere` counts the uses that are not in our orders.
    `free` takes the whole price off.
    """

    code: str
    kind: Literal["percent", "fixed_cart", "fixed_product"]
    amount: int
    currency: str | None = None
    free: bool = False
    expires_at: datetime | None = None
    usage_limit: int | None = None
    usage_limit_per_user: int | None = None
    used_elsewhere: int = 0
    projects: frozenset[str] | None = None
    packages: frozenset[str] = frozenset()
    excluded_packages: frozenset[str] = frozenset()
    minimum: int | None = None
    maximum: int | None = None

    def holds_for(self, project_key: str, package_key: str) -> bool:
        """Whether it may be used for this package; says nothing of limits and dates."""
        return (
            (self.projects is None or project_key in self.projects)
            and (not self.packages or package_key in self.packages)
            and package_key not in self.excluded_packages
        )


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours are `#rrggbb`."""

    scheme: Literal["dark", "light"]
    background: str
    surface: str
    text: str
    muted: str
    accent: str
    accent_text: str
    font: Literal["serif", "sans", "rounded", "mono"]
    pattern: Literal["stars", "botanical", "geometric", "none"]


@dataclass(frozen=True, slots=True)
class Bot:
    """An opened bot token; `id` is the number before the token's colon."""

    id: int
    username: str | None
    token: SecretStr


@dataclass(frozen=True, slots=True)
class StripeKeys:
    secret_key: SecretStr
    webhook_secret: SecretStr


@dataclass(frozen=True, slots=True)
class YooKassaKeys:
    """`vat_code`, `tax_system` and `payment_mode` are YooKassa's own codes, for receipts of 54-FZ."""

    shop_id: str
    secret_key: SecretStr
    vat_code: int = 1
    tax_system: int | None = None
    receipts: bool = False
    payment_mode: str = "full_payment"


@dataclass(frozen=True, slots=True)
class Payments:
    """The opened keys of a project's payment providers; `None` where it has none."""

    stripe: StripeKeys | None = None
    yookassa: YooKassaKeys | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """`id` is the row in `projects`; `spreads`, `decks` and `packages` are in the project's own order."""

    id: int
    key: str
    slug: str
    status: Literal["draft", "live", "off"]
    languages: tuple[str, ...]
    name: Text
    tagline: Text
    description: Text
    welcome: Text
    notice: Text | None
    theme: Theme
    logo: MirroredPicture | None
    cover: MirroredPicture | None
    spreads: tuple[Spread, ...]
    decks: tuple[Deck, ...]
    packages: tuple[Package, ...]
    free_readings: int
    free_follow_ups: int
    voice: Text
    model_profile: str | None
    bot: Bot | None
    refund_used: Literal["forgive", "debt", "refuse"] = "refuse"
    other_providers_in_telegram: bool = False
    payments: Payments = field(default_factory=Payments)
    coupons: tuple[Coupon, ...] = ()

    @property
    def default_language(self) -> str:
        return self.languages[0]

    @property
    def live(self) -> bool:
        return self.status == "live"

    def language(self, wanted: str | None) -> str:
        """`wanted` (also as `ru-RU`) if the project speaks it, else the project's default."""
        short = (wanted or "").replace("_", "-").split("-", 1)[0].lower()
        return short if short in self.languages else self.default_language

    def text(self, value: Text | None, lang: str) -> str:
        return text(value, lang, self.default_language)

    def spread(self, key: str) -> Spread | None:
        return next((spread for spread in self.spreads if spread.key == key), None)

    def deck(self, key: str | None = None) -> Deck | None:
        """The named deck, or the default one without a name; `None` when the project does not offer it."""
        if key is None:
            return self.decks[0] if self.decks else None
        return next((deck for deck in self.decks if deck.key == key), None)

    def package(self, key: str) -> Package | None:
        return next((package for package in self.packages if package.key == key), None)

    def coupon(self, code: str) -> Coupon | None:
        """By its code, however it is written."""
        wanted = code.strip().lower()
        return next((coupon for coupon in self.coupons if coupon.code == wanted), None)


@dataclass(frozen=True, slots=True)
class Library:
    """All projects at one revision, which `stamp` names; `source` is "" before anything has arrived."""

    stamp: str = ""
    source: Literal["demo", "store", ""] = ""
    version: str = ""
    projects: tuple[Project, ...] = ()
    _by_slug: dict[str, Project] = field(default_factory=dict, repr=False, compare=False)
    _by_key: dict[str, Project] = field(default_factory=dict, repr=False, compare=False)
    _by_id: dict[int, Project] = field(default_factory=dict, repr=False, compare=False)
    _by_bot: dict[int, Project] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._by_slug.update((project.slug, project) for project in self.projects)
        self._by_key.update((project.key, project) for project in self.projects)
        self._by_id.update((project.id, project) for project in self.projects)
        self._by_bot.update((project.bot.id, project) for project in self.projects if project.bot)

    def project_by_slug(self, slug: str) -> Project | None:
        """The public door: only a live project is found by its slug."""
        project = self._by_slug.get(slug)
        return project if project is not None and project.live else None

    def project_by_key(self, key: str) -> Project | None:
        """In any status."""
        return self._by_key.get(key)

    def project_by_id(self, project_id: int) -> Project | None:
        """In any status; `None` also for one that was deleted and lives on only in its users' rows."""
        return self._by_id.get(project_id)

    def project_by_bot(self, bot_id: int) -> Project | None:
        """In any status: a draft's bot can be prepared before the project is live."""
        return self._by_bot.get(bot_id)

    @property
    def live_projects(self) -> Iterable[Project]:
        return (project for project in self.projects if project.live)
