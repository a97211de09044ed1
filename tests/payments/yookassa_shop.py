"""A project that sells by YooKassa, and the YooKassa of the sandbox, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalogue.library import Payments, Project, YooKassaKeys
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Ask, Event, EventRefused, Fact, Incoming, Started
from app.payments.providers.yookassa import YooKassaProvider
from app.sandbox.yookassa import create_app
from app.sandbox.yookassa.state import Desk
from app.sandbox.yookassa.state import Shop as SandboxShop
from tests.conftest import serve
from tests.telegram.conftest import project_of

SHOP_ID, KEY = "100500", "test_SANDBOXluna"
RETURN_URL = "https://tarot.example.com/luna/back"
THEIRS = "185.71.76.5"


def yookassa_project(slug: str = "luna", *, shop_id: str = SHOP_ID, key: str = KEY, **more: Any) -> Project:
    keys = YooKassaKeys(shop_id=shop_id, secret_key=SecretStr(key), **more)
    return replace(project_of(1, slug, 700_000_001), payments=Payments(yookassa=keys))


@dataclass
class Shop:
    """`inbox` are the webhooks that came; `refusing` of them are answered with 500."""

    provider: YooKassaProvider
    project: Project
    desk: Desk
    http: httpx.AsyncClient
    url: str
    account: SandboxShop
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

    async def pay(self, started: Started, card: str | None = None) -> str:
        paid = await self.order("pay", payment=started.reference, **({"card": card} if card else {}))
        outcome: str = paid["outcome"]
        return outcome

    async def sold(self, **changes: Any) -> tuple[Ask, Started, list[Fact]]:
        """A payment from start to the facts that its own look tells."""
        ask = self.ask(**changes)
        started = await self.provider.start(ask)
        assert await self.pay(started) == "paid"
        facts = await self.provider.look(ask.project, reference=started.reference, payment_id=ask.id)
        return ask, started, list(facts)

    async def events(self) -> list[Event]:
        """Those that have come since, in order."""
        await self.desk.delivery.idle()
        incoming, self.inbox = self.inbox, []
        return [event for row in incoming for event in await self.provider.receive(self.project, row)]

    async def facts(self) -> list[Fact]:
        """What the webhooks that have come since mean, in order."""
        events = await self.events()
        return [fact for event in events for fact in await self.provider.understand(self.project, event)]


@asynccontextmanager
async def open_shop(project: Project | None = None, **options: Any) -> AsyncIterator[Shop]:
    project = project or yookassa_project()
    app = create_app(resend_seconds=0.02)
    desk: Desk = app.state.desk
    holder: list[Shop] = []

    async def hook(request: Request) -> Response:
        shop = holder[0]
        if shop.refusing:
            shop.refusing -= 1
            return Response(status_code=500)
        headers = {name.lower(): value for name, value in request.headers.items()}
        shop.inbox.append(Incoming(await request.body(), headers, "127.0.0.1"))
        return Response(status_code=200)

    app.routes.insert(0, Route("/hook", hook, methods=["POST"]))
    async with serve(app) as url, httpx.AsyncClient() as http:
        keys = project.payments.yookassa
        assert keys is not None
        account = desk.add_shop(
            shop_id=keys.shop_id,
            secret_key=keys.secret_key.get_secret_value(),
            webhook_url=f"{url}/hook",
            **options,
        )
        provider = YooKassaProvider(http, api_url=f"{url}/v3", loopback=True)
        shop = Shop(provider, project, desk, http, url, account)
        holder.append(shop)
        yield shop


async def refused(provider: YooKassaProvider, project: Project, incoming: Incoming) -> str:
    """The reason for which a webhook is not believed."""
    try:
        await provider.receive(project, incoming)
    except EventRefused as refusal:
        return str(refusal.facts["reason"])
    raise AssertionError("it was believed")
