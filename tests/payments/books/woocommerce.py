"""A WooCommerce with our plugin, as far as the books can tell: real HTTP, recorded shapes, and faults."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from app.kit import json
from app.settings import Settings

RECORDED: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "fixtures" / "wordpress" / "books.json").read_bytes()
)
KEY, SECRET = "ck_" + "test" * 10, "cs_" + "test" * 10
# The product and its package in the recording.
PRODUCT, PACKAGE = int(RECORDED["product"]["body"]["id"]), "luna-three"


def recorded(name: str, **changes: Any) -> tuple[int, Any]:
    answer = RECORDED[name]
    body = copy.deepcopy(answer["body"])
    return answer["status"], {**body, **changes} if changes else body


class WooCommerce:
    """`fault`: a status for every answer, or `lost`: the work is done and the answer is not sent."""

    def __init__(self) -> None:
        self.url = ""
        self.fault: int | None = None
        self.lost = 0
        self.plugin = True
        self.orders: dict[int, dict[str, Any]] = {}
        self.customers: dict[int, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.delay = 0.0
        self.may_delete_customers = True
        self._number = 1000

    def settings(self, settings: Settings) -> Settings:
        """Those of a backend with this store, outside demo mode."""
        return Settings(
            _env_file=None,
            **{
                **settings.model_dump(),
                "demo": False,
                "woocommerce_url": self.url,
                "woocommerce_consumer_key": KEY,
                "woocommerce_consumer_secret": SECRET,
            },
        )

    def named(self, order_id: object) -> list[dict[str, Any]]:
        return [order for order in self.orders.values() if order["meta"]["_arcana_order"] == str(order_id)]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert SECRET not in request.path_qs and "oauth_signature=" in request.path_qs
        self.requests.append((request.method, request.path.removeprefix("/wp-json/")))
        await asyncio.sleep(self.delay)
        if self.fault is not None:
            return web.Response(status=self.fault, body=b"<html>Error establishing a database connection")
        body = json.loads(await request.read()) if request.can_read_body else None
        status, answer = self._work(request, body)
        if self.lost and request.method == "POST":
            self.lost -= 1
            assert request.transport is not None
            request.transport.close()
        return web.Response(status=status, body=json.dumps(answer), content_type="application/json")

    def _work(self, request: web.Request, body: Any) -> tuple[int, Any]:
        match request.method, request.path.removeprefix("/wp-json/").split("/"):
            case "GET", ["wc-arcana", "v1", "orders", order_id] if self.plugin:
                return self._known(order_id)
            case "GET", ["wc", "v3", "products", number]:
                return recorded("product") if int(number) == PRODUCT else recorded("product_missing")
            case "GET", ["wc", "v3", "customers"]:
                return 200, [row for row in self.customers.values() if row["email"] == request.query["email"]]
            case "POST", ["wc", "v3", "customers"]:
                return self._customer(body)
            case "PUT" | "DELETE", ["wc", "v3", "customers", number]:
                return self._change_customer(request.method, int(number), body)
            case "POST", ["wc", "v3", "orders"]:
                return self._order(body)
            case "GET", ["wc", "v3", "orders", number]:
                return 200, self.orders[int(number)]
            case "PUT", ["wc", "v3", "orders", number]:
                order = self.orders[int(number)]
                order["meta"].update(_meta(body.pop("meta_data", [])))
                order.update(body)
                return 200, order
            case "POST", ["wc", "v3", "orders", number, "refunds"]:
                return self._refund(self.orders[int(number)], body)
            case "DELETE", ["wc", "v3", "orders", number, "refunds", refund]:
                return 200, self.orders[int(number)]["given_back"].pop(refund)
        return recorded("route_missing")

    def _known(self, order_id: str) -> tuple[int, Any]:
        for order in self.named(order_id):
            refunds = {row["meta"]["_arcana_refund"]: int(number) for number, row in order["given_back"].items()}
            fields = {name: order[name] for name in ("id", "status", "currency", "total", "customer_id")}
            return recorded("order_known", **fields, refunds=refunds)
        return recorded("order_unknown")

    def _customer(self, body: dict[str, Any]) -> tuple[int, Any]:
        if any(row["email"] == body["email"] for row in self.customers.values()):
            return recorded("customer_again")
        kept = {name: body[name] for name in ("email", "username", "first_name", "last_name")}
        status, made = recorded("customer", id=self._next(), **kept, meta=_meta(body["meta_data"]))
        self.customers[made["id"]] = made
        return status, made

    def _change_customer(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if number not in self.customers:
            return 400, {"code": "woocommerce_rest_invalid_id", "data": {"status": 400}}
        if method == "PUT":
            self.customers[number]["meta"].update(_meta(body.pop("meta_data", [])))
            self.customers[number].update(body)
            return 200, self.customers[number]
        if not self.may_delete_customers:
            return 403, {"code": "woocommerce_rest_cannot_delete", "data": {"status": 403}}
        return 200, self.customers.pop(number)

    def _order(self, body: dict[str, Any]) -> tuple[int, Any]:
        meta = _meta(body["meta_data"])
        if existing := self.named(meta["_arcana_order"]):
            return recorded("order_again", data={"status": 409, "order_id": existing[0]["id"]})
        [line] = body["line_items"]
        kept = (
            "status",
            "currency",
            "customer_id",
            "payment_method",
            "payment_method_title",
            "transaction_id",
            "billing",
        )
        status, made = recorded(
            "order",
            id=self._next(),
            **{name: body[name] for name in kept},
            # What WooCommerce does with a product that it does not know.
            total=line["total"] if line["product_id"] == PRODUCT else "0.00",
            meta=meta,
            given_back={},
        )
        self.orders[made["id"]] = made
        return status, made

    def _refund(self, order: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
        meta = _meta(body["meta_data"])
        for number, row in order["given_back"].items():
            if row["meta"] == meta:
                return recorded("refund_again", data={"status": 409, "refund_id": int(number)})
        assert body["api_refund"] is False
        status, made = recorded("refund", id=self._next(), amount=body["amount"], reason=body["reason"], meta=meta)
        order["given_back"][str(made["id"])] = made
        if sum(float(row["amount"]) for row in order["given_back"].values()) >= float(order["total"]):
            order["status"] = "refunded"
        return status, made

    def _next(self) -> int:
        self._number += 1
        return self._number


def _meta(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["key"]: row["value"] for row in rows}


@asynccontextmanager
async def open_woocommerce() -> AsyncIterator[WooCommerce]:
    store = WooCommerce()
    runner = web.ServerRunner(web.Server(store.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    store.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield store
    finally:
        await runner.cleanup()
