"""Stripe's errors (https://docs.stripe.com/api/errors)."""

from typing import Any


class StripeRefusal(Exception):
    """Rendered as `{"error": {...}}`."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind}
        if code is not None:
            self.error |= {"code": code, "doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"}
        if param is not None:
            self.error["param"] = param


def missing(kind: str, name: str, *, param: str = "id") -> StripeRefusal:
    return StripeRefusal(f"No such {kind}: '{name}'", status=404, code="resource_missing", param=param)


def required(param: str) -> StripeRefusal:
    return StripeRefusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def invalid(param: str, message: str, *, code: str | None = None) -> StripeRefusal:
    return StripeRefusal(message, code=code, param=param)
