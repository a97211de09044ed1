"""Sums of money as prices are made of them, and as people read them."""

from typing import Final

from app.kit.money import decimals, to_decimal

SYMBOLS: Final = {"XTR": "⭐", "RUB": "₽", "USD": "$", "EUR": "€", "GBP": "£", "KZT": "₸", "UAH": "₴", "BYN": "Br"}
# Before the number where English puts them there.
LEADING: Final = frozenset({"USD", "EUR", "GBP"})
SPACE: Final = "\u00a0"


def share(amount: int, part: int, whole: int) -> int:
    """`amount` × `part` / `whole`, rounded half up: the one rule by which prices are rounded."""
    return (2 * amount * part + whole) // (2 * whole)


def show(amount: int, currency: str, language: str) -> str:
    """As people write it: `1 990 ₽` and `19,90 $` in Russian, `$19.90` in English; whole sums without decimals."""
    whole, _, rest = to_decimal(abs(amount), currency).partition(".")
    number = f"{int(whole):,}".replace(",", SPACE) if language == "ru" else f"{int(whole):,}"
    if decimals(currency) and rest.strip("0"):
        number = f"{number}{',' if language == 'ru' else '.'}{rest}"
    symbol = SYMBOLS.get(currency, currency)
    sign = "−" if amount < 0 else ""
    if currency in LEADING and language != "ru":
        return f"{sign}{symbol}{number}"
    return f"{sign}{number}{SPACE}{symbol}"
