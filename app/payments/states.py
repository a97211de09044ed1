"""The states of orders, payments and refunds, and every move that exists; what is not here cannot happen.

A move is one conditional UPDATE: whoever's update finds the row in one of `sources` has decided.
"""

from collections.abc import Mapping
from typing import Final

Moves = Mapping[str, frozenset[str]]

# A late payment still counts: what was agreed is given, also for an order that had expired or was canceled.
ORDER: Final[Moves] = {
    "pending": frozenset({"paid", "expired", "canceled"}),
    "expired": frozenset({"paid"}),
    "canceled": frozenset({"paid"}),
    "paid": frozenset({"refunded"}),
    "refunded": frozenset(),
}

# A provider may call an attempt failed and take the money all the same, on the same page.
PAYMENT: Final[Moves] = {
    "new": frozenset({"started", "paid", "failed", "surplus"}),
    "started": frozenset({"paid", "failed", "surplus"}),
    "failed": frozenset({"paid", "surplus"}),
    "paid": frozenset({"refunded"}),
    "surplus": frozenset(),
    "refunded": frozenset(),
}

# What a provider had refused may still have been done, as its own books say later.
REFUND: Final[Moves] = {
    "wanted": frozenset({"sent", "done", "failed"}),
    "sent": frozenset({"done", "failed"}),
    "failed": frozenset({"done"}),
    "done": frozenset(),
}

DISPUTE: Final[Moves] = {
    "opened": frozenset({"won", "lost"}),
    "won": frozenset({"lost"}),
    "lost": frozenset({"won"}),
}


def sources(moves: Moves, target: str) -> list[str]:
    """The states from which `target` is reached."""
    return [state for state, targets in moves.items() if target in targets]
