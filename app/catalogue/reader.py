"""From a stored document to the `Library`: the only place that knows the document's shape field by field."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from app.catalogue.library import (
    Bot,
    Card,
    Coupon,
    Deck,
    Library,
    MirroredPicture,
    Package,
    Payments,
    Position,
    Price,
    Project,
    Spread,
    StripeKeys,
    Text,
    Theme,
    YooKassaKeys,
)

# A picture's hash, and its widths with their heights, ascending.
Mirrored = tuple[str, tuple[tuple[int, int], ...]]
BotOf = Callable[[str, Mapping[str, Any] | None], Bot | None]
# Key of the project, name of the provider, its row in the document.
KeysOf = Callable[[str, str, Mapping[str, Any] | None], StripeKeys | YooKassaKeys | None]


def no_keys(project_key: str, provider: str, row: Mapping[str, Any] | None) -> None:
    """For those who read a catalogue without its secrets."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a process needs to read the catalogue: enough by itself, without a database."""

    stamp: str
    revision: int
    source: Literal["demo", "store"]
    document: Mapping[str, Any]
    project_ids: Mapping[str, int]
    pictures: Mapping[str, Mirrored]
    # Bots made inside Telegram, by the key of their project, each as the document has its `bot`.
    managed_bots: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        return {
            "stamp": self.stamp,
            "revision": self.revision,
            "source": self.source,
            "document": self.document,
            "project_ids": self.project_ids,
            "pictures": self.pictures,
            "managed_bots": self.managed_bots,
        }

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> "Snapshot":
        return cls(**{**body, "pictures": {key: mirrored(*row) for key, row in body["pictures"].items()}})


def mirrored(hash: str, widths: Any) -> Mirrored:
    return hash, tuple((int(width), int(height)) for width, height in widths)


def picture_id(picture: Mapping[str, Any]) -> str:
    """One picture at one address with one content; a new content hash means to fetch it again."""
    return hashlib.sha256(f"{picture['url']}\n{picture.get('sha256') or ''}".encode()).hexdigest()


def pictures_of(document: Mapping[str, Any]) -> dict[str, str]:
    """All pictures that the document names: id → url."""
    found: dict[str, str] = {}

    def add(picture: Mapping[str, Any] | None) -> None:
        if picture:
            found[picture_id(picture)] = picture["url"]

    for project in document["projects"]:
        add(project.get("logo"))
        add(project.get("cover"))
    for sold in (*document["spreads"], *document["packages"]):
        add(sold.get("picture"))
    for deck in document["decks"]:
        add(deck.get("back"))
        for card in deck["cards"]:
            add(card.get("picture"))
    return found


def read(snapshot: Snapshot, *, bot_of: BotOf, keys_of: KeysOf = no_keys) -> Library:
    """Builds the library; `bot_of` gives the opened bot for a project's key and its `bot` in the document, `keys_of`
    the opened keys of a payment provider."""
    reader = _Reader(snapshot.pictures, keys_of)
    document = snapshot.document
    spreads = {row["key"]: reader.spread(row) for row in document["spreads"]}
    decks = {row["key"]: reader.deck(row) for row in document["decks"]}
    packages = {row["key"]: reader.package(row) for row in document["packages"]}
    coupons = [reader.coupon(row) for row in document.get("coupons", ())]
    bots = _bots(snapshot, bot_of)
    return Library(
        stamp=snapshot.stamp,
        source=snapshot.source,
        version=document["version"],
        projects=tuple(
            reader.project(
                row,
                snapshot.project_ids[row["key"]],
                bots[row["key"]],
                spreads,
                decks,
                packages,
                coupons,
            )
            for row in document["projects"]
            if row["key"] in snapshot.project_ids
        ),
    )


def _bots(snapshot: Snapshot, bot_of: BotOf) -> dict[str, Bot | None]:
    """The manager's token comes first; where there is none, the bot that was made inside Telegram."""
    bots = {row["key"]: bot_of(row["key"], row.get("bot")) for row in snapshot.document["projects"]}
    taken = {bot.id for bot in bots.values() if bot}
    for key, managed in snapshot.managed_bots.items():
        if key in bots and bots[key] is None and (bot := bot_of(key, managed)) is not None and bot.id not in taken:
            bots[key] = bot
            taken.add(bot.id)
    return bots


@dataclass(frozen=True, slots=True)
class _Reader:
    pictures: Mapping[str, Mirrored]
    keys_of: KeysOf

    def picture(self, row: Mapping[str, Any] | None) -> MirroredPicture | None:
        found = self.pictures.get(picture_id(row)) if row else None
        return MirroredPicture(found[0], found[1], row.get("alt")) if row and found else None

    def spread(self, row: Mapping[str, Any]) -> Spread:
        return Spread(
            key=row["key"],
            name=row["name"],
            description=row.get("description") or {},
            cost=int(row["cost"]),
            cards=row["cards"],
            positions=tuple(
                Position(
                    place["key"],
                    place["name"],
                    place["meaning"],
                    place["x"],
                    place["y"],
                    int(place["rotation"]),
                )
                for place in row["positions"]
            ),
            picture=self.picture(row.get("picture")),
        )

    def deck(self, row: Mapping[str, Any]) -> Deck:
        return Deck(
            key=row["key"],
            name=row["name"],
            description=row.get("description") or {},
            reversals=row["reversals"],
            cards=tuple(self.card(card) for card in row["cards"]),
            back=self.picture(row.get("back")),
        )

    def card(self, row: Mapping[str, Any]) -> Card:
        return Card(
            key=row["key"],
            number=int(row["number"]),
            arcana=row["arcana"],
            suit=row.get("suit"),
            rank=_number(row.get("rank")),
            name=row["name"],
            keywords_upright=_words(row["keywords"]["upright"]),
            keywords_reversed=_words(row["keywords"]["reversed"]),
            meaning_upright=row["meaning"]["upright"],
            meaning_reversed=row["meaning"]["reversed"],
            picture=self.picture(row.get("picture")),
        )

    def package(self, row: Mapping[str, Any]) -> Package:
        price = row.get("price")
        subscription = row["kind"] == "subscription"
        return Package(
            key=row["key"],
            name=row["name"],
            description=row.get("description") or {},
            kind=row["kind"],
            readings=int(row["readings"]),
            follow_ups=int(row["follow_ups"]),
            price=Price(int(price["amount"]), _number(price.get("regular")), price["currency"]) if price else None,
            stars=_number(row.get("stars")),
            badge=row.get("badge"),
            stars_regular=_number(row.get("stars_regular")),
            period=row.get("period") if subscription else None,
            renews=subscription and row.get("renews", True),
            fair_use=_number(row.get("fair_use")) if subscription else None,
            expires_days=None if subscription else _number(row.get("expires_days")),
            trial_days=_number(row.get("trial_days")) if subscription else None,
            gift=row.get("gift", True),
            product_id=_number(row.get("product_id")),
            picture=self.picture(row.get("picture")),
        )

    def coupon(self, row: Mapping[str, Any]) -> Coupon:
        projects, expires_at = row.get("projects"), row.get("expires_at")
        return Coupon(
            code=row["code"].lower(),
            kind=row["kind"],
            amount=int(row["amount"]),
            currency=row.get("currency"),
            free=row.get("free", False),
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
            usage_limit=_number(row.get("usage_limit")),
            usage_limit_per_user=_number(row.get("usage_limit_per_user")),
            used_elsewhere=int(row["used_elsewhere"]),
            projects=None if projects is None else frozenset(projects),
            packages=frozenset(row.get("packages", ())),
            excluded_packages=frozenset(row.get("excluded_packages", ())),
            minimum=_number(row.get("minimum")),
            maximum=_number(row.get("maximum")),
        )

    def payments(self, row: Mapping[str, Any]) -> Payments:
        rows = row.get("payments") or {}
        stripe = self.keys_of(row["key"], "stripe", rows.get("stripe"))
        yookassa = self.keys_of(row["key"], "yookassa", rows.get("yookassa"))
        return Payments(
            stripe if isinstance(stripe, StripeKeys) else None,
            yookassa if isinstance(yookassa, YooKassaKeys) else None,
        )

    def project(
        self,
        row: Mapping[str, Any],
        project_id: int,
        bot: Bot | None,
        spreads: Mapping[str, Spread],
        decks: Mapping[str, Deck],
        packages: Mapping[str, Package],
        coupons: Sequence[Coupon],
    ) -> Project:
        notice: Text | None = row.get("notice")
        return Project(
            id=project_id,
            key=row["key"],
            slug=row["slug"],
            status=row["status"],
            languages=tuple(row["languages"]),
            name=row["name"],
            tagline=row.get("tagline") or {},
            description=row.get("description") or {},
            welcome=row.get("welcome") or {},
            notice=notice if notice and any(notice.values()) else None,
            theme=Theme(**{name: row["theme"][name] for name in Theme.__slots__}),
            logo=self.picture(row.get("logo")),
            cover=self.picture(row.get("cover")),
            spreads=tuple(spreads[key] for key in row["spreads"]),
            decks=tuple(decks[key] for key in row["decks"]),
            packages=tuple(packages[key] for key in row["packages"]),
            free_readings=int(row["free_readings"]),
            free_follow_ups=int(row["free_follow_ups"]),
            voice=row.get("voice") or {},
            model_profile=row.get("model_profile"),
            bot=bot,
            refund_used=row.get("refund_used", "refuse"),
            other_providers_in_telegram=row.get("other_providers_in_telegram", False),
            payments=self.payments(row),
            coupons=tuple(coupon for coupon in coupons if coupon.projects is None or row["key"] in coupon.projects),
        )


def _words(row: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {lang: tuple(words) for lang, words in row.items()}


def _number(value: float | None) -> int | None:
    # JSON Schema takes 3.0 for an integer.
    return None if value is None else int(value)
