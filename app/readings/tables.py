"""Where the cards of a spread lie on a table of a given width: the Mini App's layout, for pictures in the chat."""

from collections.abc import Sequence
from dataclasses import dataclass

# Tarot cards are 70 × 120 mm.
CARD_RATIO = 120 / 70
# Closer than this on both axes, cards are meant to lie on one another (the crossing of the Celtic Cross).
STACKED = 4


@dataclass(frozen=True, slots=True)
class Spot:
    """A position of a spread: centre on a 100 × 100 table, `rotation` 0 or 90."""

    x: float
    y: float
    rotation: int

    def extent(self, card: float) -> tuple[float, float]:
        """Width and height that a card of this width takes here."""
        long = card * CARD_RATIO
        return (long, card) if self.rotation == 90 else (card, long)


@dataclass(frozen=True, slots=True)
class Table:
    """Pixels; `places` are the centres of the cards."""

    width: float
    height: float
    card: float
    places: tuple[tuple[float, float], ...]


def lay_out(spots: Sequence[Spot], *, width: float, largest: float, highest: float, gap: float) -> Table:
    """The largest cards that neither touch each other nor leave the table, with only as much height as that needs."""
    card = min(largest, width)
    while card > 16:
        table = _try(spots, card, width, gap)
        if table is not None and table.height <= highest:
            return table
        card -= 4
    return _scaled(spots, 16, width, (highest - 16 * CARD_RATIO) / 100)


def _try(spots: Sequence[Spot], card: float, width: float, gap: float) -> Table | None:
    """With this card width; None when no height makes it free of collisions."""
    horizontal, _ = _horizontal(spots, card, width)
    if horizontal < 0:
        return None
    vertical = 0.0
    for index, first in enumerate(spots):
        for second in spots[index + 1 :]:
            across, down = abs(first.x - second.x), abs(first.y - second.y)
            if across < STACKED and down < STACKED:
                continue
            one, other = first.extent(card), second.extent(card)
            if across * horizontal >= (one[0] + other[0]) / 2 + gap:
                continue
            if down == 0:
                return None
            vertical = max(vertical, ((one[1] + other[1]) / 2 + gap) / down)
    # A staircase of cards beside each other keeps a hint of its steps.
    loose = horizontal * 0.6 if len({spot.y for spot in spots}) > 1 else 0.0
    return _scaled(spots, card, width, max(vertical, loose))


def _horizontal(spots: Sequence[Spot], card: float, width: float) -> tuple[float, float]:
    """Pixels for each per cent across, negative if the cards do not fit; and the centre of the leftmost card."""
    low, high = min(spot.x for spot in spots), max(spot.x for spot in spots)
    left = max(spot.extent(card)[0] / 2 for spot in spots if spot.x == low)
    right = max(spot.extent(card)[0] / 2 for spot in spots if spot.x == high)
    if high == low:
        return (0.0 if left + right <= width else -1.0), width / 2
    return (width - left - right) / (high - low), left


def _scaled(spots: Sequence[Spot], card: float, width: float, vertical: float) -> Table:
    horizontal, left = _horizontal(spots, card, width)
    low_x, low_y = min(spot.x for spot in spots), min(spot.y for spot in spots)
    centres = [(left + (spot.x - low_x) * max(0.0, horizontal), (spot.y - low_y) * vertical) for spot in spots]
    halves = [spot.extent(card)[1] / 2 for spot in spots]
    top = min(y - half for (_, y), half in zip(centres, halves, strict=True))
    bottom = max(y + half for (_, y), half in zip(centres, halves, strict=True))
    return Table(width, bottom - top, card, tuple((x, y - top) for x, y in centres))
