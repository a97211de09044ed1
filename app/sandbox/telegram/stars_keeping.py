"""Stars as bytes: who has how many, what was sold, and what is for sale."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from app.sandbox.telegram.stars import Invoice, Ledger, Stars


@dataclass(frozen=True, slots=True)
class Kept:
    invoices: dict[str, Invoice]
    ledgers: dict[int, Ledger]
    balances: dict[int, int]


KEPT = TypeAdapter(Kept)


def dump(stars: Stars) -> bytes:
    return KEPT.dump_json(Kept(stars.invoices, stars.ledgers, stars.balances))


def load(stars: Stars, data: bytes) -> None:
    """Raises `ValueError`."""
    kept = KEPT.validate_json(data)
    stars.invoices, stars.ledgers, stars.balances = kept.invoices, kept.ledgers, kept.balances
