"""The API process: the application, its edges and its lifespan."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Scope

from app import miniapp, operations
from app.admin import exports as admin_exports
from app.admin import money as admin_money
from app.admin import orders as admin_orders
from app.alerts.runtime import alerting
from app.broadcasts import endpoints as broadcasts
from app.catalogue import endpoints as catalogue
from app.catalogue.edge import CatalogueEdge
from app.container import Container, open_container
from app.kit.http import Envelope, allowed_methods, client_address, install_error_handlers
from app.kit.process import settle_memory
from app.kit.telemetry import configure_logging
from app.leads import endpoints as leads
from app.notifications import endpoints as notifications
from app.payments import endpoints as payments
from app.payments.books import endpoints as books
from app.payments.events import webhooks as payment_webhooks
from app.payments.gifts import endpoints as gifts_endpoints
from app.payments.subscriptions import endpoints as subscriptions_endpoints
from app.readings import endpoints as readings
from app.readings import stream_endpoints
from app.settings import Settings
from app.telegram import endpoints as telegram
from app.users import development
from app.users import endpoints as users
from app.woocommerce import endpoints as woocommerce

DESCRIPTION = "Readings of tarot for Telegram Mini Apps: catalogue, sign-in, wallet, readings, interpretations."


def build_api(settings: Settings) -> FastAPI:
    """The documented application without the edges around it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_container(settings) as services, alerting(services, "api"):
            app.state.container = services
            await services.catalogue.start()
            listening = asyncio.create_task(services.listener.run())
            settle_memory()
            try:
                yield
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
                await services.listener.close()
                await services.catalogue.stop()

    app = FastAPI(
        title="Arcana",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        # /x and /x/ are different addresses; a redirect would lose the Authorization header on some clients.
        redirect_slashes=False,
    )
    # In the order of use: routes are tried one after the other, at 3 µs each. The edge answers the catalogue.
    # Added flat: an included router is looked through by a slower way of its own, for prefixes that ours have already.
    routers = [
        users.router,
        readings.router,
        stream_endpoints.router,
        catalogue.router,
        notifications.router,
        payments.router,
        payment_webhooks.router,
        subscriptions_endpoints.router,
        gifts_endpoints.router,
        telegram.router,
        leads.router,
        broadcasts.router,
        admin_orders.router,
        admin_money.router,
        admin_exports.router,
        woocommerce.router,
        books.router,
        operations.router,
    ]
    if settings.demo:
        routers.append(development.router)
    for router in routers:
        app.router.routes.extend(router.routes)
    install_error_handlers(app, allow=allowed_methods(routers))
    miniapp.mount(app, settings)
    return app


def wrap_api(api: FastAPI, settings: Settings) -> ASGIApp:
    """The edges around the documented application: the warm catalogue in front, then what all answers share."""

    async def admit(scope: Scope) -> None:
        if scope["path"].startswith("/api/"):
            services: Container = api.state.container
            services.limits.check("address", client_address(scope), per_minute=settings.rate_limit_address_per_minute)

    app: ASGIApp = api
    if settings.cors_origins:
        app = CORSMiddleware(
            app,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PATCH", "DELETE"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "Idempotency-Key",
                "Last-Event-ID",
                "If-None-Match",
            ],
            expose_headers=["ETag", "X-Request-ID", "Retry-After"],
            max_age=600,
        )
    return CatalogueEdge(Envelope(app, admit=admit), api)


def create_app(settings: Settings | None = None) -> ASGIApp:
    """The whole ASGI application, as uvicorn runs it (`uvicorn app.main:create_app --factory`)."""
    settings = settings or Settings()
    configure_logging(level=settings.log_level, style=settings.log_format)
    return wrap_api(build_api(settings), settings)
