"""The fair draw, version 1: committed to before the user picks, open to anyone's recomputation afterwards.

commitment = SHA-256 of the canonical JSON of cards, reading, reversals, seed and version. The seed and what the client
adds drive HMAC-SHA256 in counter mode, which drives Fisher-Yates with rejection. Test vectors:
`tests/fixtures/draw_vectors.json`.
"""

import hmac
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from app.kit import json

VERSION = 1
Reversals = Literal["half", "none"]


def new_seed() -> bytes:
    return secrets.token_bytes(32)


def commitment(*, reading: UUID, cards: Sequence[str], reversals: Reversals, seed: bytes) -> str:
    """Hex SHA-256; `cards` are the deck's keys in the deck's own order."""
    return json.digest(
        {
            "cards": list(cards),
            "reading": str(reading),
            "reversals": reversals,
            "seed": seed.hex(),
            "version": VERSION,
        }
    )


def numbers(seed: bytes, *, stream: str, reading: UUID, client_seed: str) -> Iterator[int]:
    """Unsigned 32-bit numbers: block n is HMAC-SHA256(seed, "arcana-draw-1:{stream}:{reading}:{n}:{client_seed}")."""
    block = 0
    while True:
        message = f"arcana-draw-1:{stream}:{reading}:{block}:{client_seed}".encode()
        digest = hmac.digest(seed, message, "sha256")
        for start in range(0, 32, 4):
            yield int.from_bytes(digest[start : start + 4], "big")
        block += 1


def below(bound: int, source: Iterator[int]) -> int:
    """A number in [0, bound), each equally likely: numbers of the incomplete last stretch are rejected."""
    limit = 2**32 - 2**32 % bound
    for number in source:
        if number < limit:
            return number % bound
    raise AssertionError("the source has no end")


@dataclass(frozen=True, slots=True)
class Fan:
    """The deck as it lies face down: card and orientation by place."""

    order: tuple[str, ...]
    reversed: tuple[bool, ...]


def shuffle(*, seed: bytes, reading: UUID, cards: Sequence[str], reversals: Reversals, client_seed: str = "") -> Fan:
    order = list(cards)
    source = numbers(seed, stream="order", reading=reading, client_seed=client_seed)
    for place in range(len(order) - 1, 0, -1):
        other = below(place + 1, source)
        order[place], order[other] = order[other], order[place]
    turns = numbers(seed, stream="reversals", reading=reading, client_seed=client_seed)
    turned = tuple(reversals == "half" and next(turns) >> 31 == 1 for _ in order)
    return Fan(tuple(order), turned)
