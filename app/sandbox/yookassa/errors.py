"""YooKassa's errors (https://yookassa.ru/developers/using-api/response-handling/http-codes)."""

from typing import Any
from uuid import uuid4

CODES = {
    400: "invalid_request",
    401: "invalid_credentials",
    403: "forbidden",
    404: "not_found",
    429: "too_many_requests",
    500: "internal_server_error",
}


class YooKassaRefusal(Exception):
    def __init__(self, description: str, *, status: int = 400, parameter: str | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.error: dict[str, Any] = {
            "type": "error",
            "id": str(uuid4()),
            "code": CODES.get(status, "invalid_request"),
            "description": description,
        }
        if parameter is not None:
            self.error["parameter"] = parameter


def invalid(parameter: str, description: str) -> YooKassaRefusal:
    return YooKassaRefusal(description, parameter=parameter)
