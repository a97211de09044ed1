"""Money without floats: amounts are integers in the currency's smallest unit, as ISO 4217 counts its decimals.

The same lists stand in the plugin (`Catalogue/Money.php`) and in the Mini App (`i18n/money.ts`); a test compares them.
"""

import re

NO_DECIMALS = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
# Telegram's Stars: no currency of ISO 4217, and nothing smaller than one.
STARS = "XTR"

_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,12}))?")


def decimals(currency: str) -> int:
    """How many decimals a currency has: 0, 2 or 3. The code is in capitals."""
    if currency in NO_DECIMALS or currency == STARS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def to_decimal(amount: int, currency: str) -> str:
    """`1000, "RUB"` is `"10.00"`, `1000, "JPY"` is `"1000"`: always with all decimals of the currency."""
    places = decimals(currency)
    if places == 0:
        return str(amount)
    sign = "-" if amount < 0 else ""
    digits = str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def from_decimal(value: str, currency: str) -> int:
    """The smallest units of `"10.00"`. Raises `ValueError` for what is no sum of this currency, to the last digit."""
    match = _DECIMAL.fullmatch(value)
    if match is None:
        raise ValueError("not an amount")
    places = decimals(currency)
    fraction = (match[2] or "").ljust(places, "0")
    if fraction[places:].strip("0"):
        raise ValueError(f"{currency} has {places} decimals")
    return int(match[1] + fraction[:places])
