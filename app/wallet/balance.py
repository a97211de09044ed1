"""What somebody has of each unit, and when it expires."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Unit = Literal["readings", "follow_ups"]
UNITS: tuple[Unit, ...] = ("readings", "follow_ups")


@dataclass(frozen=True, slots=True)
class Expiring:
    amount: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """Whole units: `available` is what is neither spent nor reserved; `expiring`, the soonest first, is part of it."""

    balance: int
    held: int
    expiring: tuple[Expiring, ...] = ()

    @property
    def available(self) -> int:
        return self.balance - self.held

    def body(self) -> dict[str, int]:
        return {"balance": self.balance, "held": self.held, "available": self.available}

    def full_body(self) -> dict[str, Any]:
        """As `body`, and what of it expires; `used_first` says which kind the next expense takes."""
        return {
            **self.body(),
            "expiring": [{"amount": lot.amount, "expires_at": lot.expires_at} for lot in self.expiring],
            "used_first": "expiring" if self.expiring else "lasting" if self.balance else None,
        }


def as_balance(balance: int, held: int, lots: Sequence[tuple[int, datetime]], *, now: datetime) -> Balance:
    """`lots` are the expiring ones; what has expired counts no more, except where it is held."""
    expired = max(0, sum(amount for amount, expires_at in lots if expires_at <= now) - held)
    expiring = tuple(Expiring(amount, expires_at) for amount, expires_at in sorted(lots, key=_end) if expires_at > now)
    return Balance(balance - expired, held, expiring)


def _end(lot: tuple[int, datetime]) -> datetime:
    return lot[1]
