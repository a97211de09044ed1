"""Refusals of the Bot API, in its own words (github.com/tdlib/telegram-bot-api, Client.cpp; tdlib/td)."""

from typing import Any


class ApiError(Exception):
    """Rendered as `{"ok": false, "error_code", "description", "parameters"?}` with the same HTTP status."""

    def __init__(self, code: int, description: str, *, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad_request(message: str) -> ApiError:
    """400, with the first letter lowered as the server does it, unless the message is a CODE_LIKE_THIS."""
    coded = len(message) > 1 and (message[1] == "_" or "A" <= message[1] <= "Z")
    return ApiError(400, f"Bad Request: {message if coded else message[:1].lower() + message[1:]}")


def ours(message: str) -> ApiError:
    """400 in words of our own, for what the documentation forbids and Telegram lets pass or refuses otherwise."""
    return ApiError(400, f"Bad Request: sandbox: {message}")


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized")


def forbidden(message: str) -> ApiError:
    return ApiError(403, f"Forbidden: {message}")


def not_found(message: str = "") -> ApiError:
    return ApiError(404, f"Not Found: {message}" if message else "Not Found")


def conflict(message: str) -> ApiError:
    return ApiError(409, f"Conflict: {message}")


def too_many_requests(seconds: int) -> ApiError:
    return ApiError(429, f"Too Many Requests: retry after {seconds}", parameters={"retry_after": seconds})
