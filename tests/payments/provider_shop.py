"""What shops of tests have in common, whoever takes their money: what is asked for, and the webhooks that come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, Protocol, TypeVar

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalogue.library import Project
from app.kit.clock import utc_now
from app.kit.ids import new_id
from app.payments.port import Ask, Event, EventRefused, Incoming, Provider

RETURN_URL = "https://tarot.example.com/luna/back"


class _Delivery(Protocol):
    async def idle(self) -> None: ...


class _Desk(Protocol):
    @property
    def delivery(self) -> _Delivery: ...


ProviderT = TypeVar("ProviderT", bound=Provider)
DeskT = TypeVar("DeskT", bound=_Desk)
AccountT = TypeVar("AccountT")


@dataclass
class ProviderShop(Generic[ProviderT, DeskT, AccountT]):
    """`inbox` are the webhooks that came; `refusing` of them are answered with 500."""

    provider: ProviderT
    project: Project
    desk: DeskT
    http: httpx.AsyncClient
    url: str
    account: AccountT
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

    async def events(self) -> list[Event]:
        """Those that have come since, in order."""
        await self.settled()
        incoming, self.inbox = self.inbox, []
        return [event for row in incoming for event in await self.provider.receive(self.project, row)]

    async def settled(self) -> None:
        """All webhooks that are on their way have come."""
        await self.desk.delivery.idle()


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def take_webhooks(app: FastAPI, holder: list[Any]) -> None:
    """Lets the sandbox deliver to itself, at `/hook`, into the inbox of the shop that `holder` will hold."""

    async def hook(request: Request) -> Response:
        shop: ProviderShop[Any, Any, Any] = holder[0]
        if shop.refusing:
            shop.refusing -= 1
            return Response(status_code=500)
        shop.inbox.append(Incoming(await request.body(), lower(request.headers), "127.0.0.1"))
        return Response(status_code=200)

    app.routes.insert(0, Route("/hook", hook, methods=["POST"]))


async def disbelieved(provider: Provider, project: Project, incoming: Incoming) -> str:
    """The reason for which a webhook is not believed."""
    try:
        await provider.receive(project, incoming)
    except EventRefused as refusal:
        return str(refusal.facts["reason"])
    raise AssertionError("it was believed")
