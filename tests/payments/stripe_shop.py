"""A project that sells by Stripe, and the Stripe of the sandbox, over real HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalogue.library import Payments, Project, StripeKeys
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Ask, Event, EventRefused, Fact, Incoming, Started
from app.payments.providers.stripe import StripeProvider
from app.sandbox.stripe import create_app
from app.sandbox.stripe.state import Account, Desk
from tests.conftest import serve
from tests.telegram.conftest import project_of

KEY, WEBHOOK_SECRET = "sk_test_SANDBOXluna", "whsec_SANDBOXluna"
RETURN_URL = "https://tarot.example.com/luna/back"


def stripe_project(slug: str = "luna", *, key: str = KEY, secret: str = WEBHOOK_SECRET) -> Project:
    keys = StripeKeys(SecretStr(key), SecretStr(secret))
    return replace(project_of(1, slug, 700_000_001), payments=Payments(stripe=keys))


@dataclass
class Shop:
    """`inbox` are the webhooks that came; `refusing` answers them with 500."""

    provider: StripeProvider
    project: Project
    desk: Desk
    http: httpx.AsyncClient
    url: str
    account: Account
    inbox: list[Incoming] = field(default_factory=list)
    refusing: int = 0

    def ask(self, **changes: Any) -> Ask:
        values: dict[str, Any] = {
            "id": new_id(),
            "project": self.project,
            "order_id": new_id(),
            "telegram_id": 77,
            "language": "ru",
            "title": "Десять раскладов",
            "description": "Пакет раскладов",
            "amount": 49900,
            "currency": "RUB",
            "place": "web",
            "return_url": RETURN_URL,
            "expires_at": utc_now() + timedelta(hours=1),
        }
        return Ask(**{**values, **changes})

    async def order(self, what: str, **body: Any) -> Any:
        answer = await self.http.post(f"{self.url}/sandbox/{what}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def pay(self, started: Started, card: str | None = None) -> dict[str, Any]:
        paid: dict[str, Any] = await self.order("pay", session=started.reference, **({"card": card} if card else {}))
        return paid

    async def sold(self, **changes: Any) -> tuple[Ask, Started, list[Fact]]:
        """A payment from start to the facts that its own look tells."""
        ask = self.ask(**changes)
        started = await self.provider.start(ask)
        assert (await self.pay(started))["outcome"] == "paid"
        facts = await self.provider.look(self.project, reference=started.reference, payment_id=ask.id)
        return ask, started, list(facts)

    async def facts(self, *kinds: str) -> list[Fact]:
        """What the webhooks that have come since mean, in order; `kinds` keeps those events only."""
        found: list[Fact] = []
        for event in await self.events():
            if not kinds or event.kind in kinds:
                found += await self.provider.understand(self.project, event)
        return found

    async def events(self) -> list[Event]:
        await self.settled()
        incoming, self.inbox = self.inbox, []
        return [event for row in incoming for event in await self.provider.receive(self.project, row)]

    async def settled(self) -> None:
        """All webhooks that are on their way have come."""
        await self.desk.delivery.idle()


@asynccontextmanager
async def open_shop(project: Project | None = None) -> AsyncIterator[Shop]:
    project = project or stripe_project()
    app = create_app(resend_seconds=0.02)
    desk: Desk = app.state.desk
    holder: list[Shop] = []

    async def hook(request: Request) -> Response:
        shop = holder[0]
        if shop.refusing:
            shop.refusing -= 1
            return Response(status_code=500)
        shop.inbox.append(Incoming(await request.body(), lower(request.headers), "127.0.0.1"))
        return Response(status_code=200)

    app.routes.insert(0, Route("/hook", hook, methods=["POST"]))
    async with serve(app) as url, httpx.AsyncClient() as http:
        keys = project.payments.stripe
        assert keys is not None
        account = desk.add_account(
            secret_key=keys.secret_key.get_secret_value(),
            webhook_secret=keys.webhook_secret.get_secret_value(),
            webhook_url=f"{url}/hook",
        )
        provider = StripeProvider(http, api_url=url)
        shop = Shop(provider, project, desk, http, url, account)
        holder.append(shop)
        yield shop


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def refused(shop: Shop, incoming: Incoming, *, project: Project | None = None) -> str:
    """The reason for which a webhook is not believed."""
    try:
        await shop.provider.receive(project or shop.project, incoming)
    except EventRefused as refusal:
        return str(refusal.facts["reason"])
    raise AssertionError("it was believed")
