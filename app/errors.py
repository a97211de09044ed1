"""One error family: every expected failure is a named fact with a stable code and an HTTP status."""

from typing import Any, ClassVar


class ArcanaError(Exception):
    """Base of all expected failures; rendered as `{"error": code, "detail": detail, ...facts}`."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    detail: ClassVar[str] = "The request could not be understood."

    def __init__(self, message: str | None = None, **facts: Any) -> None:
        self.message = message or self.detail
        self.facts = facts
        super().__init__(self.message)

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "detail": self.message, **self.facts}


class NotFound(ArcanaError):
    status, code, detail = 404, "not_found", "There is nothing here."


class Unauthenticated(ArcanaError):
    status, code, detail = 401, "unauthenticated", "Sign in first."


class InvalidRequest(ArcanaError):
    status, code, detail = 422, "invalid_request", "Some fields are missing or wrong."


class PayloadTooLarge(ArcanaError):
    status, code, detail = 413, "payload_too_large", "The request is too large."


class RateLimited(ArcanaError):
    """`retry_after` is in whole seconds."""

    status, code, detail = 429, "rate_limited", "Too many requests; wait a moment."


class Unavailable(ArcanaError):
    status, code, detail = 503, "unavailable", "A part of the service is down; try again soon."
