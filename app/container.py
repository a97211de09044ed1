"""What one process holds: settings, connections and the services that keep state. Built once, closed once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, cast

import httpx
from fastapi import Request
from redis.asyncio import Redis

from app.broadcasts import erasure as broadcasts
from app.catalogue.service import Catalogue
from app.crm import alarms, contacts, drafts_repository
from app.crm import erasure as crm_erasure
from app.crm.cards import store as cards
from app.kit import idempotency
from app.kit import redis as redis_kit
from app.kit.crypto import Keyring, load_secret
from app.kit.database import Database
from app.kit.ratelimit import RateLimits
from app.leads import service as leads
from app.notifications import repository as notifications
from app.payments import erasure as payments
from app.payments import providers
from app.payments.gifts.service import GiftService
from app.payments.parts import Parts
from app.payments.service import PaymentService
from app.payments.subscriptions.service import SubscriptionService
from app.readings import daily
from app.readings import service as readings_service
from app.readings.copies import DeckCopies
from app.readings.service import ReadingService
from app.readings.transcripts import Listener
from app.settings import Settings
from app.telegram import erasure
from app.telegram.checkout import Checkout
from app.telegram.directory import WebhookDirectory
from app.telegram.inbox import Inbox
from app.users import login_codes, referrals
from app.users.service import UserService
from app.users.sessions import SessionService
from app.users.tokens import Tokens


@dataclass(slots=True, kw_only=True)
class Container:
    """What the API needs; the worker's container adds the parts that write and send."""

    settings: Settings
    secret: str
    keyring: Keyring
    database: Database
    redis: Redis
    http: httpx.AsyncClient
    catalogue: Catalogue
    limits: RateLimits
    tokens: Tokens
    sessions: SessionService
    users: UserService
    readings: ReadingService
    listener: Listener
    webhooks: WebhookDirectory
    inbox: Inbox
    checkout: Checkout
    payments: PaymentService
    subscriptions: SubscriptionService
    gifts: GiftService

    def parts(self) -> dict[str, Any]:
        """Its fields by name, as handlers of the bots ask for them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def container(request: Request) -> Container:
    """The container of the process that answers this request."""
    return cast(Container, request.app.state.container)


def load_keyring(settings: Settings) -> Keyring:
    return Keyring.load(settings.data_dir / "keyring.json")


def installation_secret(settings: Settings) -> str:
    """The configured secret, or the one of the data folder."""
    return settings.secret_key.get_secret_value() or load_secret(settings.data_dir / "secret")


@asynccontextmanager
async def open_container(settings: Settings) -> AsyncIterator[Container]:
    """Builds everything, also while Postgres or Redis are away: what needs them says so when it is asked."""
    secret = installation_secret(settings)
    keyring = load_keyring(settings)
    database = Database(settings.database_url, pool_size=settings.database_pool_size)
    redis = redis_kit.connect(settings.redis_url)
    http = httpx.AsyncClient(timeout=httpx.Timeout(10.0, connect=5.0), follow_redirects=False)
    tokens = Tokens(secret, access_seconds=settings.access_token_seconds)
    sessions = SessionService(tokens, secret, refresh_lifetime=timedelta(days=settings.refresh_token_days))
    catalogue = Catalogue(settings=settings, secret=secret, keyring=keyring, database=database, redis=redis, http=http)
    limits = RateLimits(redis)
    subscriptions = SubscriptionService(keyring=keyring)
    gifts = GiftService(secret, subscriptions=subscriptions)
    payment_service = PaymentService(
        settings=settings,
        registry=providers.build(settings=settings, http=http),
        sessions=sessions,
        parts=Parts(subscriptions, gifts),
    )
    await database.open()
    try:
        yield Container(
            settings=settings,
            secret=secret,
            keyring=keyring,
            database=database,
            redis=redis,
            http=http,
            catalogue=catalogue,
            limits=limits,
            tokens=tokens,
            sessions=sessions,
            users=UserService(
                sessions,
                erasers=(
                    readings_service.erase,
                    idempotency.erase,
                    leads.erase,
                    # Before the cards, which know where it was told.
                    alarms.erase,
                    cards.erase,
                    contacts.erase,
                    drafts_repository.erase,
                    subscriptions.erase,
                    payments.erase,
                    notifications.erase,
                    daily.erase,
                    referrals.erase,
                    login_codes.erase,
                    broadcasts.erase,
                    crm_erasure.erase,
                    erasure.erase,
                ),
            ),
            readings=ReadingService(DeckCopies(), draw_lifetime=timedelta(hours=settings.draw_expires_hours)),
            listener=Listener(redis),
            webhooks=WebhookDirectory(secret=secret, catalogue=catalogue),
            inbox=Inbox(database, transport="webhook"),
            checkout=Checkout(settings=settings, database=database, http=http, decide=payment_service.decide),
            payments=payment_service,
            subscriptions=subscriptions,
            gifts=gifts,
        )
    finally:
        await limits.close()
        await http.aclose()
        await redis.aclose()
        await database.close()
