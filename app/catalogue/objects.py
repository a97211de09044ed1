"""The objects of a document one by one: what breaks the schema, comes twice or is empty inside is left out."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from app.catalogue import schema
from app.catalogue.problems import Problems, pointer

Row = dict[str, Any]
ProductKind = Literal["spread", "deck", "package", "project"]
KEY = re.compile(r"[a-z0-9][a-z0-9_-]{1,63}")


def key_of(row: Any) -> str:
    """The key of what may be anything; "" when it has none."""
    key = row.get("key") if isinstance(row, dict) else None
    return key if isinstance(key, str) and KEY.fullmatch(key) else ""


class ObjectCheck:
    """Looks at each object by itself and reports into `problems`."""

    def __init__(self, problems: Problems) -> None:
        self._report = problems.report

    def tombstones(self, rows: list[Any]) -> set[tuple[str, str]]:
        """Kind and key of everything that was deleted for good."""
        gone = set()
        for place, row in enumerate(rows):
            found = list(schema.faults("tombstone", row, ("tombstones", place)))
            for path, ru, en in found:
                self._report("document", "", path, "schema", ru, en)
            if not found:
                gone.add((row["kind"], row["key"]))
        return gone

    def sound(self, kind: ProductKind, name: str, rows: list[Any]) -> dict[str, Row]:
        """The good ones by key, in order."""
        good: dict[str, Row] = {}
        for place, row in enumerate(rows):
            key = key_of(row)
            found = list(schema.faults(kind, row, (name, place)))
            for path, ru, en in found:
                self._report(kind, key, path, "schema", ru, en)
            if found:
                continue
            if key in good:
                self._report(
                    kind, key, pointer(name, place, "key"), "duplicate_key",
                    f"Ключ «{key}» уже занят другим объектом; второй пропущен.",
                    f"The key “{key}” is taken by another object; the second one was left out.",
                )  # fmt: skip
                continue
            if kind == "deck":
                row = {**row, "cards": self._cards(key, place, row["cards"])}
                if not row["cards"]:
                    self._report(
                        "deck", key, pointer(name, place, "cards"), "schema",
                        "В колоде не осталось ни одной исправной карты.", "The deck has no sound card left.",
                    )  # fmt: skip
                    continue
            if kind == "spread" and not self._distinct_positions(key, place, row):
                continue
            good[key] = row
        return good

    def coupons(self, rows: list[Any]) -> list[Row]:
        """The good ones, in order; their codes are in lower case and come once."""
        good: dict[str, Row] = {}
        for place, row in enumerate(rows):
            found = list(schema.faults("coupon", row, ("coupons", place)))
            code = _code_of(row)
            # Codes may be in any letters; keys may not.
            name = code if KEY.fullmatch(code) else ""
            for path, ru, en in found:
                self._report(
                    "coupon", name, path, "schema", f"Купон «{code}». {ru}", f"Coupon “{code}”. {en}"
                )  # fmt: skip
            if found:
                continue
            if code in good:
                self._report(
                    "coupon", name, pointer("coupons", place, "code"), "duplicate_key",
                    f"Купон «{code}» есть дважды; второй пропущен.",
                    f"The coupon “{code}” comes twice; the second one was left out.",
                )  # fmt: skip
                continue
            if not _is_moment(row.get("expires_at")):
                self._report(
                    "coupon", name, pointer("coupons", place, "expires_at"), "schema",
                    f"Купон «{code}»: такого дня нет.", f"Coupon “{code}”: there is no such day.",
                )  # fmt: skip
                continue
            good[code] = {**row, "code": code}
        return list(good.values())

    def _cards(self, deck: str, deck_place: int, rows: list[Any]) -> list[Row]:
        good: dict[str, Row] = {}
        for place, row in enumerate(rows):
            base = ("decks", deck_place, "cards", place)
            key = key_of(row)
            found = list(schema.faults("card", row, base))
            for path, ru, en in found:
                self._report("card", key, path, "schema", f"Колода «{deck}». {ru}", f"Deck “{deck}”. {en}")
            if found:
                continue
            if row["key"] in good:
                self._report(
                    "card", key, pointer(*base, "key"), "duplicate_key",
                    f"Карта «{key}» есть в колоде «{deck}» дважды; вторая пропущена.",
                    f"The card “{key}” is in the deck “{deck}” twice; the second one was left out.",
                )  # fmt: skip
                continue
            good[row["key"]] = row
        return list(good.values())

    def _distinct_positions(self, key: str, place: int, row: Row) -> bool:
        names = [position["key"] for position in row["positions"]]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            self._report(
                "spread", key, pointer("spreads", place, "positions"), "duplicate_key",
                f"Позиция «{doubled}» есть в раскладе дважды.",
                f"The position “{doubled}” is in the spread twice.",
            )  # fmt: skip
        return doubled is None


def _code_of(row: Any) -> str:
    """A coupon's code, as far as it can be shown; it is no secret to whoever is told of it."""
    code = row.get("code") if isinstance(row, dict) else None
    return code.strip().lower()[:200] if isinstance(code, str) and code.isprintable() else ""


def _is_moment(value: str | None) -> bool:
    try:
        return value is None or datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def sound_parts(document: Mapping[str, Any]) -> dict[str, list[Row]]:
    """The objects of a former document that obey the rules of today: an older release may have accepted others."""
    kinds: tuple[tuple[ProductKind, str], ...] = (
        ("project", "projects"),
        ("spread", "spreads"),
        ("deck", "decks"),
        ("package", "packages"),
    )
    return {
        name: [
            row
            for row in document.get(name, ())
            if not any(schema.faults(kind, row))
            and not any(
                fault for card in row.get("cards", ()) if kind == "deck" for fault in schema.faults("card", card)
            )
        ]
        for kind, name in kinds
    }
