"""A project that sells by YooKassa, and the YooKassa of the sandbox, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from pydantic import SecretStr

from app.catalogue.library import Payments, Project, YooKassaKeys
from app.payments.port import Ask, Fact, Started
from app.payments.providers.yookassa import YooKassaProvider
from app.sandbox.yookassa import create_app
from app.sandbox.yookassa.state import Desk
from app.sandbox.yookassa.state import Shop as SandboxShop
from tests.conftest import serve
from tests.payments.provider_shop import ProviderShop, take_webhooks
from tests.telegram.conftest import project_of

SHOP_ID, KEY = "100500", "test_SANDBOXluna"
THEIRS = "185.71.76.5"


def yookassa_project(slug: str = "luna", *, shop_id: str = SHOP_ID, key: str = KEY, **more: Any) -> Project:
    keys = YooKassaKeys(shop_id=shop_id, secret_key=SecretStr(key), **more)
    return replace(project_of(1, slug, 700_000_001), payments=Payments(yookassa=keys))


class Shop(ProviderShop[YooKassaProvider, Desk, SandboxShop]):
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

    take_webhooks(app, holder)
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
