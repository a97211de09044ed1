"""Telegram Stars (https://core.telegram.org/bots/payments-stars): invoices of the project's own bot.

What happens is told to the bot, see `app.payments.telegram.money`; here Telegram is asked. The payload of an invoice is
the payment's id, and the name of an agreement is the charge that began it.
"""

from collections.abc import AsyncIterator, Sequence, Set
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import httpx

from app.catalogue.library import Bot, Project
from app.kit.clip import clip
from app.kit.clock import utc_now
from app.kit.ids import made_at
from app.kit.money import STARS
from app.kit.telemetry import get_logger
from app.payments.port import (
    Ask,
    Fact,
    Limits,
    Photo,
    Provider,
    ProviderAway,
    ProviderRefused,
    RefundOutcome,
    Started,
    Transaction,
)
from app.payments.providers.stars_books import StarBooks, payload_id
from app.payments.providers.stars_calls import BotApi, Refused
from app.settings import Settings

log = get_logger("app.payments.stars")

NAME: Final = "stars"
# https://core.telegram.org/bots/api#createinvoicelink
TITLE, DESCRIPTION = 32, 255
SUBSCRIPTION_SECONDS: Final = 2_592_000
SUBSCRIPTION_STARS: Final = 10_000
# As the catalogue's own limit of a price in Stars.
MOST_STARS: Final = 100_000
ALREADY_REFUNDED = "CHARGE_ALREADY_REFUNDED"
# Telegram's clock and ours are not one.
SKEW = timedelta(minutes=5)


class StarsProvider(Provider):
    name = NAME
    renewal: Literal["provider", "ours", "none"] = "provider"
    refunds_in_parts = False
    resumes_at_once = False

    def __init__(self, settings: Settings, http: httpx.AsyncClient) -> None:
        self._api = BotApi(settings, http)
        self._books = StarBooks(self._api)

    def account(self, project: Project) -> str | None:
        """The bot's id: Stars belong to the bot that took them."""
        return str(project.bot.id) if project.bot is not None else None

    def price(self, project: Project, *, stars: int | None, money: tuple[int, str] | None) -> tuple[int, str] | None:
        return (stars, STARS) if stars else None

    def limits(self, currency: str) -> Limits:
        return Limits(maximum=MOST_STARS)

    def renews(self, *, period: str | None, amount: int) -> bool:
        """By the month alone, and up to a limit; everything else is paid once."""
        return period == "month" and amount <= SUBSCRIPTION_STARS

    async def start(self, ask: Ask) -> Started:
        body: dict[str, object] = {
            **invoice(ask.title, ask.description),
            "payload": str(ask.id),
            "currency": STARS,
            "provider_token": "",
            "prices": [{"label": clip(ask.title, TITLE), "amount": ask.amount}],
        }
        if ask.renews and self.renews(period=ask.period, amount=ask.amount):
            body["subscription_period"] = SUBSCRIPTION_SECONDS
        link = await self._link(_bot(ask.project), body, ask.photo)
        if not isinstance(link, str):
            raise ProviderAway
        return Started(str(ask.id), link, "invoice")

    async def _link(self, bot: Bot, body: dict[str, object], photo: Photo | None) -> object:
        """A photo that Telegram does not take costs the photo, not the sale."""
        if photo is not None:
            try:
                return await self._api.call(bot, "createInvoiceLink", {**body, **illustrated(photo)})
            except Refused as error:
                # Which words it has for photos is written down nowhere; whatever else is wrong is refused again.
                log.warning("an invoice goes without its photo", bot_id=bot.id, reason=error.reason[:200])
        return await self._api.call(bot, "createInvoiceLink", body)

    async def look(self, project: Project, *, reference: str, payment_id: UUID) -> Sequence[Fact]:
        made = made_at(payment_id)
        since = (made or utc_now() - timedelta(days=2)) - SKEW
        facts: list[Fact] = []
        charges: set[str] = set()
        async for line in self._books.lines(_bot(project), since=since):
            for fact in line.facts:
                # A refund names its charge alone, and comes after it.
                if getattr(fact, "payment_id", None) == payment_id or line.charge in charges:
                    charges.add(line.charge)
                    facts.append(fact)
        return facts

    async def refund(
        self, project: Project, *, charge: str, amount: int, currency: str, refund_id: UUID, telegram_id: int | None
    ) -> RefundOutcome:
        """All of the charge, to the account that paid. The charge is the refund's name as well: there is but one."""
        if telegram_id is None:
            raise ProviderRefused("nobody is known to whom these Stars could go back")
        body = {"user_id": telegram_id, "telegram_payment_charge_id": charge}
        try:
            await self._api.call(_bot(project), "refundStarPayment", body)
        except Refused as error:
            if ALREADY_REFUNDED not in error.reason:
                raise
        return RefundOutcome(charge, "succeeded")

    async def transactions(
        self, project: Project, *, since: datetime, settled: Set[str] = frozenset()
    ) -> AsyncIterator[Transaction]:
        async for line in self._books.lines(_bot(project), since=since.astimezone(UTC)):
            yield line

    async def cancel(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        await self._edit(project, subscription, telegram_id, is_canceled=True)

    async def resume(self, project: Project, *, subscription: str, telegram_id: int | None) -> None:
        """Takes the bot's own cancellation back. Telegram then lets the person go on, in his settings, and says so
        by the update `subscription`."""
        await self._edit(project, subscription, telegram_id, is_canceled=False)

    async def _edit(self, project: Project, charge: str, telegram_id: int | None, *, is_canceled: bool) -> None:
        """https://core.telegram.org/bots/api#edituserstarsubscription"""
        if telegram_id is None:
            raise ProviderRefused("nobody is known whose subscription this could be")
        body = {"user_id": telegram_id, "telegram_payment_charge_id": charge, "is_canceled": is_canceled}
        await self._api.call(_bot(project), "editUserStarSubscription", body)


def invoice(title: str, description: str) -> dict[str, str]:
    """Title and description as an invoice takes them: neither may be empty."""
    named = clip(" ".join(title.split()) or STARS, TITLE)
    return {"title": named, "description": clip(" ".join(description.split()) or named, DESCRIPTION)}


def illustrated(photo: Photo) -> dict[str, Any]:
    """The photo as `createInvoiceLink` and `sendInvoice` take it."""
    return {"photo_url": photo.url, "photo_width": photo.width, "photo_height": photo.height}


def _bot(project: Project) -> Bot:
    """Raises `ProviderRefused` for a project that has none (any more)."""
    if project.bot is None:
        raise ProviderRefused("the project has no bot")
    return project.bot


__all__ = ["NAME", "StarsProvider", "illustrated", "invoice", "payload_id"]
