"""What only the sandbox can do: people who pay, banks that dispute, the dashboard, the clock, the weather."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.sandbox.control import Order, route
from app.sandbox.stripe import cards, checkout, movements
from app.sandbox.stripe.errors import StripeRefusal
from app.sandbox.stripe.state import Account, Desk


def routes(desk: Desk) -> list[Route]:
    def add_account(body: dict[str, Any]) -> Any:
        """{secret_key, webhook_secret, webhook_url?, events?, account?}"""
        return {"id": desk.add_account(**body).id}

    def pay(body: dict[str, Any]) -> Any:
        """{session, card?, authenticated?, copies?}: somebody at the payment page; the shop hears of it so often."""
        account, session = desk.find(body["session"])
        with desk.delivery.copies(int(body.get("copies", 1))):
            outcome, words = checkout.pay(
                desk, account, session, body.get("card", cards.GOOD), authenticated=body.get("authenticated")
            )
        return {"outcome": outcome, "message": words, "payment_intent": session["payment_intent"]}

    def refund(body: dict[str, Any]) -> Any:
        """{payment_intent, amount?}: from the dashboard."""
        account, paid = _paid(desk, body["payment_intent"])
        return movements.refund(desk, account, paid, amount=body.get("amount"), metadata={}, reason=None)

    def dispute(body: dict[str, Any]) -> Any:
        """{payment_intent, amount?, reason?, inquiry?}: the cardholder's bank."""
        account, paid = _paid(desk, body["payment_intent"])
        reason = body.get("reason", "fraudulent")
        return movements.dispute(
            desk, account, paid, amount=body.get("amount"), reason=reason, inquiry=bool(body.get("inquiry"))
        )

    def close_dispute(body: dict[str, Any]) -> Any:
        """{dispute, won}"""
        account, found = desk.find(body["dispute"])
        movements.close_dispute(desk, account, found, won=bool(body["won"]))
        return found

    def change_card(body: dict[str, Any]) -> Any:
        """{subscription, card}: the saved card is another one from now on."""
        account, agreement = desk.find(body["subscription"])
        account.cards[agreement["id"]] = cards.find(body["card"])
        return {}

    def advance(body: dict[str, Any]) -> Any:
        """{seconds}: time goes on, and what is due happens."""
        desk.advance(int(body["seconds"]))
        return {"now": desk.now()}

    def hold(body: dict[str, Any]) -> Any:
        """{}: webhooks wait."""
        desk.delivery.held = True
        return {}

    def release(body: dict[str, Any]) -> Any:
        """{reversed?, times?}: they leave, in whatever order and as often as wanted."""
        sent = desk.delivery.release(backwards=bool(body.get("reversed")), times=int(body.get("times", 1)))
        return {"released": sent}

    def resend(body: dict[str, Any]) -> Any:
        """{event}: once more, as by the dashboard's button."""
        account, event = desk.find(body["event"])
        desk.delivery.send(event, url=account.webhook_url, secret=account.webhook_secret)
        return {}

    async def journal(_: Request) -> Response:
        return JSONResponse({"requests": desk.requests, "deliveries": desk.delivery.log})

    orders: dict[str, Order] = {
        "accounts": add_account,
        "pay": pay,
        "refunds": refund,
        "disputes": dispute,
        "disputes/close": close_dispute,
        "cards": change_card,
        "clock": advance,
        "webhooks/hold": hold,
        "webhooks/release": release,
        "webhooks/resend": resend,
    }
    return [
        *(route(name, order, StripeRefusal) for name, order in orders.items()),
        Route("/sandbox/faults", desk.faults.order, methods=["POST", "DELETE"]),
        Route("/sandbox/journal", journal, methods=["GET"]),
    ]


def _paid(desk: Desk, intent: str) -> tuple[Account, dict[str, Any]]:
    account, _ = desk.find(intent)
    return account, movements.charge_of(account, intent=intent, charge=None)
