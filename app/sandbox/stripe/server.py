"""Stripe's API with its state in memory: `/v1/...` for shops, `/c/pay/...` for customers, `/sandbox/...` for tests.

Source: https://docs.stripe.com/api at version 2026-10-28.endive. Serve it on loopback only.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.kit import json
from app.sandbox.faults import Cut, Fault
from app.sandbox.stripe import control, forms, page
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.methods import METHODS
from app.sandbox.stripe.state import VERSION, Account, Desk, rendered

Method = Callable[[Desk, Account, dict[str, Any], dict[str, str]], dict[str, Any]]


def create_app(*, origin: str = "", resend_seconds: float = 1.0) -> Starlette:
    """`origin`: where browsers reach it; else as the first request names it. `state.desk` is all its state."""
    desk = Desk(origin=origin, resend_seconds=resend_seconds)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.delivery.close()

    def route(verb: str, path: str, method: Method) -> Route:
        async def call(request: Request) -> Response:
            return await _answer(desk, request, method)

        return Route(path, call, methods=[verb])

    app = Starlette(
        routes=[
            *(route(verb, path, method) for (verb, path), method in METHODS.items()),
            *control.routes(desk),
            *page.routes(desk),
            Route("/{path:path}", _unknown, methods=["GET", "POST", "DELETE"]),
        ],
        lifespan=lifespan,
    )
    app.state.desk = desk
    return app


async def _answer(desk: Desk, request: Request, method: Method) -> Response:
    path = request.url.path
    desk.origin = desk.origin or str(request.base_url).rstrip("/")
    desk.tick()
    form = (await request.body()).decode() if request.method == "POST" else request.url.query
    record = {"method": request.method, "path": path, "key": request.headers.get("idempotency-key"), "status": 0}
    desk.requests.append(record)
    fault = await desk.faults.next(request.method, path)
    if fault is not None and fault.cut == "before":
        return Cut()
    response = _faulty(fault) or _respond(desk, request, method, form)
    response.headers["request-id"] = f"req_{secrets.token_hex(7)}"
    record["status"] = response.status_code
    return Cut() if fault is not None and fault.cut == "after" else response


def _faulty(fault: Fault | None) -> Response | None:
    if fault is None or not fault.status:
        return None
    kind = "api_error" if fault.status >= 500 else "invalid_request_error"
    message = "An error occurred with our connection to the sandbox of Stripe."
    return _refused(StripeRefusal(message, status=fault.status, kind=kind, code=fault.code))


def _respond(desk: Desk, request: Request, method: Method, form: str) -> Response:
    """Answers, and remembers the answer under the idempotency key (docs.stripe.com/api/idempotent_requests)."""
    try:
        account = _authorised(desk, request)
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        print_ = hashlib.sha256(f"{request.url.path}\n{form}".encode()).hexdigest()
        if key is not None and key in account.answers:
            known, status, body = account.answers[key]
            if known != print_:
                message = (
                    "Keys for idempotent requests can only be used with the same parameters they were first used with."
                )
                raise StripeRefusal(message, kind="idempotency_error")
            return Response(body, status, {"idempotent-replayed": "true"}, "application/json")
        arguments = forms.decode(form)
        expand = _expand(arguments)
        try:
            thing = method(desk, account, arguments, request.path_params)
            status, body = 200, json.dumps(rendered(account, thing, expand))
        except StripeRefusal as refusal:
            status, body = refusal.status, json.dumps({"error": refusal.error})
        if key is not None:
            account.answers[key] = (print_, status, body)
        return Response(body, status, media_type="application/json")
    except StripeRefusal as refusal:
        return _refused(refusal)


def _expand(arguments: dict[str, Any]) -> list[str]:
    expand = arguments.pop("expand", [])
    if not isinstance(expand, list) or not all(isinstance(path, str) for path in expand):
        raise StripeRefusal("Invalid array", param="expand")
    return expand


def _authorised(desk: Desk, request: Request) -> Account:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key:
        raise StripeRefusal("You did not provide an API key.", status=401)
    account = desk.accounts.get(key)
    if account is None:
        raise StripeRefusal(f"Invalid API Key provided: {key[:8]}****{key[-4:]}", status=401)
    if request.headers.get("stripe-version", VERSION) != VERSION:
        raise StripeRefusal("Invalid Stripe API version.")
    return account


def _refused(refusal: StripeRefusal) -> Response:
    return Response(json.dumps({"error": refusal.error}), refusal.status, media_type="application/json")


async def _unknown(request: Request) -> Response:
    message = f"Unrecognized request URL ({request.method}: {request.url.path})."
    return _refused(StripeRefusal(message, status=404))
