"""The bank's HTTP server.

The shop's side, with `Authorization: Bearer <key>` and, where something is made, an `Idempotency-Key`:

- `POST /v1/payments` {account, amount, currency, description, language, return_url, webhook_url, metadata, save_method}
  → the payment, with `page_url`; with `method` (a saved one) it is charged or declined at once, without a page.
- `GET /v1/payments/{id}` → {id, account, state: open|paid|declined|closed, amount, currency, metadata, page_url,
  charges: [{id, payment, amount, currency, at, method, refunded, refunds}]}
- `POST /v1/payments/{id}/close`: nobody pays it any more
- `POST /v1/charges/{id}/refunds` {amount, metadata} → {id, charge, amount, currency, at, metadata}
- `GET /v1/transactions?account=&since=` → {items: [{kind: charge|refund, …}]}, the oldest first.

Refusals are {"error": code}. Webhooks (see `webhooks.py`): `payment.paid` and `payment.declined` with
{payment, charge?}, `refund.done` with {refund}.

The person's side: `GET /pay/{id}`, and `POST /pay/{id}/{action}` with pay, twice, late, silent (the money is taken and
nobody is told), decline, leave. `?copies=` says how often the shop hears of a `pay`.

For tests: `POST /control` {outage: bool, slow: seconds, late_seconds, refuse_refunds: bool, refuse_methods: bool}.
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.kit import json
from app.sandbox.bank.books import Books, Charge, Payment, Refused
from app.sandbox.bank.page import render
from app.sandbox.bank.webhooks import RESEND_SECONDS, Webhooks

LATE_SECONDS = 20.0


@dataclass(slots=True)
class Bank:
    """What tests may turn and read; `page` is where people find it."""

    key: str
    page: str
    webhooks: Webhooks
    books: Books = field(default_factory=Books)
    late_seconds: float = LATE_SECONDS
    outage: bool = False
    slow: float = 0.0
    refuse_refunds: bool = False
    refuse_methods: bool = False
    late: set[asyncio.Task[None]] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)


Handler = Callable[[Request, Bank], Awaitable[Response]]


def create_app(
    *, key: str, secret: str, page: str, late_seconds: float = LATE_SECONDS, resend_seconds: float = RESEND_SECONDS
) -> Starlette:
    """An ASGI application for loopback only; `key` opens the API, `secret` signs webhooks, `page` is its own address.

    Its `state.bank` can be read by tests in the same process.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for task in bank.late:
            task.cancel()
        await asyncio.gather(*bank.late, return_exceptions=True)
        await bank.webhooks.close()

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/v1/payments", _shop(_create), methods=["POST"]),
            Route("/v1/payments/{id}", _shop(_show), methods=["GET"]),
            Route("/v1/payments/{id}/close", _shop(_close), methods=["POST"]),
            Route("/v1/charges/{id}/refunds", _shop(_refund), methods=["POST"]),
            Route("/v1/transactions", _shop(_transactions), methods=["GET"]),
            Route("/pay/{id}", _person(_page), methods=["GET"]),
            Route("/pay/{id}/{action}", _person(_act), methods=["POST"]),
            Route("/control", _control, methods=["POST"]),
        ],
    )
    bank = app.state.bank = Bank(key, page, Webhooks(secret, pause=resend_seconds), late_seconds=late_seconds)
    return app


def _shop(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        bank: Bank = request.app.state.bank
        bank.calls.append((request.method, request.url.path))
        if bank.slow:
            await asyncio.sleep(bank.slow)
        if bank.outage:
            return JSONResponse({"error": "outage"}, 503)
        if not secrets.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {bank.key}".encode()):
            return JSONResponse({"error": "unauthorized"}, 401)
        try:
            return await _once(request, bank, handler)
        except Refused as refused:
            return JSONResponse({"error": refused.code}, refused.status)
        except (KeyError, TypeError, ValueError):
            return JSONResponse({"error": "bad_request"}, 400)

    return answer


async def _once(request: Request, bank: Bank, handler: Handler) -> Response:
    key = request.headers.get("idempotency-key")
    if request.method != "POST":
        return await handler(request, bank)
    if not key:
        raise Refused("idempotency_key_missing", 400)
    name = (request.url.path, key)
    if (known := bank.books.answers.get(name)) is not None:
        return JSONResponse(known)
    response = await handler(request, bank)
    bank.books.answers[name] = json.loads(bytes(response.body))
    return response


async def _create(request: Request, bank: Bank) -> Response:
    body = json.loads(await request.body())
    if not isinstance(body["amount"], int) or body["amount"] <= 0 or len(body["currency"]) != 3:
        raise Refused("wrong_amount", 400)
    payment = bank.books.open(
        Payment(
            id=f"pay_{secrets.token_hex(10)}",
            account=str(body["account"]),
            amount=body["amount"],
            currency=str(body["currency"]),
            description=str(body["description"]),
            language=str(body.get("language", "en")),
            return_url=str(body["return_url"]),
            webhook_url=str(body["webhook_url"]),
            metadata={str(name): str(value) for name, value in body.get("metadata", {}).items()},
            saves_method=bool(body.get("save_method")),
        )
    )
    if method := body.get("method"):
        if method in bank.books.methods and not bank.refuse_methods:
            _tell_paid(bank, payment, bank.books.charge(payment, method=str(method)))
        else:
            _decline(bank, payment)
    return JSONResponse(payment.body(bank.page))


async def _show(request: Request, bank: Bank) -> Response:
    return JSONResponse(bank.books.payment(request.path_params["id"]).body(bank.page))


async def _close(request: Request, bank: Bank) -> Response:
    payment = bank.books.payment(request.path_params["id"])
    bank.books.close(payment)
    return JSONResponse(payment.body(bank.page))


async def _refund(request: Request, bank: Bank) -> Response:
    body = json.loads(await request.body())
    if bank.refuse_refunds:
        raise Refused("refunds_are_off")
    metadata = {str(name): str(value) for name, value in body.get("metadata", {}).items()}
    charge, refund = bank.books.refund(request.path_params["id"], int(body["amount"]), metadata)
    payment = bank.books.payments[charge.payment]
    bank.webhooks.send(payment.webhook_url, "refund.done", payment.account, {"refund": refund.body(charge.id)})
    return JSONResponse(refund.body(charge.id))


async def _transactions(request: Request, bank: Bank) -> Response:
    since = float(request.query_params.get("since", "0"))
    return JSONResponse({"items": bank.books.lines(request.query_params["account"], since)})


def _person(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await handler(request, request.app.state.bank)
        except Refused as refused:
            return HTMLResponse(render(None, problem=refused.code), refused.status)

    return answer


async def _page(request: Request, bank: Bank) -> Response:
    payment = bank.books.payment(request.path_params["id"])
    if payment.state == "closed":
        raise Refused("closed", 410)
    return HTMLResponse(render(payment, late_seconds=bank.late_seconds), headers={"cache-control": "no-store"})


async def _act(request: Request, bank: Bank) -> Response:
    """What a person does on the page; the browser goes back to the shop afterwards."""
    payment = bank.books.payment(request.path_params["id"])
    action = request.path_params["action"]
    if payment.state == "closed":
        raise Refused("closed", 410)
    if action == "pay" and payment.state == "paid":
        raise Refused("already_paid")
    if action in ("pay", "twice"):
        for _ in range(1 if action == "pay" else 2):
            copies = int(request.query_params.get("copies", "1"))
            _tell_paid(bank, payment, bank.books.charge(payment), copies=copies)
    elif action == "silent":
        bank.books.charge(payment)
        return RedirectResponse(f"/pay/{payment.id}", 303)
    elif action == "late":
        pay_later(bank, payment, seconds=bank.late_seconds)
        return RedirectResponse(f"/pay/{payment.id}", 303)
    elif action == "decline":
        _decline(bank, payment)
    elif action != "leave":
        raise Refused("unknown_action", 404)
    separator = "&" if "?" in payment.return_url else "?"
    return RedirectResponse(f"{payment.return_url}{separator}{urlencode({'bank': action})}", 303)


def _decline(bank: Bank, payment: Payment) -> None:
    bank.books.decline(payment)
    bank.webhooks.send(payment.webhook_url, "payment.declined", payment.account, {"payment": payment.body(bank.page)})


def _tell_paid(bank: Bank, payment: Payment, charge: Charge, *, copies: int = 1) -> None:
    data = {"payment": payment.body(bank.page), "charge": charge.body()}
    bank.webhooks.send(payment.webhook_url, "payment.paid", payment.account, data, copies=copies)


def pay_later(bank: Bank, payment: Payment, *, seconds: float) -> None:
    """The money is on its way for so long."""

    async def arrive() -> None:
        await asyncio.sleep(seconds)
        _tell_paid(bank, payment, bank.books.charge(payment))

    payment.arrives_at = time.time() + seconds
    task = asyncio.create_task(arrive())
    bank.late.add(task)
    task.add_done_callback(bank.late.discard)


async def _control(request: Request) -> Response:
    bank: Bank = request.app.state.bank
    body: dict[str, Any] = json.loads(await request.body())
    for name in ("outage", "slow", "late_seconds", "refuse_refunds", "refuse_methods"):
        if name in body:
            setattr(bank, name, body[name])
    return JSONResponse({"ok": True})
