from app.errors import ArcanaError


class InsufficientBalance(ArcanaError):
    """`unit`, `required` and `available` say what is missing."""

    status, code, detail = 402, "insufficient_balance", "There is not enough left in the wallet."
