"""What can be wrong with the connected store, as named facts."""

from app.errors import ArcanaError


class StoreError(Exception):
    """The store did not give what was asked; `code` is stable, the message for the operator has no secret."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class SignatureInvalid(ArcanaError):
    status, code, detail = 401, "signature_invalid", "The signature of the request is missing or wrong."


class SignatureExpired(ArcanaError):
    status, code = 401, "signature_expired"
    detail = "The request is too old or from the future; check the clock of the WordPress server."


class SignatureReplayed(ArcanaError):
    status, code, detail = 409, "signature_replayed", "This request has been received before."


class PairingExpired(ArcanaError):
    status, code, detail = 410, "pairing_expired", "This pairing string has expired; make a new one."


class PairingUsed(ArcanaError):
    status, code, detail = 409, "pairing_used", "This pairing string has been used; make a new one."


class PairingRejected(ArcanaError):
    status, code, detail = (
        422,
        "pairing_rejected",
        "What WordPress sent with the pairing string cannot be used.",
    )
