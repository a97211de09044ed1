"""A project that sells by Stripe, and the Stripe of the sandbox, over real HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
from pydantic import SecretStr

from app.catalogue.library import Payments, Project, StripeKeys
from app.payments.port import Ask, Fact, Incoming, Started
from app.payments.providers.stripe import StripeProvider
from app.sandbox.stripe import create_app
from app.sandbox.stripe.state import Account, Desk
from tests.conftest import serve
from tests.payments.provider_shop import ProviderShop, disbelieved, take_webhooks
from tests.telegram.conftest import project_of

KEY, WEBHOOK_SECRET = "sk_test_SANDBOXluna", "whsec_SANDBOXluna"


def stripe_project(slug: str = "luna", *, key: str = KEY, secret: str = WEBHOOK_SECRET) -> Project:
    keys = StripeKeys(SecretStr(key), SecretStr(secret))
    return replace(project_of(1, slug, 700_000_001), payments=Payments(stripe=keys))


class Shop(ProviderShop[StripeProvider, Desk, Account]):
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


@asynccontextmanager
async def open_shop(project: Project | None = None) -> AsyncIterator[Shop]:
    project = project or stripe_project()
    app = create_app(resend_seconds=0.02)
    desk: Desk = app.state.desk
    holder: list[Shop] = []

    take_webhooks(app, holder)
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


async def refused(shop: Shop, incoming: Incoming, *, project: Project | None = None) -> str:
    """The reason for which a webhook is not believed."""
    return await disbelieved(shop.provider, project or shop.project, incoming)
