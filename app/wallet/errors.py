from app.errors import ArcanaError


class InsufficientBalance(ArcanaError):
    """`unit`, `required` and `available` say what is missing."""

    status, code, detail = 402, "insufficient_balance", "There is not enough left in the wallet."


class UnitsUsed(ArcanaError):
    """What is to be taken back was used: `used` says how much of each unit."""

    status, code, detail = 409, "units_used", "A part of this was used already."
