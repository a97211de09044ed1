"""What every HTTP answer has in common: request id, security headers, size limit, metrics, one error shape."""

import ipaddress
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import ArcanaError, InvalidRequest, NotFound, PayloadTooLarge
from app.kit import json, telemetry
from app.kit.request_log import note_request

log = telemetry.get_logger("app.http")

REQUEST_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
BODY_LIMIT = 256 * 1024

SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin-allow-popups"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
API_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class ErrorBody(BaseModel):
    """Every error of the API. `error` is a stable code, `detail` is for the developer; facts stand beside them."""

    model_config = ConfigDict(extra="allow")

    error: str
    detail: str


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: the given statuses and those that any route may answer."""
    return {status: {"model": ErrorBody} for status in sorted({400, 404, 405, 413, 422, 429, 500, 503, *statuses})}


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A response from plain data; skips FastAPI's model validation, which costs more than the query."""
    return Response(json.dumps(value), status, headers, media_type="application/json")


def render_error(error: ArcanaError) -> Response:
    headers = {"retry-after": str(error.facts["retry_after"])} if "retry_after" in error.facts else None
    return json_response(error.body(), error.status, headers)


def client_address(scope: Scope) -> str:
    """The peer's address; an IPv6 network of a customer (/64) counts as one."""
    return _network((scope.get("client") or ("",))[0])


@lru_cache(maxsize=4096)
def _network(host: str) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return host


Admit = Callable[[Scope], Awaitable[None]]


class _TooLarge(HTTPException):
    """An HTTPException, because FastAPI turns every other failure to read a body into a 400."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"A body has at most {limit} bytes.")


class Envelope:
    """Pure ASGI around the whole application; Starlette's own middleware would cost a third of the throughput.

    `admit` may refuse a request by raising an `ArcanaError` before anything else looks at it.
    """

    def __init__(self, app: ASGIApp, *, admit: Admit, body_limit: int = BODY_LIMIT) -> None:
        self.app = app
        self.admit = admit
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 0
        received = 0

        async def send_wrapped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", request_id.encode()), *SECURITY_HEADERS]
                if not any(name == b"content-security-policy" for name, _ in headers):
                    headers.append(API_POLICY)
                message["headers"] = headers
            await send(message)

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self.body_limit:
                    raise _TooLarge(self.body_limit)
            return message

        try:
            await self.admit(scope)
            await self.app(scope, receive_limited, send_wrapped)
        except _TooLarge:
            if status == 0:
                await render_error(PayloadTooLarge(limit=self.body_limit))(scope, receive, send_wrapped)
        except ArcanaError as error:
            if status == 0:
                await render_error(error)(scope, receive, send_wrapped)
        except Exception:  # the last line of defence: logged with its cause, answered in our shape
            log.exception("unexpected failure", path=scope["path"])
            if status == 0:
                body = {
                    "error": "internal",
                    "detail": "Something broke on our side.",
                    "request_id": request_id,
                }
                await json_response(body, 500)(scope, receive, send_wrapped)
        finally:
            note_request(
                request_id=request_id,
                method=scope["method"],
                route=getattr(scope.get("route"), "path", "other"),
                status=status,
                seconds=time.perf_counter() - started,
            )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return cast(bytes, value).decode()
    return secrets.token_hex(8)


def allowed_methods(routers: Iterable[APIRouter]) -> dict[str, str]:
    """The `Allow` header of each path. A router knows only the methods of the first route that fits."""
    methods: dict[str, set[str]] = {}
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                methods.setdefault(route.path, set()).update(route.methods or ())
    return {path: ", ".join(sorted(names)) for path, names in methods.items()}


def install_error_handlers(app: FastAPI, *, allow: Mapping[str, str]) -> None:
    """Renders our own errors, FastAPI's validation errors and Starlette's in the one shape.

    `allow`: see `allowed_methods`.
    """

    async def arcana_error(_: Request, error: Exception) -> Response:
        return render_error(cast(ArcanaError, error))

    async def validation_error(_: Request, error: Exception) -> Response:
        errors = cast(RequestValidationError, error).errors()
        if any(row["type"] == "json_invalid" for row in errors):
            return json_response({"error": "bad_request", "detail": "The body is not JSON."}, 400)
        fields = [{"field": ".".join(map(str, row["loc"])), "problem": row["msg"]} for row in errors]
        return render_error(InvalidRequest(fields=fields))

    async def http_error(request: Request, error: Exception) -> Response:
        cause = cast(HTTPException, error)
        if cause.status_code == 404:
            return render_error(NotFound())
        headers = dict(cause.headers or {})
        path = getattr(request.scope.get("route"), "path", "")
        if cause.status_code == 405 and path in allow:
            headers["Allow"] = allow[path]
        names = {400: "bad_request", 405: "method_not_allowed", 413: "payload_too_large"}
        body = {"error": names.get(cause.status_code, "http_error"), "detail": str(cause.detail)}
        return json_response(body, cause.status_code, headers)

    app.add_exception_handler(ArcanaError, arcana_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)
