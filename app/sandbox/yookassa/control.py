"""What only the sandbox can do: people who pay or do not, the shop's own pages, the clock, the weather."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.control import Order, route
from app.sandbox.yookassa import cards, payments
from app.sandbox.yookassa.errors import YooKassaRefusal
from app.sandbox.yookassa.state import Desk, Shop, Thing


def routes(desk: Desk) -> list[Route]:
    def add_shop(body: dict[str, Any]) -> Any:
        """{shop_id, secret_key, webhook_url?, receipts?, saving?}"""
        return {"id": desk.add_shop(**body).id}

    def pay(body: dict[str, Any]) -> Any:
        """{payment, card?, authenticated?, copies?}: somebody at the payment page; the shop hears of it so often."""
        shop, payment = desk.find(body["payment"])
        number = body.get("card", cards.GOOD)
        with desk.delivery.copies(int(body.get("copies", 1))):
            outcome = payments.pay(desk, shop, payment, number, authenticated=body.get("authenticated"))
        return {"outcome": outcome}

    def cancel(body: dict[str, Any]) -> Any:
        """{payment, reason?}: it ends unpaid."""
        shop, payment = desk.find(body["payment"])
        payments.cancel(desk, shop, payment, body.get("reason", "canceled_by_merchant"), party="merchant")
        return {"status": payment["status"]}

    def refund(body: dict[str, Any]) -> Any:
        """{payment, value?}: from the shop's own pages."""
        shop, payment = desk.find(body["payment"])
        amount = {**payment["amount"], **({"value": body["value"]} if "value" in body else {})}
        return payments.refund(desk, shop, {"payment_id": payment["id"], "amount": amount}, by_hand=True)

    def refunds_wait(body: dict[str, Any]) -> Any:
        """{wait}: refunds stay on their way until they are ended."""
        desk.refunds_wait = bool(body["wait"])
        return {}

    def end_refund(body: dict[str, Any]) -> Any:
        """{refund, reason?}: it arrives, or with a reason it does not."""
        shop, made = _refund(desk, body["refund"])
        payments.end_refund(desk, shop, made, reason=body.get("reason", ""))
        return made

    def change_card(body: dict[str, Any]) -> Any:
        """{method, card}: what a saved method does from now on."""
        for shop in desk.shops.values():
            if body["method"] in shop.methods:
                shop.methods[body["method"]] = cards.find(body["card"])
                return {}
        raise KeyError("method")

    def advance(body: dict[str, Any]) -> Any:
        """{seconds}: time goes on, and what is due happens."""
        desk.ahead += int(body["seconds"])
        desk.tick()
        return {"now": desk.stamp()}

    def hold(body: dict[str, Any]) -> Any:
        """{}: webhooks wait."""
        desk.delivery.held = True
        return {}

    def release(body: dict[str, Any]) -> Any:
        """{reversed?, times?}: they leave, in whatever order and as often as wanted."""
        sent = desk.delivery.release(backwards=bool(body.get("reversed")), times=int(body.get("times", 1)))
        return {"released": sent}

    async def journal(_: Request) -> Response:
        return JSONResponse({"requests": desk.requests, "deliveries": desk.delivery.log})

    orders: dict[str, Order] = {
        "shops": add_shop,
        "pay": pay,
        "cancel": cancel,
        "refunds": refund,
        "refunds/wait": refunds_wait,
        "refunds/end": end_refund,
        "cards": change_card,
        "clock": advance,
        "webhooks/hold": hold,
        "webhooks/release": release,
    }
    return [
        *(route(name, order, YooKassaRefusal) for name, order in orders.items()),
        Route("/sandbox/faults", desk.faults.order, methods=["POST", "DELETE"]),
        Route("/sandbox/journal", journal, methods=["GET"]),
    ]


def _refund(desk: Desk, name: str) -> tuple[Shop, Thing]:
    for shop in desk.shops.values():
        if name in shop.refunds:
            return shop, shop.refunds[name]
    raise YooKassaRefusal("Refund doesn't exist", status=404)
