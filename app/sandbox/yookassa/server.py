"""YooKassa's API with its state in memory: `/v3/...` for shops, a page for people, `/sandbox/...` for tests.

Source: https://yookassa.ru/developers/api and its OpenAPI specification. Serve it on loopback only.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.kit import json
from app.sandbox.faults import Cut, Fault
from app.sandbox.yookassa import checks, control, page, payments
from app.sandbox.yookassa.errors import YooKassaRefusal, invalid
from app.sandbox.yookassa.state import Desk, Shop, Thing

CREATED = ("created_at.gte", "created_at.gt", "created_at.lte", "created_at.lt")
CAPTURED = tuple(name.replace("created", "captured") for name in CREATED)
Answer = Callable[[Desk, Shop, Request, bytes], Thing]


def create_app(*, origin: str = "", resend_seconds: float = 1.0, confirmation_seconds: int = 3600) -> Starlette:
    """`origin`: where browsers reach it; else as the first request names it. `state.desk` is all its state."""
    desk = Desk(origin=origin, resend_seconds=resend_seconds, confirmation_seconds=confirmation_seconds)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.delivery.close()

    def route(verb: str, path: str, answer: Answer) -> Route:
        async def call(request: Request) -> Response:
            return await _answer(desk, request, answer)

        return Route(f"/v3{path}", call, methods=[verb])

    app = Starlette(
        routes=[
            route("POST", "/payments", _create_payment),
            route("GET", "/payments", _list_payments),
            route("GET", "/payments/{name}", _get_payment),
            route("POST", "/refunds", _create_refund),
            route("GET", "/refunds", _list_refunds),
            route("GET", "/refunds/{name}", _get_refund),
            route("GET", "/me", _me),
            *control.routes(desk),
            *page.routes(desk),
            Route("/{path:path}", _unknown, methods=["GET", "POST", "DELETE"]),
        ],
        lifespan=lifespan,
    )
    app.state.desk = desk
    return app


async def _answer(desk: Desk, request: Request, answer: Answer) -> Response:
    desk.origin = desk.origin or str(request.base_url).rstrip("/")
    desk.tick()
    body = await request.body()
    record = {"method": request.method, "path": request.url.path, "key": request.headers.get("idempotence-key")}
    desk.requests.append(record)
    fault = await desk.faults.next(request.method, request.url.path)
    if fault is not None and fault.cut == "before":
        return Cut()
    response = _faulty(fault)
    if response is None:
        try:
            shop = _authorised(desk, request)
            response = Response(json.dumps(answer(desk, shop, request, body)), media_type="application/json")
        except YooKassaRefusal as refusal:
            response = _refused(refusal)
    record["status"] = str(response.status_code)
    return Cut() if fault is not None and fault.cut == "after" else response


def _faulty(fault: Fault | None) -> Response | None:
    if fault is None or not fault.status:
        return None
    return _refused(YooKassaRefusal("The sandbox was told to refuse", status=fault.status, parameter=fault.code))


def _authorised(desk: Desk, request: Request) -> Shop:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    try:
        shop_id, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        shop_id, key = "", ""
    shop = desk.shops.get(shop_id)
    if scheme != "Basic" or shop is None or shop.secret_key != key:
        raise YooKassaRefusal("Login has illegal format or the key is wrong", status=401)
    return shop


def _once(shop: Shop, request: Request, body: bytes, make: Callable[[dict[str, Any]], Thing]) -> Thing:
    """The object made under this key, as it is now (https://yookassa.ru/developers/using-api/interaction-format)."""
    key = checks.idempotence_key(request.headers.get("idempotence-key"))
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise YooKassaRefusal("Content-Type must be application/json", status=415)
    try:
        decoded = json.loads(body)
    except ValueError as error:
        raise YooKassaRefusal("The request body is not JSON") from error
    if not isinstance(decoded, dict):
        raise YooKassaRefusal("The request body is not an object")
    fingerprint = f"{request.url.path} {json.digest(decoded)}"
    if key in shop.answers:
        known, thing = shop.answers[key]
        if known != fingerprint:
            raise YooKassaRefusal("Idempotence key was used with another request", parameter="Idempotence-Key")
        return thing
    thing = make(decoded)
    shop.answers[key] = (fingerprint, thing)
    return thing


def _create_payment(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    return payments.shown(_once(shop, request, body, lambda found: payments.create(desk, shop, found)))


def _create_refund(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    return _once(shop, request, body, lambda found: payments.refund(desk, shop, found))


def _get_payment(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    found = shop.payments.get(request.path_params["name"])
    if found is None:
        raise YooKassaRefusal("Payment doesn't exist", status=404)
    return payments.shown(found)


def _get_refund(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    found = shop.refunds.get(request.path_params["name"])
    if found is None:
        raise YooKassaRefusal("Refund doesn't exist", status=404)
    return found


def _list_payments(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    rows = [payments.shown(row) for row in shop.payments.values()]
    return _page(rows, request, (*CREATED, *CAPTURED, "status"))


def _list_refunds(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    return _page(list(shop.refunds.values()), request, (*CREATED, "status", "payment_id"))


def _me(desk: Desk, shop: Shop, request: Request, body: bytes) -> Thing:
    test = shop.secret_key.startswith("test_")
    return {"account_id": shop.id, "status": "enabled", "test": test, "payment_methods": ["bank_card"]}


def _page(rows: list[Thing], request: Request, filters: tuple[str, ...]) -> Thing:
    """The newest first, with the cursor of the next page if there is one."""
    asked = dict(request.query_params)
    checks.only(asked, (*filters, "limit", "cursor"))
    limit = asked.pop("limit", "10")
    if not limit.isdigit() or not 1 <= int(limit) <= 100:
        raise invalid("limit", "Invalid limit")
    cursor = asked.pop("cursor", None)
    found = [row for row in reversed(rows) if all(_fits(row, name, value) for name, value in asked.items())]
    names = [row["id"] for row in found]
    if cursor is not None and cursor not in names:
        raise invalid("cursor", "Invalid cursor")
    start = names.index(cursor) if cursor is not None else 0
    end = start + int(limit)
    page: Thing = {"type": "list", "items": found[start:end]}
    return page | {"next_cursor": names[end]} if end < len(names) else page


def _fits(row: Thing, name: str, wanted: str) -> bool:
    field, _, relation = name.partition(".")
    if not relation:
        return bool(row.get(field) == wanted)
    if field not in row:
        return False
    moment, limit = _moment(row[field], name), _moment(wanted, name)
    relations = {"gte": moment >= limit, "gt": moment > limit, "lte": moment <= limit, "lt": moment < limit}
    return relations[relation]


def _moment(text: str, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise invalid(name, "Invalid date") from error
    if found.tzinfo is None:
        raise invalid(name, "Invalid date")
    return found


def _refused(refusal: YooKassaRefusal) -> Response:
    return Response(json.dumps(refusal.error), refusal.status, media_type="application/json")


async def _unknown(_: Request) -> Response:
    return _refused(YooKassaRefusal("There is nothing here", status=404))
