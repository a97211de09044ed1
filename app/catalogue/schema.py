"""The published JSON Schema (draft 2020-12), cut so that one broken object is found by itself."""

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal

import jsonschema_rs

from app.catalogue.problems import field_name, pointer, schema_words
from app.kit import json

FILE = Path(__file__).with_name("schema.json")
Part = Literal["document", "project", "spread", "deck", "card", "package", "coupon", "tombstone"]
# A broken object says its first few faults, not hundreds.
FAULTS = 5


@cache
def published() -> bytes:
    return FILE.read_bytes()


@cache
def rules_digest() -> str:
    """Names these rules: when they change, a document that was refused or cut is asked for again."""
    return hashlib.sha256(b"1" + published()).hexdigest()[:16]


@cache
def _validator(part: Part) -> jsonschema_rs.Draft202012Validator:
    schema: dict[str, Any] = json.loads(published())
    if part == "document":
        # The frame only: what the lists hold is looked at one by one.
        for name in ("projects", "spreads", "decks", "packages", "coupons", "tombstones"):
            del schema["properties"][name]["items"]
    elif part == "deck":
        schema["$defs"]["deck"]["properties"]["cards"].pop("items")
    if part != "document":
        schema = {"$schema": schema["$schema"], "$ref": f"#/$defs/{part}", "$defs": schema["$defs"]}
    return jsonschema_rs.Draft202012Validator(schema)


def faults(part: Part, value: Any, base: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str, str]]:
    """`(path, ru, en)` of what breaks the schema in one object, without a deck's cards and the lists."""
    for number, error in enumerate(_validator(part).iter_errors(value)):
        if number == FAULTS:
            return
        path, ru, en = schema_words(error)
        place = field_name(path)
        yield (
            pointer(*base, *path),
            f"Поле «{place}»: {ru}." if place else f"{ru[:1].upper()}{ru[1:]}.",
            f"Field “{place}”: {en}." if place else f"{en[:1].upper()}{en[1:]}.",
        )
